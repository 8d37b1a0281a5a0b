import { EnvoyFilter } from "@kubernetes-models/istio/networking.istio.io/v1alpha3";
import type { Place } from "./access.ts";

/**
 * By which proxies tell each other and services who calls, from where, under which name and for which path. The gateway is the first
 * proxy, so whatever a caller says of that is forged. Envoy itself drops what would change its tries, its timeouts or the client's
 * certificate.
 */
const forged = [
  "forwarded",
  "x-forwarded-host",
  "x-forwarded-port",
  "x-real-ip",
  "x-original-url",
  "x-rewrite-url",
  "x-envoy-external-address",
  "x-envoy-original-dst-host",
  "x-envoy-original-host",
  "x-envoy-original-path",
  "x-envoy-peer-metadata",
  "x-envoy-peer-metadata-id",
] as const;

/**
 * Lets no service see what a caller from outside says in the name of a proxy: such headers are dropped, and `x-forwarded-for` is
 * the caller's address alone, as the gateway knows it. `x-forwarded-proto` and `host` tell what the caller used.
 */
export function trustworthyHeaders({ namespace, selector }: Place): EnvoyFilter {
  const address = { key: "x-forwarded-for", value: "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%" };
  const known = { append: { header: address, append_action: "OVERWRITE_IF_EXISTS_OR_ADD" } };
  const value = {
    name: "mesh.trustworthy-headers",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutation",
      mutations: { request_mutations: [...forged.map((remove) => ({ remove })), known] },
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
