import { once } from "node:events";
import { type IncomingHttpHeaders, request } from "node:http";
import type { AddressInfo } from "node:net";
import type { Service } from "../../../apps/support/service.ts";

export interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The text as JSON; empty where it is none. */
  readonly body: Record<string, unknown>;
  readonly ms: number;
}

export interface Asking {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Ask = (path: string, asking?: Asking) => Promise<Answer>;

/** Lets a service listen, and returns what asks it. */
export async function listen({ server }: Pick<Service, "server">): Promise<{ port: number; ask: Ask }> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { port, ask: (path, asking) => ask(port, path, asking) };
}

function ask(port: number, path: string, { method = "GET", headers = {} }: Asking = {}): Promise<Answer> {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, path, method, headers }, (response) => {
      let text = "";
      response.on("data", (data) => {
        text += data;
      });
      response.on("end", () => {
        const isJson = response.headers["content-type"]?.startsWith("application/json") && text !== "";
        const body = isJson ? (JSON.parse(text) as Answer["body"]) : {};
        resolve({ status: response.statusCode, headers: response.headers, text, body, ms: performance.now() - started });
      });
    });
    sent.on("error", reject).end();
  });
}
