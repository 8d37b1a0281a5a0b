import type { GatewayFacts } from "../../../model/gateway.ts";
import { mostRetriedBytesOf } from "../../../model/gatewayBounds.ts";

/** The chart names the account and the Service after it. */
export const release = "istio-ingressgateway";

/** The proxies' own ports, behind those of their Service. */
export const proxyPorts = { http: 8080, https: 8443 } as const;

export const istioFacts: GatewayFacts = {
  name: "istio",
  title: "Istio's gateway",
  account: { namespace: "istio-ingress", name: release },
  // HTTP, HTTPS, and the health that load balancers ask for.
  ports: { listeners: [proxyPorts.http, proxyPorts.https, 15021], metrics: [], dials: [] },
  webhooks: [],
  showsAddresses: true,
  supports: { rateLimit: true, jwt: true, cors: true, maxBodyBytes: true, addresses: true, apiKeys: false, bots: false },
  unsupported: ({ rateLimit }) =>
    rateLimit?.by === "consumer" ? [{ option: ["rateLimit", "by"], allowed: "everyone, address" }] : [],
  retriedBytes({ istioGateway }) {
    const most = mostRetriedBytesOf(istioGateway);
    const why = `a larger one has to fit into mesh:istioGateway.memory for each of its maxConnections, for which ${most} are left`;
    return { most, why };
  },
};
