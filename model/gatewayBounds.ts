/** What clients may hold of one pod of Istio's gateway, whoever they are and before anybody has asked for a token. */
export interface Bounds {
  /** The memory of a pod, such as `512Mi` or `2Gi`. The other bounds have to fit into it. */
  readonly memory: string;
  /** Connections open at once; a further one is closed as soon as it is accepted. */
  readonly maxConnections: number;
  /** Requests under way at once on a connection of HTTP/2. */
  readonly maxStreams: number;
  /** How long the header section of a request may be, in units of 1,024 bytes; 431 beyond it. */
  readonly maxHeaderKilobytes: number;
  /** How many headers a request may have; 431 beyond it. */
  readonly maxHeaders: number;
  /** How long a header section may take from its first byte on; then 408. */
  readonly headersTimeout: string;
  /** How long a request may take until its body is whole; then 408. A WebSocket is whole when it is open. */
  readonly requestTimeout: string;
  /** How long nothing may come or go of a request that is under way, or of a WebSocket. */
  readonly streamIdleTimeout: string;
  /**
   * How long a connection may be open without a request; with what is left to say, it is closed five seconds later. Longer than clients
   * and load balancers keep one: a request that is on its way to the gateway when that closes is lost.
   */
  readonly idleTimeout: string;
}

export const defaultBounds: Bounds = {
  memory: "512Mi",
  maxConnections: 1_500,
  maxStreams: 100,
  maxHeaderKilobytes: 60,
  maxHeaders: 100,
  headersTimeout: "10s",
  requestTimeout: "5m",
  streamIdleTimeout: "5m",
  idleTimeout: "620s",
};

const mebibyte = 2 ** 20;
const units: Readonly<Record<string, number>> = { Mi: mebibyte, Gi: 2 ** 30 };

/** A size such as `512Mi` in bytes; undefined when the text is none. */
export function bytesOf(memory: string): number | undefined {
  const [, digits, unit = ""] = /^([1-9]\d{0,4})(Mi|Gi)$/.exec(memory) ?? [];
  return digits === undefined ? undefined : Number(digits) * (units[unit] ?? Number.NaN);
}

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
