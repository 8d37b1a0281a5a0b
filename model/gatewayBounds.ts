import { z } from "zod";
import { addIssue, duration, integer, message, strictObject } from "./rules.ts";

const mebibyte = 2 ** 20;
const units: Readonly<Record<string, number>> = { Mi: mebibyte, Gi: 2 ** 30 };

/** A size such as `512Mi` in bytes; undefined when the text is none. */
export function bytesOf(memory: string): number | undefined {
  const [, digits, unit = ""] = /^([1-9]\d{0,4})(Mi|Gi)$/.exec(memory) ?? [];
  return digits === undefined ? undefined : Number(digits) * (units[unit] ?? Number.NaN);
}

const isMemory = (given: string) => {
  const [bytes = 0, least = 0, most = 0] = [given, "256Mi", "64Gi"].map(bytesOf);
  return bytes >= least && bytes <= most;
};

const memory = () => {
  const allowed = message("a size from 256Mi to 64Gi, in whole Mi or Gi");
  return z.string(allowed).refine(isMemory, allowed);
};

/** What clients may hold of one pod of Istio's gateway, whoever they are and before anybody has asked for a token. */
export const bounds = strictObject({
  /** The memory of a pod, such as `512Mi` or `2Gi`. The other bounds have to fit into it. */
  memory: memory().default("512Mi"),
  /** Connections open at once; a further one is closed as soon as it is accepted. */
  maxConnections: integer(10, 1_000_000).default(1_500),
  /** Requests under way at once on a connection of HTTP/2. */
  maxStreams: integer(1, 10_000).default(100),
  /** How long the header section of a request may be, in units of 1,024 bytes; 431 beyond it. */
  maxHeaderKilobytes: integer(1, 60).default(60),
  /** How many headers a request may have; 431 beyond it. */
  maxHeaders: integer(10, 10_000).default(100),
  /** How long a header section may take from its first byte on; then 408. */
  headersTimeout: duration().default("10s"),
  /** How long a request may take until its body is whole; then 408. A WebSocket is whole when it is open. */
  requestTimeout: duration().default("5m"),
  /** How long nothing may come or go of a request that is under way, or of a WebSocket. */
  streamIdleTimeout: duration().default("5m"),
  /**
   * How long a connection may be open without a request; with what is left to say, it is closed five seconds later. Longer than clients
   * and load balancers keep one: a request that is on its way to the gateway when that closes is lost.
   */
  idleTimeout: duration().default("620s"),
}).superRefine(({ memory, maxConnections, maxHeaderKilobytes }, ctx) => {
  const most = mostConnections({ memory, maxHeaderKilobytes });
  if (maxConnections <= most || !isMemory(memory)) return;
  const why = `which fit into memory ${memory} with maxHeaderKilobytes ${maxHeaderKilobytes}`;
  addIssue(ctx, ["maxConnections"], `at most ${most}, ${why}`, maxConnections);
});
export type Bounds = z.output<typeof bounds>;

/** What of a pod's memory Envoy's own objects may take, in bytes: the agent beside it, the program and its threads need the rest. */
export function heapOf({ memory }: Pick<Bounds, "memory">): number {
  return (bytesOf(memory) ?? Number.NaN) - 128 * mebibyte;
}

/**
 * What a connection takes when its client has it filled, in bytes: TLS and what is on its way to and fro, and one header section.
 * Of HTTP/2 it may be more; there the overload manager ends the streams that hold most.
 */
const connectionBytes = ({ maxHeaderKilobytes }: Pick<Bounds, "maxHeaderKilobytes">) => (100 + maxHeaderKilobytes) * 1_024;

/** What is kept of a body at least, in bytes, so that it can be sent again. */
const leastRetriedBytes = 65_536;

/** As many connections as fit into the heap, each filled by its client. */
export function mostConnections(bounds: Pick<Bounds, "memory" | "maxHeaderKilobytes">): number {
  return Math.floor(heapOf(bounds) / (connectionBytes(bounds) + leastRetriedBytes));
}

/** How much can be kept of a body on each connection, in bytes. */
export function mostRetriedBytesOf(bounds: Pick<Bounds, "memory" | "maxConnections" | "maxHeaderKilobytes">): number {
  return Math.floor(heapOf(bounds) / bounds.maxConnections) - connectionBytes(bounds);
}

export const defaultBounds: Bounds = bounds.parse({});
