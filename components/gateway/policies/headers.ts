import { EnvoyFilter } from "@kubernetes-models/istio/networking.istio.io/v1alpha3";
import { callerHeaderPattern } from "../callerHeaders.ts";
import type { Place } from "./access.ts";

/**
 * Lets no service see what a caller from outside says in the name of a proxy: `callerHeaders` are removed before anything else
 * reads the request, and `x-forwarded-for` is the caller's address alone, as the gateway knows it. `x-forwarded-proto` and `host`
 * tell what the caller used.
 *
 * @param stripHeaders - what the stack adds to `callerHeaders`.
 */
export function trustworthyHeaders({ namespace, selector }: Place, stripHeaders: readonly string[]): EnvoyFilter {
  const forged = { remove_on_match: { key_matcher: { safe_regex: { regex: callerHeaderPattern(stripHeaders) } } } };
  const address = { key: "x-forwarded-for", value: "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%" };
  const known = { append: { header: address, append_action: "OVERWRITE_IF_EXISTS_OR_ADD" } };
  const value = {
    name: "mesh.trustworthy-headers",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutation",
      mutations: { request_mutations: [forged, known] },
    },
  };
  const filter = { name: "envoy.filters.network.http_connection_manager" };
  return new EnvoyFilter({
    // What it is warned of for every such object: that it follows Envoy's own API, which Istio's upgrades may bring in another version.
    metadata: { name: "gateway-headers", namespace, annotations: { "galley.istio.io/analyze-suppress": "IST0133" } },
    spec: {
      workloadSelector: { labels: { ...selector } },
      priority: 10,
      configPatches: [
        {
          applyTo: "HTTP_FILTER",
          match: { context: "GATEWAY", listener: { filterChain: { filter } } },
          patch: { operation: "INSERT_FIRST", value },
        },
      ],
    },
  });
}
