import type { IncomingHttpHeaders } from "node:http";
import type { Catalogue } from "../../support/catalogue.ts";

/** Why there is no catalogue. */
export interface Failure {
  /** Of the answer; undefined when there was none. */
  readonly status: number | undefined;
  readonly reason: string;
}

/** What came of asking, and how long it took in milliseconds. */
export type Outcome = { readonly ms: number } & ({ readonly catalogue: Catalogue } | { readonly failure: Failure });

/** What belongs to a request through all services: which trace it is part of, and which version it is for. */
const carried = [
  "x-request-id",
  "x-correlation-id",
  "traceparent",
  "tracestate",
  "baggage",
  "b3",
  "x-b3-traceid",
  "x-b3-spanid",
  "x-b3-parentspanid",
  "x-b3-sampled",
  "x-b3-flags",
  "x-ot-span-context",
  "x-cloud-trace-context",
  "x-canary",
];

export function carriedHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(carried.flatMap((name) => (headers[name] === undefined ? [] : [[name, String(headers[name])]])));
}

export interface Question {
  /** Of the backend, such as `http://backend.prod.svc.cluster.local:3000`. */
  readonly base: string;
  /** How long to wait, in milliseconds. */
  readonly timeout: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Faults that the backend is asked for. */
  readonly faults: URLSearchParams;
}

/** Asks the backend for its catalogue. It never throws: that there is none is an outcome. */
export async function askBackend({ base, timeout, headers, faults }: Question): Promise<Outcome> {
  const started = performance.now();
  const outcome = await ask(new URL(`/api/catalog?${faults}`, base), timeout, headers).catch((error: unknown) => ({
    failure: { status: undefined, reason: reasonOf(error, timeout) },
  }));
  return { ms: Math.round(performance.now() - started), ...outcome };
}

async function ask(url: URL, timeout: number, headers: Readonly<Record<string, string>>) {
  const response = await fetch(url, { headers, signal: AbortSignal.timeout(timeout), redirect: "error" });
  const text = await response.text();
  const body = parsed(text);
  if (response.status === 200 && isCatalogue(body)) return { catalogue: body };
  const { error } = (body ?? {}) as { error?: unknown };
  // A proxy on the way says its reason as plain text.
  const said = typeof error === "string" ? error : text.slice(0, 200).trim();
  const reason = response.status === 200 ? "the answer is no catalogue" : said || "no reason was given";
  return { failure: { status: response.status, reason } };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isCatalogue(body: unknown): body is Catalogue {
  const { version, pod, database, products } = (body ?? {}) as Partial<Catalogue>;
  return typeof version === "string" && typeof pod === "string" && typeof database === "object" && Array.isArray(products);
}

/** What to tell a person. Node.js says `fetch failed`, and why in the error's cause. */
function reasonOf(error: unknown, timeout: number): string {
  const { name, message, cause } = (error ?? {}) as {
    name?: string;
    message?: string;
    cause?: { message?: string; code?: string };
  };
  if (name === "TimeoutError") return `no answer within ${timeout} ms`;
  return cause?.message || cause?.code || message || String(error);
}
