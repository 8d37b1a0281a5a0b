import { GatewayNetwork } from "../../security/GatewayNetwork.ts";
import { type Egress, type Surroundings, toNamespace, toOutside } from "../../security/network.ts";
import type { Gateway, GatewayContext, InstalledGateway } from "../gateway.ts";
import { serviceAnnotations } from "./annotations.ts";
import { kongFacts } from "./facts.ts";
import { Kong } from "./Kong.ts";
import { KongRoutes } from "./KongRoutes.ts";
import { collectorOf } from "./scope.ts";

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
  const reached = toCollector(plugins.log?.url, surroundings);
  new GatewayNetwork("kong-network", { graph, facts: kongFacts, reached, surroundings }, behind);
  const certificate = certificates.issue("kong", namespace, behind);
  return {
    ...installed.reached,
    attach(backends) {
      const after = { ...inCluster, dependsOn: [installed, ...certificate] };
      const served = { ...tls, secretName: certificates.secretName, httpsPort: exposure.ports.https };
      return new KongRoutes("kong-routes", { namespace, routes, tls: served, backends }, after).keys;
    },
  };
}

/** Out to where Kong sends its log. */
function toCollector(url: string | undefined, surroundings: Surroundings): readonly Egress[] {
  const collector = collectorOf(url);
  if (!collector) return [];
  const { inside, address, port } = collector;
  if (inside) return [toNamespace(inside.namespace)];
  const bits = address?.includes(":") ? 128 : 32;
  return toOutside([{ target: port, ...(address !== undefined && { addresses: [`${address}/${bits}`] }) }], surroundings);
}
