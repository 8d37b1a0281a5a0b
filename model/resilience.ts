/** How a client's proxy treats a service that is slow, failing or busy. */
export interface Resilience {
  /** How long a request may take, all its tries together. */
  readonly timeout: string;
  readonly retries: Retries;
  readonly pool: Pool;
  readonly ejection: Ejection;
  /** How a proxy picks a pod for the next request. */
  readonly balancing: Balancing;
}

/** Further tries of a request that failed. Only requests that may be repeated get them: never POST or PATCH. */
export interface Retries {
  /** Tries after the first one. */
  readonly attempts: number;
  /** How long one try may take. */
  readonly perTryTimeout: string;
  /** The failures that are tried again, in Envoy's words. Attempts alone do not include 5xx. */
  readonly on: string;
  /**
   * The largest body, in bytes, that can be sent again. The caller's proxy keeps it in memory until the request is answered; a
   * request with a larger one is tried once.
   * @default 1048576
   */
  readonly maxBodyBytes?: number;
}

/** Bounds of what one proxy has open towards one version; beyond them it answers 503 at once: the circuit breaker. */
export interface Pool {
  /**
   * How long a new connection may take to be ready. A try's own time begins only then, so this is what ends a try at a pod whose
   * node is lost: nobody is left there to refuse.
   */
  readonly connectTimeout: string;
  readonly maxConnections: number;
  readonly maxPendingRequests: number;
  readonly maxRequestsPerConnection: number;
}

/** When a pod that keeps failing gets no requests for a while. */
export interface Ejection {
  /** Failures in a row that eject. */
  readonly consecutive5xx: number;
  /** How often is looked. */
  readonly interval: string;
  /** How long the first ejection lasts; each further one lasts longer. */
  readonly time: string;
  /**
   * The share of a version's pods that may be ejected at once, in percent. The default of 50 lets one of two or three go,
   * and never the only one: its version would answer nothing but 503.
   */
  readonly maxPercent: number;
}

export const balancings = ["ROUND_ROBIN", "LEAST_REQUEST", "RANDOM"] as const;
export type Balancing = (typeof balancings)[number];

/**
 * Three retries within five seconds. A try gets 1.2 s and not the 2 s one might wish for: four tries of 2 s do not fit
 * into 5 s, so the third retry would never happen. The rest is left for the pauses between tries.
 */
export const defaultResilience: Resilience = {
  timeout: "5s",
  retries: { attempts: 3, perTryTimeout: "1200ms", on: "connect-failure,refused-stream,reset,5xx" },
  pool: { connectTimeout: "1s", maxConnections: 100, maxPendingRequests: 1024, maxRequestsPerConnection: 10 },
  ejection: { consecutive5xx: 5, interval: "30s", time: "30s", maxPercent: 50 },
  balancing: "ROUND_ROBIN",
};

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 };

/** What is kept of a body unless {@link Retries.maxBodyBytes} says otherwise; it is Envoy's own default. */
export const defaultRetriedBytes = 1_048_576;

/** What a proxy's memory of 256 MiB holds of bodies that it keeps towards one version, in bytes. */
const retriedBytesInAll = 128 * 1_048_576;

/** The largest {@link Retries.maxBodyBytes} with which all requests that are under way at once, one on each connection, fit into a proxy. */
export function mostRetriedBytes({ maxConnections }: Pick<Pool, "maxConnections">): number {
  return Math.max(defaultRetriedBytes, Math.floor(retriedBytesInAll / maxConnections));
}

/** A duration such as `250ms`, `2s`, `1.5s` or `1m` in milliseconds; undefined when the text is none. */
export function milliseconds(duration: string): number | undefined {
  const [, digits, unit = ""] = /^(\d{1,6}(?:\.\d{1,3})?)(ms|s|m)$/.exec(duration) ?? [];
  // In thousandths first, which are whole: 1.005 times 60000 would not be.
  return digits === undefined ? undefined : (Math.round(Number(digits) * 1_000) * (units[unit] ?? Number.NaN)) / 1_000;
}

/** Kong counts milliseconds in 31 bits, which are 24 days, and Istio takes no less than one and no part of one. */
const longest = 24 * 60 * 60_000;

/**
 * Why a text is no duration that Istio, Envoy and Kong all take; undefined when it is one.
 *
 * @param unit - `ms` for whole milliseconds from 1ms, `s` for whole seconds from 1s; up to 1440m.
 */
export function durationProblem(text: string, unit: "ms" | "s" = "ms"): string | undefined {
  const ms = milliseconds(text) ?? 0;
  if (ms > 0 && ms <= longest && ms % (units[unit] ?? 1) === 0) return undefined;
  return unit === "ms"
    ? "a duration from 1ms to 1440m in whole milliseconds, such as 250ms, 1.5s or 1m"
    : "a duration from 1s to 1440m in whole seconds, such as 30s or 10m";
}

/** After which failures Envoy tries again, as far as Istio knows them. */
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

/** The same duration in seconds, the form in which Istio's API gives every duration back. */
export function seconds(duration: string): string {
  const ms = milliseconds(duration);
  if (ms === undefined) throw new Error(`${duration} is not a duration such as 250ms, 2s or 1m`);
  return inSeconds(ms);
}

const inSeconds = (ms: number) => `${Number((ms / 1_000).toFixed(6))}s`;

/** What all tries together need at most, when that is more than the timeout leaves them; undefined when it fits. */
export function missingTime({ timeout, retries }: Pick<Resilience, "timeout" | "retries">): string | undefined {
  const [total, perTry] = [milliseconds(timeout), milliseconds(retries.perTryTimeout)];
  if (total === undefined || perTry === undefined) return undefined; // told by the duration's own rule
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
