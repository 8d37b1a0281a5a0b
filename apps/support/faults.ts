import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Exchange, ServiceOptions } from "./service.ts";

/*
 * Faults on request, so that retries, timeouts and ejection can be seen. Each is a query parameter, or a header `x-fault-…`:
 *
 *   delay=<ms>        answers that much later
 *   status=<code>     answers with that error
 *   fail-first=<n>    answers 503 (or `status`) to the first n requests with the same `key`, counted by each pod for itself
 *   key=<text>        tells the counters of fail-first apart
 *   pod=<prefix>      only pods whose name begins so obey the other faults
 */

const longestDelay = 30_000;
const mostFailures = 100;
/** How many different keys are remembered; the oldest is forgotten, so that no caller can fill the memory. */
const mostKeys = 200;

/** Obeys the faults that a request asks for; resolves to true when one of them, or what is wrong with them, was the answer. */
export type Obey = (exchange: Exchange) => Promise<boolean>;

/** Faults of one instance, which counts its failures by itself. */
export function faultsOf({ version, pod }: ServiceOptions): Obey {
  const failures = new Map<string, number>();
  return async ({ url, request, response, json }) => {
    const faults = readFaults(url, request);
    if (typeof faults === "string") {
      json(400, { error: faults });
      return true;
    }
    if (!pod.startsWith(faults.pod)) return false;
    if (faults.delay > 0 && !(await waited(faults.delay, response))) return true;
    if (faults.failFirst > 0) {
      const failed = failures.get(faults.key) ?? 0;
      if (failed >= faults.failFirst) return false;
      remember(failures, faults.key, failed + 1);
    }
    const status = faults.status ?? (faults.failFirst > 0 ? 503 : undefined);
    if (status === undefined) return false;
    json(status, { error: `fault on request: ${status}`, version, pod });
    return true;
  };
}

interface Faults {
  readonly delay: number;
  readonly status: number | undefined;
  readonly failFirst: number;
  readonly key: string;
  readonly pod: string;
}

/** The faults a request asks for, or what is wrong with them. */
function readFaults(url: URL, request: IncomingMessage): Faults | string {
  const wrong: string[] = [];
  const text = (name: string) => url.searchParams.get(name) ?? request.headers[`x-fault-${name}`]?.toString();
  const number = (name: string, least: number, most: number) => {
    const given = text(name);
    if (given === undefined) return undefined;
    const value = /^\d{1,6}$/.test(given) ? Number(given) : Number.NaN;
    if (!(value >= least && value <= most)) wrong.push(`${name} is a whole number from ${least} to ${most}`);
    return value;
  };
  const faults = {
    delay: number("delay", 0, longestDelay) ?? 0,
    status: number("status", 400, 599),
    failFirst: number("fail-first", 0, mostFailures) ?? 0,
    key: (text("key") ?? "").slice(0, 100),
    pod: text("pod") ?? "",
  };
  return wrong.length > 0 ? wrong.join("; ") : faults;
}

/** Waits; false when the caller has gone meanwhile, so that abandoned requests hold nothing. */
async function waited(ms: number, response: ServerResponse): Promise<boolean> {
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  return sleep(ms, true, { signal: gone.signal }).catch(() => false);
}

function remember(counters: Map<string, number>, key: string, count: number): void {
  counters.delete(key);
  counters.set(key, count);
  const [oldest] = counters.keys();
  if (counters.size > mostKeys && oldest !== undefined) counters.delete(oldest);
}
