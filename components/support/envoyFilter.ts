import { EnvoyFilter, type IEnvoyFilter } from "@kubernetes-models/istio/networking.istio.io/v1alpha3";

type Spec = NonNullable<IEnvoyFilter["spec"]>;
export type Patch = NonNullable<Spec["configPatches"]>[number];

/** A part of Envoy's configuration by its type, without what all types have in common. */
export const extension = (name: string) => ({ "@type": `type.googleapis.com/envoy.extensions.${name}` });

const connectionManager = { name: "envoy.filters.network.http_connection_manager" };

/** Whose settings a patch is of. @default all of a gateway's proxies' */
export interface Where {
  readonly context?: "ANY" | "GATEWAY";
  /** The proxies' own port. @default all of them */
  readonly portNumber?: number;
}

/** Settings of the listeners' HTTP itself. */
export function ofConnections(config: object, { context = "GATEWAY", portNumber }: Where = {}): Patch {
  const value = {
    typed_config: { ...extension("filters.network.http_connection_manager.v3.HttpConnectionManager"), ...config },
  };
  const listener = { ...(portNumber !== undefined && { portNumber }), filterChain: { filter: connectionManager } };
  return { applyTo: "NETWORK_FILTER", match: { context, listener }, patch: { operation: "MERGE", value } };
}

/** A filter of requests in front of all that are there so far. */
export function inFront(name: string, typed_config: object): Patch {
  return {
    applyTo: "HTTP_FILTER",
    match: { context: "GATEWAY", listener: { filterChain: { filter: connectionManager } } },
    patch: { operation: "INSERT_FIRST", value: { name, typed_config } },
  };
}

/** A filter of requests after all others, of Istio's too. */
export function atEnd(name: string, typed_config: object): Patch {
  const filter = { ...connectionManager, subFilter: { name: "envoy.filters.http.router" } };
  return {
    applyTo: "HTTP_FILTER",
    match: { context: "GATEWAY", listener: { filterChain: { filter } } },
    patch: { operation: "INSERT_BEFORE", value: { name, typed_config } },
  };
}

/**
 * Patches of proxies, in their order.
 *
 * @param selector - labels of the proxies' pods. @default all of the namespace's; of `istio-system`'s, all there are
 */
export function envoyFilter(
  metadata: { readonly name: string; readonly namespace: string },
  configPatches: Patch[],
  selector?: Readonly<Record<string, string>>,
): EnvoyFilter {
  return new EnvoyFilter({
    // What it is warned of for every such object: that it follows Envoy's own API, which Istio's upgrades may bring in another version.
    metadata: { ...metadata, annotations: { "galley.istio.io/analyze-suppress": "IST0133" } },
    // With a priority they are applied after whatever else comes to be there.
    spec: { ...(selector && { workloadSelector: { labels: { ...selector } } }), priority: 10, configPatches },
  });
}
