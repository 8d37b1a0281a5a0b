import { GatewayNetwork } from "../../security/GatewayNetwork.ts";
import type { Gateway, GatewayContext, InstalledGateway } from "../gateway.ts";
import { serviceAnnotations } from "./annotations.ts";
import { kongFacts } from "./facts.ts";
import { Kong } from "./Kong.ts";
import { KongRoutes } from "./KongRoutes.ts";

/** Kong, and what lets requests in through it once the applications are there. */
export const kong: Gateway = { install, serviceAnnotations };

function install(context: GatewayContext): InstalledGateway {
  const { charts, images, exposure, injection, podAnnotations, certificates, graph, routes, surroundings, settings } = context;
  const { inCluster, inMesh } = context;
  const { replicas = context.replicas, ...plugins } = settings.kong;
  const { tls, edge } = settings;
  const args = { chart: charts.kong, images, exposure, injection, podAnnotations, replicas, routes, tls };
  const installed = new Kong("kong", { ...args, ...plugins, stripHeaders: edge.stripHeaders }, inMesh);
  const { namespace } = installed;
  const behind = { ...inCluster, dependsOn: installed };
  const dials = portsOf(plugins.log?.url);
  new GatewayNetwork("kong-network", { graph, facts: kongFacts, dials, surroundings }, behind);
  const certificate = certificates.issue("kong", namespace, behind);
  return {
    ...installed.reached,
    attach(backends) {
      const after = { ...inCluster, dependsOn: [installed, ...certificate] };
      const served = { ...tls, secretName: certificates.secretName };
      return new KongRoutes("kong-routes", { namespace, routes, tls: served, backends }, after).keys;
    },
  };
}

/** The number of the port that Kong sends its logs to. */
function portsOf(url: string | undefined): number[] {
  if (url === undefined) return [];
  const { port, protocol } = new URL(url);
  return [Number(port || (protocol === "http:" ? 80 : 443))];
}
