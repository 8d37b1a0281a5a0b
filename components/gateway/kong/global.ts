import type { Plugin } from "./resources.ts";

/** What is done with every request. */
export interface GlobalPlugins {
  /** Gives each request without this header a new id in it, and answers with the same. @default not done */
  readonly correlationId?: { readonly header: string };
  /** Where one JSON object for each request goes, besides the line in Kong's access log. @default nowhere */
  readonly log?: {
    /** The standard output of Kong's container. */
    readonly stdout: boolean;
    /** An endpoint that takes them by POST. @default none */
    readonly url?: string | undefined;
  };
  /** Whether requests are counted and timed for Prometheus, on the status port (8100) at `/metrics`. @default false */
  readonly prometheus?: boolean;
}

/** The plugins that do so, and no other. */
export function globalPlugins({ correlationId, log, prometheus = false }: GlobalPlugins): Plugin[] {
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
