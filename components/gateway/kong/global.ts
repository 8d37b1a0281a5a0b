import type { KongPlugins } from "../../../model/gatewaySettings.ts";
import type { Plugin } from "./resources.ts";

/** The plugins that do so, and no other. */
export function globalPlugins({ correlationId, log, prometheus = false }: KongPlugins): Plugin[] {
  return [
    ...(correlationId ? [correlation(correlationId.header)] : []),
    ...(log?.stdout ? [{ plugin: "file-log", config: { path: "/dev/stdout", reopen: false } }] : []),
    ...(log?.url === undefined ? [] : [{ plugin: "http-log", config: { http_endpoint: log.url, method: "POST" } }]),
    ...(prometheus ? [metrics] : []),
  ];
}

function correlation(header: string): Plugin {
  return { plugin: "correlation-id", config: { header_name: header, generator: "uuid", echo_downstream: true } };
}

/** Kong's health checks are not used, so there is nothing to say of upstreams. */
const metrics: Plugin = {
  plugin: "prometheus",
  config: {
    status_code_metrics: true,
    latency_metrics: true,
    bandwidth_metrics: true,
    upstream_health_metrics: false,
    per_consumer: false,
  },
};
