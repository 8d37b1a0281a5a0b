import { type Bounds, heapOf } from "../../../model/gatewayBounds.ts";
import type { Values } from "../../support/helm.ts";

const type = (name: string) => ({ "@type": `type.googleapis.com/envoy.${name}` });
const heap = "envoy.resource_monitors.fixed_heap";

/** What a proxy of the gateway does as its heap fills, from the shares of it on that are given: the later, the harsher. */
const actions = [
  action("shrink_heap", { threshold: { value: 0.8 } }),
  {
    ...action("reduce_timeouts", { scaled: { scaling_threshold: 0.8, saturation_threshold: 0.95 } }),
    typed_config: {
      ...type("config.overload.v3.ScaleTimersOverloadActionConfig"),
      timer_scale_factors: [
        { timer: "HTTP_DOWNSTREAM_CONNECTION_IDLE", min_timeout: "1s" },
        { timer: "HTTP_DOWNSTREAM_STREAM_IDLE", min_timeout: "5s" },
        { timer: "TRANSPORT_SOCKET_CONNECT", min_timeout: "2s" },
      ],
    },
  },
  // The streams of HTTP/2 that hold most first; of HTTP/1 there is one on a connection, and those are counted.
  action("reset_high_memory_stream", { scaled: { scaling_threshold: 0.85, saturation_threshold: 0.95 } }),
  action("disable_http_keepalive", { threshold: { value: 0.9 } }),
  action("stop_accepting_connections", { threshold: { value: 0.95 } }),
  action("stop_accepting_requests", { threshold: { value: 0.97 } }),
];

function action(name: string, trigger: object) {
  return { name: `envoy.overload_actions.${name}`, triggers: [{ name: heap, ...trigger }] };
}

/**
 * The last bound: whatever clients hold, and in whatever way, a proxy lets go of it before its pod is killed for its memory, which
 * would cut off everybody. Envoy reads it when it starts, beside what Istio's agent tells it.
 *
 * @see https://www.envoyproxy.io/docs/envoy/latest/configuration/operations/overload_manager/overload_manager
 */
export function overloadManager(bounds: Pick<Bounds, "memory">): object {
  const config = { ...type("extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig"), max_heap_size_bytes: heapOf(bounds) };
  return {
    overload_manager: {
      refresh_interval: "0.1s",
      resource_monitors: [{ name: heap, typed_config: config }],
      // What is smaller than 64 KiB is not worth a reset.
      buffer_factory_config: { minimum_account_to_track_power_of_two: 16 },
      actions,
    },
  };
}

/** Where a pod's agent looks for it: the key of a ConfigMap. */
export const overloadKey = "custom_bootstrap.json";

/** Annotations of the gateway's pods: the ConfigMap of that name, and what Istio's agent writes into the bootstrap itself. */
export function overloadAnnotations(configMap: string, { maxConnections, memory }: Bounds): Values {
  return {
    "sidecar.istio.io/bootstrapOverride": configMap,
    // A pod reads both when it starts, so a change rolls it.
    "mesh/bounds": `${memory}-${maxConnections}`,
  };
}
