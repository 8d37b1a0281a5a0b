import { realpathSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { hostname } from "node:os";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/*
 * The product service: one file on Node's own modules, run by `node server.ts` (so: erasable TypeScript only).
 *
 *   GET /api/products, /api/products/<id>   the products, and which version and pod answered
 *   GET /health                             200 as long as the process can answer at all
 *   GET /ready                              200, and 503 from the moment it was told to stop
 *
 * Faults on request, so that retries, timeouts and ejection can be seen. Each is a query parameter, or a header `x-fault-…`:
 *
 *   delay=<ms>        answers that much later
 *   status=<code>     answers with that error
 *   fail-first=<n>    answers 503 (or `status`) to the first n requests with the same `key`, counted by each pod for itself
 *   key=<text>        tells the counters of fail-first apart
 *   pod=<prefix>      only pods whose name begins so obey the other faults
 */

export interface ServiceOptions {
  /** What the answers call this version. */
  readonly version: string;
  /** What the answers call this instance. */
  readonly pod: string;
  /** Gets one object for each line to log. */
  readonly log: (line: Readonly<Record<string, unknown>>) => void;
}

export interface Service {
  readonly server: Server;
  /**
   * Turns `/ready` to 503 and serves on for `linger` ms, so that whoever asks can see it. Then lets the requests that are
   * under way finish, and ends when none is left, or when `limit` more ms have passed.
   */
  stop(linger: number, limit: number): Promise<void>;
}

const products = [
  { id: 1, name: "Espresso cup", price: 12.5 },
  { id: 2, name: "Teapot", price: 34 },
  { id: 3, name: "Kettle", price: 59.9 },
  { id: 4, name: "Coffee grinder", price: 89 },
];

const longestDelay = 30_000;
const mostFailures = 100;
/** How many different keys are remembered; the oldest is forgotten, so that no caller can fill the memory. */
const mostKeys = 200;

export function createService({ version, pod, log }: ServiceOptions): Service {
  const failures = new Map<string, number>();
  let draining = false;

  const answer = (response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}) => {
    const text = `${JSON.stringify(body)}\n`;
    response.writeHead(status, {
      "content-type": "application/json; charset=utf-8",
      "content-length": Buffer.byteLength(text),
      ...(draining ? { connection: "close" } : {}),
      ...headers,
    });
    response.end(response.req.method === "HEAD" ? undefined : text);
  };

  /** Obeys the faults the request asks for; true when one of them was the answer. */
  const fault = async (faults: Faults, response: ServerResponse): Promise<boolean> => {
    if (!pod.startsWith(faults.pod)) return false;
    if (faults.delay > 0 && !(await waited(faults.delay, response))) return true;
    if (faults.failFirst > 0) {
      const failed = failures.get(faults.key) ?? 0;
      if (failed >= faults.failFirst) return false;
      remember(failures, faults.key, failed + 1);
    }
    const status = faults.status ?? (faults.failFirst > 0 ? 503 : undefined);
    if (status === undefined) return false;
    answer(response, status, { error: `fault on request: ${status}`, version, pod });
    return true;
  };

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? "/", "http://service");
    const path = url.pathname.length > 1 ? url.pathname.replace(/\/$/, "") : url.pathname;
    if (path === "/health") return answer(response, 200, { status: "healthy" });
    if (path === "/ready") return answer(response, draining ? 503 : 200, { status: draining ? "stopping" : "ready" });

    const item = /^\/api\/products(?:\/([^/]+))?$/.exec(path);
    if (!item) return answer(response, 404, { error: `nothing at ${path}` });
    const faults = readFaults(url, request);
    if (typeof faults === "string") return answer(response, 400, { error: faults });
    if (await fault(faults, response)) return;
    if (request.method !== "GET" && request.method !== "HEAD") {
      return answer(response, 405, { error: `${request.method} is not served here`, version, pod }, { allow: "GET, HEAD" });
    }
    if (item[1] === undefined) return answer(response, 200, { version, pod, products });
    const product = products.find(({ id }) => String(id) === item[1]);
    if (!product) return answer(response, 404, { error: `no product ${item[1]}`, version, pod });
    answer(response, 200, { version, pod, product });
  };

  const server = createServer((request, response) => {
    const started = performance.now();
    response.once("close", () => {
      const { method, url = "/" } = request;
      const path = url.split("?", 1)[0];
      if (path === "/health" || path === "/ready") return;
      const ms = Math.round(performance.now() - started);
      log({ level: "info", msg: "request", method, path, status: response.statusCode, done: response.writableFinished, ms });
    });
    handle(request, response).catch((error: unknown) => {
      log({ level: "error", msg: "request failed", error: String(error) });
      if (response.headersSent) response.destroy();
      else answer(response, 500, { error: "internal error", version, pod });
    });
    // A body is never needed; unread, it would hold the connection.
    request.resume();
  });
  // Longer than the sidecar keeps an idle connection for, so that it is never this side that closes one just as a request arrives.
  server.keepAliveTimeout = 65 * 60_000;

  const stop = async (linger: number, limit: number) => {
    draining = true;
    await sleep(linger);
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    const timer = setTimeout(() => server.closeAllConnections(), limit);
    await closed;
    clearTimeout(timer);
  };
  return { server, stop };
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

function main(): void {
  const port = Number(process.env.PORT ?? 8080);
  const version = process.env.VERSION ?? "v1";
  const pod = process.env.POD_NAME ?? hostname();
  const log = (line: object) =>
    process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), version, pod, ...line })}\n`);

  const { server, stop } = createService({ version, pod, log });
  server.listen(port, () => log({ level: "info", msg: "listening", port }));
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, async () => {
      log({ level: "info", msg: "stopping", signal });
      await stop(Number(process.env.LINGER_MS ?? 1_000), Number(process.env.DRAIN_MS ?? 15_000));
      log({ level: "info", msg: "stopped" });
    });
  }
}

// The path is resolved because a mounted ConfigMap's files are links.
if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) main();
