import { EnvoyFilter, type IEnvoyFilter } from "@kubernetes-models/istio/networking.istio.io/v1alpha3";

type Spec = NonNullable<IEnvoyFilter["spec"]>;
export type Patch = NonNullable<Spec["configPatches"]>[number];

/** A part of Envoy's configuration by its type, without what all types have in common. */
export const extension = (name: string) => ({ "@type": `type.googleapis.com/envoy.extensions.${name}` });

const connectionManager = { name: "envoy.filters.network.http_connection_manager" };

/** Which listeners a patch applies to. @default all of a gateway's proxies */
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
export const inFront = (name: string, typed_config: object): Patch => httpFilter("INSERT_FIRST", {}, { name, typed_config });

/** A filter of requests after all others, of Istio's too. */
export const atEnd = (name: string, typed_config: object): Patch =>
  httpFilter("INSERT_BEFORE", { subFilter: { name: "envoy.filters.http.router" } }, { name, typed_config });

function httpFilter(operation: "INSERT_FIRST" | "INSERT_BEFORE", place: object, value: object): Patch {
  const listener = { filterChain: { filter: { ...connectionManager, ...place } } };
  return { applyTo: "HTTP_FILTER", match: { context: "GATEWAY", listener }, patch: { operation, value } };
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
