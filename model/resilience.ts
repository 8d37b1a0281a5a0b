import type { z } from "zod";
import { inSeconds, milliseconds } from "./durations.ts";
import { addIssue, duration, durationOrNone, integer, judged, oneOf, strictObject } from "./rules.ts";

/*
 * How a client's proxy treats a service that is slow, failing or busy.
 */

/** The conditions of a retry that Istio knows. */
export const retryConditions = [
  ...["5xx", "gateway-error", "reset", "reset-before-request", "connect-failure", "envoy-ratelimited", "retriable-4xx"],
  ...["refused-stream", "retriable-status-codes", "retriable-headers", "http3-post-connect-failure"],
  ...["cancelled", "deadline-exceeded", "internal", "resource-exhausted", "unavailable"],
] as const;

/** The statuses of failures that Istio knows: those that HTTP has registered. */
const failures = [
  ...Array.from({ length: 19 }, (_, index) => 400 + index),
  ...[421, 422, 423, 424, 425, 426, 428, 429, 431, 451, 500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511],
];

/** Why a text is no list of conditions of a retry, with commas between them; undefined when it is one. */
export function retryOnProblem(text: string): string | undefined {
  const known: readonly string[] = [...retryConditions, ...failures.map(String)];
  const unknown = text.split(",").filter((condition) => !known.includes(condition));
  if (unknown.length === 0) return undefined;
  const which = unknown.map((condition) => JSON.stringify(condition)).join(" and ");
  return `conditions separated by commas, without spaces (${which} is none): ${retryConditions.join(", ")}, or a status of a failure such as 503`;
}

/** What is kept of a body by default, in bytes; it is Envoy's own default. */
export const defaultRetriedBytes = 1_048_576;

/** The bytes of bodies that a proxy with 256 MiB of memory can hold towards one version. */
const retriedBytesInAll = 128 * 1_048_576;

/** Further tries of a request that failed. Only requests that may be repeated get them: never POST or PATCH. */
const retries = strictObject({
  /** Tries after the first one. */
  attempts: integer(0, 10).default(3),
  /**
   * How long one try may take. The default is 1.2 s and not the 2 s one might wish for: four tries of 2 s do not fit into 5 s, so the
   * third retry would never happen. The rest is left for the pauses between tries.
   */
  perTryTimeout: duration().default("1200ms"),
  /** The failures that are tried again, in Envoy's words. Attempts alone do not include 5xx. */
  on: judged(retryOnProblem).default("connect-failure,refused-stream,reset,5xx"),
  /** The same of gRPC, on ports that say that all calls are idempotent: its failures are no statuses of HTTP. */
  grpcOn: judged(retryOnProblem).default("connect-failure,refused-stream,reset,unavailable,resource-exhausted"),
  /**
   * The largest body, in bytes, that can be sent again. The caller's proxy keeps it in memory until the request is answered; a
   * request with a larger one is tried once.
   */
  maxBodyBytes: integer(1, retriedBytesInAll).default(defaultRetriedBytes),
});

/** Bounds of what one proxy has open towards one version; beyond them it answers 503 at once: the circuit breaker. */
const pool = strictObject({
  /**
   * How long a new connection may take to be ready. A try's own time begins only then, so this is what ends a try at a pod whose
   * node is lost: nobody is left there to refuse.
   */
  connectTimeout: duration().default("1s"),
  maxConnections: integer(1, 1_000_000).default(100),
  maxPendingRequests: integer(1, 1_000_000).default(1024),
  /** Requests under way at once, where one connection carries many: on ports of HTTP/2 and gRPC. */
  maxRequests: integer(1, 1_000_000).default(1024),
  /**
   * After how many requests a connection is closed; without it none is for their number. Each new connection is one with mutual TLS: ten
   * requests on each cost a quarter of a service's throughput.
   */
  maxRequestsPerConnection: integer(1, 1_000_000).exactOptional(),
});

/** When a pod that keeps failing gets no requests for a while. */
const ejection = strictObject({
  /** Failures in a row that eject. */
  consecutive5xx: integer(1, 1_000).default(5),
  /** The interval between checks. */
  interval: duration().default("30s"),
  /** How long the first ejection lasts; each further one lasts longer. */
  time: duration().default("30s"),
  /**
   * The share of a version's pods that may be ejected at once, in percent. The default of 50 lets one of two or three go,
   * and never the only one: its version would answer nothing but 503.
   */
  maxPercent: integer(1, 100).default(50),
});

export const resilience = strictObject({
  /** How long a request may take, all its tries together, until its answer is whole; `none`, for one try too, where answers are streams. */
  timeout: durationOrNone().default("5s"),
  /** How a proxy picks a pod for the next request. */
  balancing: oneOf("ROUND_ROBIN", "LEAST_REQUEST", "RANDOM").default("ROUND_ROBIN"),
  retries: retries.prefault({}),
  pool: pool.prefault({}),
  ejection: ejection.prefault({}),
}).superRefine(({ timeout, retries, pool }, ctx) => {
  const most = mostRetriedBytes(pool);
  if (retries.maxBodyBytes > most) {
    const why = `of which pool.maxConnections (${pool.maxConnections}) fit into a proxy's memory`;
    addIssue(ctx, ["retries", "maxBodyBytes"], `at most ${most}, ${why}`, retries.maxBodyBytes);
  }
  const needed = missingTime({ timeout, retries });
  if (!needed) return;
  const tries = `${retries.attempts + 1} tries of ${retries.perTryTimeout}`;
  addIssue(ctx, ["timeout"], `at least ${needed}, which ${tries} take (retries.attempts + 1, retries.perTryTimeout)`, timeout);
});

export type Resilience = z.output<typeof resilience>;

export const defaultResilience: Resilience = resilience.parse({});

/** The largest `retries.maxBodyBytes` with which all concurrent requests, one on each connection, fit into a proxy. */
function mostRetriedBytes({ maxConnections }: Pick<Resilience["pool"], "maxConnections">): number {
  return Math.max(defaultRetriedBytes, Math.floor(retriedBytesInAll / maxConnections));
}

/** What all tries together need at most, when that is more than the timeout leaves them; undefined when it fits. */
export function missingTime({ timeout, retries }: Pick<Resilience, "timeout" | "retries">): string | undefined {
  const [total, perTry] = [milliseconds(timeout), milliseconds(retries.perTryTimeout)];
  if (total === undefined || perTry === undefined) return undefined; // none, or told by the duration's own rule
  const needed = (retries.attempts + 1) * perTry;
  return needed > total ? inSeconds(needed) : undefined;
}

/**
 * The least share, in percent, that lets one of so many pods be ejected. Envoy ejects a pod only while the share of
 * ejected pods stays within the bound: 10 % of three pods is never reached.
 */
export function leastEjection(replicas: number): number {
  return Math.ceil(100 / Math.max(1, replicas));
}
