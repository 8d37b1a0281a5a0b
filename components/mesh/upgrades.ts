import type { EnvoyFilter } from "@kubernetes-models/istio/networking.istio.io/v1alpha3";
import { envoyFilter, ofConnections } from "../support/envoyFilter.ts";

/**
 * Has every proxy, gateways included, ignore an offer to go on with another protocol that it does not know, such as the
 * `Upgrade: TLS/1.2` of Apache's HTTP client, and answer the request as it is (RFC 9110, 7.8). Without it Envoy answers 403.
 */
export function ignoredUpgrades(namespace: string): EnvoyFilter {
  const http_protocol_options = { ignore_http_11_upgrade: [{ safe_regex: { regex: `(?i)${otherThan("websocket")}` } }] };
  return envoyFilter({ name: "ignored-upgrades", namespace }, [ofConnections({ http_protocol_options }, { context: "ANY" })]);
}

/** A regular expression of every text but one; Envoy's have no way to say that they do not match. */
export function otherThan(word: string): string {
  return [...word].reduceRight((rest, letter) => `([^${letter}].*|${letter}${rest})?`, ".+");
}
