import type { EnvoyFilter } from "@kubernetes-models/istio/networking.istio.io/v1alpha3";
import { envoyFilter, type Patch } from "../support/envoyFilter.ts";

/** Whose EnvoyFilters hold for the proxies of every namespace. */
const rootNamespace = "istio-system";

/**
 * How much of a body every caller's proxy keeps to send it again to hosts, for which Istio has no object of its own.
 *
 * @see https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/route/v3/route_components.proto
 */
export function retriedBodies(name: string, hosts: readonly string[], bytes: number): EnvoyFilter {
  const patchOf = (host: string): Patch => ({
    applyTo: "VIRTUAL_HOST",
    match: { context: "SIDECAR_OUTBOUND", routeConfiguration: { vhost: { domainName: host } } },
    patch: { operation: "MERGE", value: { request_body_buffer_limit: bytes } },
  });
  return envoyFilter({ name, namespace: rootNamespace }, hosts.map(patchOf));
}
