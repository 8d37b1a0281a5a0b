import { connect, type Socket } from "node:net";
import { gatewayUrl } from "./product.ts";

/** A connection to Istio's gateway on which bytes are written as they stand, whether or not they are a request. */
export interface RawConnection {
  readonly socket: Socket;
  write(bytes: string | Uint8Array): void;
  /** What has come up to now. */
  received(): string;
  /** Waits until this has come, or the gateway has closed the connection. @throws Error when neither has in time. */
  until(pattern: RegExp, seconds?: number): Promise<string>;
  /** Waits until the gateway closes the connection. @returns after how many seconds it did. @throws Error when it did not in time. */
  closed(seconds: number): Promise<number>;
}

/** Lines of a request, each with its end, and the empty line after them. */
export const lines = (...given: readonly string[]) => [...given, "", ""].join("\r\n");

/** Opens connections, does something with them, and closes them whatever comes of it. */
export async function withRaw<T>(count: number, use: (connections: RawConnection[]) => Promise<T>): Promise<T> {
  const connections = await Promise.all(Array.from({ length: count }, open));
  try {
    return await use(connections);
  } finally {
    for (const { socket } of connections) socket.destroy();
  }
}

function open(): Promise<RawConnection> {
  const { hostname, port } = new URL(gatewayUrl());
  const socket = connect(Number(port || 80), hostname);
  const opened = performance.now();
  let [text, ended] = ["", 0];
  socket.setEncoding("latin1");
  socket.on("data", (chunk: string) => {
    text += chunk;
  });
  socket.on("error", () => {});
  socket.on("close", () => {
    ended = performance.now();
  });
  const wait = (what: string, seconds: number, done: () => boolean) =>
    new Promise<void>((resolve, reject) => {
      const check = () => {
        if (!done()) return;
        clearTimeout(timer);
        socket.off("data", check).off("close", check);
        resolve();
      };
      const timer = setTimeout(
        () => reject(new Error(`${what}: not within ${seconds} s; what came: ${text.slice(0, 500)}`)),
        seconds * 1_000,
      );
      socket.on("data", check).on("close", check);
      check();
    });
  const connection: RawConnection = {
    socket,
    write: (bytes) => void socket.write(bytes),
    received: () => text,
    async until(pattern, seconds = 10) {
      await wait(String(pattern), seconds, () => pattern.test(text) || ended > 0);
      return text;
    },
    async closed(seconds) {
      await wait("closed", seconds, () => ended > 0);
      return (ended - opened) / 1_000;
    },
  };
  return new Promise((resolve, reject) => {
    socket.once("connect", () => resolve(connection));
    socket.once("error", reject);
  });
}
