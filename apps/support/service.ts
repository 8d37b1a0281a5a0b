import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/*
 * What every service does alike: probes, one line of log for each request, errors, and an end that loses no request.
 *
 *   GET /health    200 as long as the process can answer at all
 *   GET /ready     200 when it wants requests; 503 before that, and from the moment it was told to stop
 */

/** Gets one object for each line to log. */
export type Log = (line: Readonly<Record<string, unknown>>) => void;

export interface ServiceOptions {
  /** What the answers call this version. */
  readonly version: string;
  /** What the answers call this instance. */
  readonly pod: string;
  readonly log: Log;
}

/** What runs as a process. */
export interface Runnable {
  /** Resolves with the port on which it listens: any that is free where 0 is asked for. */
  listen(port: number): Promise<number>;
  /**
   * Turns `/ready` to 503 and serves on for `linger` ms, so that whoever asks can see it. Then lets the requests that are
   * under way finish, and ends when none is left, or when `limit` more ms have passed.
   */
  stop(linger: number, limit: number): Promise<void>;
}

export interface Service extends Runnable {
  readonly server: Server;
}

/** A request and the ways to answer it. HEAD gets the headers alone. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  /** Of the URL, without a slash at its end. */
  readonly path: string;
  send(status: number, type: string, text: string, headers?: Readonly<Record<string, string>>): void;
  json(status: number, body: object, headers?: Readonly<Record<string, string>>): void;
}

export interface Behaviour {
  /** Answers everything but probes. What it throws is answered with 500. */
  readonly handle: (exchange: Exchange) => void | Promise<void>;
  /** Whether it wants requests, as long as it is not stopping. @default always */
  readonly ready?: () => boolean;
  /** Ends what would go on for ever, such as streams, when it has been told to stop. @default nothing */
  readonly drain?: () => void;
  /** Lets go of what it holds, when the last request is answered. @default nothing */
  readonly close?: () => Promise<void>;
}

/** A service over HTTP. It does not listen yet. */
export function createHttpService(
  { version, pod, log }: ServiceOptions,
  { handle, ready = () => true, drain = () => {}, close = async () => {} }: Behaviour,
): Service {
  let draining = false;

  const exchangeOf = (request: IncomingMessage, response: ServerResponse): Exchange => {
    // Beside a fixed base, so that a path of two slashes is not taken for a host.
    const url = new URL(`http://service${request.url?.startsWith("/") ? request.url : "/"}`);
    const path = url.pathname.length > 1 ? url.pathname.replace(/\/$/, "") : url.pathname;
    const send: Exchange["send"] = (status, type, text, headers = {}) => {
      response.writeHead(status, {
        "content-type": `${type}; charset=utf-8`,
        "content-length": Buffer.byteLength(text),
        ...(draining ? { connection: "close" } : {}),
        ...headers,
      });
      response.end(request.method === "HEAD" ? undefined : text);
    };
    const json: Exchange["json"] = (status, body, headers) =>
      send(status, "application/json", `${JSON.stringify(body)}\n`, headers);
    return { request, response, url, path, send, json };
  };

  const answer = async (exchange: Exchange) => {
    const { path, json } = exchange;
    if (path === "/health") return json(200, { status: "healthy" });
    if (path !== "/ready") return handle(exchange);
    const status = draining ? "stopping" : ready() ? "ready" : "starting";
    json(status === "ready" ? 200 : 503, { status });
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
    const exchange = exchangeOf(request, response);
    answer(exchange).catch((error: unknown) => {
      log({ level: "error", msg: "request failed", error: String(error) });
      if (response.headersSent) response.destroy();
      else exchange.json(500, { error: "internal error", version, pod });
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
    drain();
    server.closeIdleConnections();
    const timer = setTimeout(() => server.closeAllConnections(), limit);
    await closed;
    clearTimeout(timer);
    await close();
  };
  const listen = async (port: number) => {
    server.listen(port);
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  };
  return { server, listen, stop };
}

/** Refuses methods that change something; false when it has. */
export function onlyReads({ request: { method }, json }: Exchange, { version, pod }: ServiceOptions): boolean {
  if (method === "GET" || method === "HEAD") return true;
  json(405, { error: `${method} is not served here`, version, pod }, { allow: "GET, HEAD" });
  return false;
}
