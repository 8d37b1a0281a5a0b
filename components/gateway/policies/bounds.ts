import { EnvoyFilter } from "@kubernetes-models/istio/networking.istio.io/v1alpha3";
import { seconds } from "../../app/resilience.ts";
import { serviceHost } from "../../support/serviceHost.ts";
import { type Bounds, mostRetriedBytesOf } from "../bounds.ts";
import type { Place } from "./access.ts";
import { ofConnections, type Patch } from "./filters.ts";

/** What of a connection's bytes a proxy reads ahead, or keeps for who reads slowly, in bytes: what Envoy advises at the edge. */
const window = { buffer: 32_768, stream: 65_536, connection: 262_144 } as const;

/** The proxies' own ports, behind those of their Service. */
const proxyPorts = { http: 8_080, https: 8_443 } as const;

// What it is warned of for every such object: that it follows Envoy's own API, which Istio's upgrades may bring in another version.
const annotations = { "galley.istio.io/analyze-suppress": "IST0133" };

/**
 * The bounds of connections and requests, which are Envoy's, as Istio has no object for them.
 *
 * @param retriedBytes - how much of a body services want kept to send it again; no more is than fits.
 */
export function boundsFilter(bounds: Bounds, retriedBytes: number, { namespace, selector }: Place): EnvoyFilter {
  const kept = Math.min(retriedBytes, mostRetriedBytesOf(bounds));
  const { maxStreams, maxHeaderKilobytes, maxHeaders } = bounds;
  return new EnvoyFilter({
    metadata: { name: "gateway-bounds", namespace, annotations },
    spec: {
      workloadSelector: { labels: { ...selector } },
      priority: 10,
      configPatches: [
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
      ],
    },
  });
}

/**
 * Under which host a request of HTTP/1.0 that names none is taken for: over HTTPS the first that is served, and otherwise the
 * gateway's own, which is nobody else's.
 */
export function defaultHosts(hosts: readonly string[], service: string, { namespace, selector }: Place): EnvoyFilter {
  const named = (host: string, port: number) =>
    ofConnections({ http_protocol_options: { default_host_for_http_10: host } }, port);
  const [first] = hosts;
  return new EnvoyFilter({
    metadata: { name: "gateway-default-hosts", namespace, annotations },
    spec: {
      workloadSelector: { labels: { ...selector } },
      priority: 10,
      configPatches: [
        named(serviceHost({ name: service, namespace }), proxyPorts.http),
        ...(first === undefined ? [] : [named(first, proxyPorts.https)]),
      ],
    },
  });
}

function merged(applyTo: "LISTENER" | "CLUSTER" | "VIRTUAL_HOST", value: object): Patch {
  return { applyTo, match: { context: "GATEWAY" }, patch: { operation: "MERGE", value } };
}
