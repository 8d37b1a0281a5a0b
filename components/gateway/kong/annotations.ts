import { milliseconds } from "../../../model/durations.ts";
import type { Route } from "../../../model/route.ts";

/*
 * Which object Kong's controller reads an annotation from: whatever is of the connection to a service from the Service,
 * whatever is of the request's way in from the Ingress. On the other one it is ignored without a word.
 */

/** Until the proxy beside Kong takes the connection, in milliseconds. */
const connectTimeout = 5_000;
/** Kong waits so much longer than the mesh, in milliseconds: then the mesh answers first, and a request is not cut off. */
const margin = 1_000;
/** The longest that Kong can wait, in milliseconds: for what has no end in the mesh. */
const longest = 2 ** 31 - 2;

/**
 * Annotations of a Service that Kong forwards to.
 *
 * `service-upstream` makes Kong dial the Service and not its pods: only then does the proxy beside Kong know whose request
 * it is. Kong itself never tries again, as the mesh does: both would multiply.
 *
 * @throws Error when the timeout is no duration.
 */
export function serviceAnnotations({ timeout, service }: Pick<Route, "timeout" | "service">): Readonly<Record<string, string>> {
  const inMesh = timeout === "none" ? longest - margin : milliseconds(timeout);
  if (inMesh === undefined) throw new Error(`${timeout} is not a duration such as 250ms, 2s or 1m`);
  const readTimeoutMs = `${Math.ceil(inMesh) + margin}`;
  return {
    "ingress.kubernetes.io/service-upstream": "true",
    "konghq.com/protocol": spoken(service),
    "konghq.com/connect-timeout": `${connectTimeout}`,
    "konghq.com/read-timeout": readTimeoutMs,
    "konghq.com/write-timeout": readTimeoutMs,
    "konghq.com/retries": "0",
  };
}

/** What Kong speaks with a service: HTTP/2 it speaks as gRPC alone, and the proxy beside it makes it of HTTP/1.1. */
const spoken = ({ protocol }: Pick<Route["service"], "protocol">) => (protocol === "grpc" ? "grpc" : "http");

/**
 * How requests may come in: in plain alone, as HTTPS is for hosts that have routes of their own; or over HTTPS alone, to which others are
 * redirected. gRPC is never redirected.
 */
export type Entry = "plain" | "https";

const protocols: Readonly<Record<"http" | "grpc", Readonly<Record<Entry, Readonly<Record<string, string>>>>>> = {
  http: {
    plain: { "konghq.com/protocols": "http" },
    https: { "konghq.com/protocols": "https", "konghq.com/https-redirect-status-code": "308" },
  },
  grpc: { plain: { "konghq.com/protocols": "grpc" }, https: { "konghq.com/protocols": "grpcs" } },
};

interface IngressOptions {
  readonly plugins: readonly string[];
  /** Whether parts of answers are handed on when they come. @default false */
  readonly stream?: boolean;
  /** The only methods that are meant; of gRPC Kong takes none. @default all */
  readonly methods?: readonly string[];
}

/**
 * Annotations of an Ingress.
 *
 * The path stays as it is, for whoever decides by it later. The host does not: by the Service's own host, which Kong puts in
 * its place, the proxy beside Kong knows whose rules hold.
 */
export function ingressAnnotations(
  entry: Entry,
  service: Pick<Route["service"], "protocol">,
  { plugins, stream = false, methods }: IngressOptions,
): Readonly<Record<string, string>> {
  return {
    "konghq.com/strip-path": "false",
    "konghq.com/preserve-host": "false",
    ...protocols[spoken(service)][entry],
    ...(methods && { "konghq.com/methods": methods.join(",") }),
    ...(stream && { "konghq.com/request-buffering": "false", "konghq.com/response-buffering": "false" }),
    ...(plugins.length > 0 && { "konghq.com/plugins": plugins.join(",") }),
  };
}
