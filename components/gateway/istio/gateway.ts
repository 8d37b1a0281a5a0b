import { defaultRetriedBytes } from "../../../model/resilience.ts";
import { GatewayNetwork } from "../../security/GatewayNetwork.ts";
import type { Gateway, GatewayContext, InstalledGateway } from "../gateway.ts";
import { istioFacts } from "./facts.ts";
import { IstioGateway } from "./IstioGateway.ts";
import { IstioPolicies } from "./IstioPolicies.ts";
import { IstioRoutes } from "./IstioRoutes.ts";

/** Istio's gateway, and what lets requests in through it. */
export const istio: Gateway = { install };

function install(context: GatewayContext): InstalledGateway {
  const { charts, exposure, injection, podAnnotations, replicas, proxyCpu, certificates, graph, routes, surroundings, settings } =
    context;
  const { inCluster, inMesh } = context;
  const { tls, edge, istioGateway: bounds } = settings;
  const { stripHeaders, trustedProxies } = edge;
  // One proxy, and one bound: that of the service which has the largest.
  const retriedBytes = Math.max(defaultRetriedBytes, ...routes.map((route) => route.retriedBytes ?? 0));
  const args = {
    chart: charts.gateway,
    exposure,
    injection,
    podAnnotations,
    replicas,
    proxyCpu,
    tls,
    certificates,
    bounds,
    retriedBytes,
    routedHosts: routes.flatMap(({ gateways, hosts = [] }) => (gateways.includes(istioFacts.name) ? hosts : [])),
  };
  const ingress = new IstioGateway("ingress", { ...args, trustedProxies: trustedProxies !== undefined }, inMesh);
  const { namespace, selector, reference, behindProxies } = ingress;
  new GatewayNetwork("istio-network", { graph, facts: istioFacts, surroundings }, { ...inCluster, dependsOn: ingress });
  // Whatever holds the proxies up, their policies are put right. Their namespace waits for the mesh.
  const placed = { ...inCluster, dependsOn: ingress.place };
  const policies = new IstioPolicies("policies", { namespace, selector, routes, tls, stripHeaders, trustedProxies }, placed);
  // No path is open before its policies are there. One opens when the service's own rules are, which the table names, and one that is
  // taken away closes whatever the applications wait for.
  const after = { ...inCluster, dependsOn: [ingress, policies] };
  return {
    ...ingress.reached,
    attach() {
      const table = { gateway: reference, behindProxies, namespace, tls, httpsPort: exposure.ports.https, routes };
      new IstioRoutes("routes", table, after);
      return {};
    },
  };
}
