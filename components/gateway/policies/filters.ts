import { EnvoyFilter, type IEnvoyFilter } from "@kubernetes-models/istio/networking.istio.io/v1alpha3";
import type { Place } from "./access.ts";

export type Patch = NonNullable<NonNullable<IEnvoyFilter["spec"]>["configPatches"]>[number];

/** A part of Envoy's configuration by its type, without what all types have in common. */
export const extension = (name: string) => ({ "@type": `type.googleapis.com/envoy.extensions.${name}` });

const connectionManager = { name: "envoy.filters.network.http_connection_manager" };

/**
 * Settings of the listeners' HTTP itself.
 *
 * @param portNumber - of the proxies' own port. @default all of them
 */
export function ofConnections(config: object, portNumber?: number): Patch {
  const value = {
    typed_config: { ...extension("filters.network.http_connection_manager.v3.HttpConnectionManager"), ...config },
  };
  return {
    applyTo: "NETWORK_FILTER",
    match: {
      context: "GATEWAY",
      listener: { ...(portNumber !== undefined && { portNumber }), filterChain: { filter: connectionManager } },
    },
    patch: { operation: "MERGE", value },
  };
}

/** A filter of requests in front of all that are there so far. */
export function inFront(name: string, typed_config: object): Patch {
  return {
    applyTo: "HTTP_FILTER",
    match: { context: "GATEWAY", listener: { filterChain: { filter: connectionManager } } },
    patch: { operation: "INSERT_FIRST", value: { name, typed_config } },
  };
}

/** In which order filters come to be in front: the last one is first. */
const order = ["gateway-tokens", "gateway-cors", "gateway-headers"] as const;

/** Patches of the gateway's proxies, in the order of their names. */
export function gatewayFilter(name: (typeof order)[number], configPatches: Patch[], { namespace, selector }: Place): EnvoyFilter {
  return new EnvoyFilter({
    // What it is warned of for every such object: that it follows Envoy's own API, which Istio's upgrades may bring in another version.
    metadata: { name, namespace, annotations: { "galley.istio.io/analyze-suppress": "IST0133" } },
    spec: { workloadSelector: { labels: { ...selector } }, priority: 10 + order.indexOf(name), configPatches },
  });
}
