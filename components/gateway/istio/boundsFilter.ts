import type { EnvoyFilter } from "@kubernetes-models/istio/networking.istio.io/v1alpha3";
import { seconds } from "../../../model/durations.ts";
import { type Bounds, mostRetriedBytesOf } from "../../../model/gatewayBounds.ts";
import { serviceHost } from "../../../model/names.ts";
import { envoyFilter, ofConnections, type Patch } from "../../support/envoyFilter.ts";
import type { Place } from "./denyPolicy.ts";
import { proxyPorts } from "./facts.ts";

/** What of a connection's bytes a proxy reads ahead, or keeps for who reads slowly, in bytes: what Envoy advises at the edge. */
const window = { buffer: 32_768, stream: 65_536, connection: 262_144 } as const;

/**
 * The bounds of connections and requests, which are Envoy's, as Istio has no object for them.
 *
 * @param retriedBytes - how much of a body services want kept to send it again; no more is than fits.
 */
export function boundsFilter(bounds: Bounds, retriedBytes: number, { namespace, selector }: Place): EnvoyFilter {
  const kept = Math.min(retriedBytes, mostRetriedBytesOf(bounds));
  const { maxStreams, maxHeaderKilobytes, maxHeaders } = bounds;
  const patches = [
    merged("LISTENER", { per_connection_buffer_limit_bytes: window.buffer }),
    merged("CLUSTER", { per_connection_buffer_limit_bytes: window.buffer }),
    merged("VIRTUAL_HOST", { request_body_buffer_limit: kept }),
    ofConnections({
      request_headers_timeout: seconds(bounds.headersTimeout),
      request_timeout: seconds(bounds.requestTimeout),
      stream_idle_timeout: seconds(bounds.streamIdleTimeout),
      max_request_headers_kb: maxHeaderKilobytes,
      common_http_protocol_options: { idle_timeout: seconds(bounds.idleTimeout), max_headers_count: maxHeaders },
      http2_protocol_options: {
        max_concurrent_streams: maxStreams,
        initial_stream_window_size: window.stream,
        initial_connection_window_size: window.connection,
      },
    }),
  ];
  return envoyFilter({ name: "gateway-bounds", namespace }, patches, selector);
}

/**
 * Under which host a request of HTTP/1.0 that names none is taken for: over HTTPS the first that is served, and otherwise the
 * gateway's own, which is nobody else's.
 */
export function defaultHosts(hosts: readonly string[], service: string, { namespace, selector }: Place): EnvoyFilter {
  const named = (host: string, portNumber: number) =>
    ofConnections({ http_protocol_options: { default_host_for_http_10: host } }, { portNumber });
  const [first] = hosts;
  const patches = [
    named(serviceHost({ name: service, namespace }), proxyPorts.http),
    ...(first === undefined ? [] : [named(first, proxyPorts.https)]),
  ];
  return envoyFilter({ name: "gateway-default-hosts", namespace }, patches, selector);
}

function merged(applyTo: "LISTENER" | "CLUSTER" | "VIRTUAL_HOST", value: object): Patch {
  return { applyTo, match: { context: "GATEWAY" }, patch: { operation: "MERGE", value } };
}
