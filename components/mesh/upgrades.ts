import { EnvoyFilter } from "@kubernetes-models/istio/networking.istio.io/v1alpha3";

const connectionManager = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";

/**
 * Has every proxy, gateways included, ignore an offer to go on with another protocol that it does not know, such as the
 * `Upgrade: TLS/1.2` of Apache's HTTP client, and answer the request as it is (RFC 9110, 7.8). Without it Envoy answers 403.
 */
export function ignoredUpgrades(namespace: string): EnvoyFilter {
  const filter = { name: "envoy.filters.network.http_connection_manager" };
  const known = { ignore_http_11_upgrade: [{ safe_regex: { regex: `(?i)${otherThan("websocket")}` } }] };
  return new EnvoyFilter({
    metadata: {
      name: "ignored-upgrades",
      namespace,
      // What it is warned of for every such object: that it follows Envoy's own API, which Istio's upgrades may bring in another version.
      annotations: { "galley.istio.io/analyze-suppress": "IST0133" },
    },
    spec: {
      priority: 10,
      configPatches: [
        {
          applyTo: "NETWORK_FILTER",
          match: { context: "ANY", listener: { filterChain: { filter } } },
          patch: { operation: "MERGE", value: { typed_config: { "@type": connectionManager, http_protocol_options: known } } },
        },
      ],
    },
  });
}

/** A regular expression of every text but one; Envoy's have no way to say that they do not match. */
export function otherThan(word: string): string {
  return [...word].reduceRight((rest, letter) => `([^${letter}].*|${letter}${rest})?`, ".+");
}
