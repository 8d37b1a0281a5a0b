import { Agent, request } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { productUrl } from "./product.ts";

/** What a request came back with. */
export interface Reply {
  readonly status: number;
  /** Who answered. */
  readonly version: string | undefined;
  readonly pod: string | undefined;
  /** Whether a proxy says that it did not even try, as too much is under way. */
  readonly overloaded: boolean;
  /** When it was asked, in ms since 1970. */
  readonly asked: number;
  /** How long it took. */
  readonly ms: number;
}

export interface Asked {
  readonly headers?: Readonly<Record<string, string>>;
  /** How many are under way at once. @default 8 */
  readonly concurrency?: number;
  /** Whether connections are used again. @default true */
  readonly keepAlive?: boolean;
}

/** Asks a URL n times and returns what came back. A request that got no answer has the status 0. */
export async function ask(
  url: string,
  n: number,
  { headers = {}, concurrency = 8, keepAlive = true }: Asked = {},
): Promise<Reply[]> {
  const agent = new Agent({ keepAlive, maxSockets: concurrency });
  const replies: Reply[] = [];
  let left = n;
  const worker = async () => {
    while (left-- > 0) replies.push(await askOnce(url, agent, headers));
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  agent.destroy();
  return replies;
}

/** Requests at a steady rate while something else happens. */
interface SteadyLoad {
  /** Stops sending, waits for the last answers, and returns them all. */
  stop(): Promise<Reply[]>;
}

/**
 * Asks the product service, or another URL, at a rate, in requests per second, while something is done, and returns what
 * came back, in the order it was asked.
 */
export async function underLoad(rate: number, use: () => Promise<void>, url = productUrl()): Promise<Reply[]> {
  const load = steadyLoad(rate, url);
  try {
    await use();
  } finally {
    await load.stop();
  }
  return load.stop();
}

/** Asks a URL at a rate, in requests per second, until told to stop. */
function steadyLoad(rate: number, url: string): SteadyLoad {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const replies: Promise<Reply>[] = [];
  let going = true;
  const loop = (async () => {
    const start = performance.now();
    while (going) {
      const due = ((performance.now() - start) / 1_000) * rate;
      while (replies.length < due) replies.push(askOnce(url, agent, {}));
      await pause(5);
    }
  })();
  return {
    async stop() {
      going = false;
      await loop;
      const all = await Promise.all(replies);
      agent.destroy();
      return all;
    },
  };
}

/** How many replies each version gave, and how many were no 200. */
export function count(replies: readonly Reply[]): { readonly failed: number; readonly of: Readonly<Record<string, number>> } {
  const of: Record<string, number> = {};
  for (const { status, version } of replies) {
    if (status === 200 && version !== undefined) of[version] = (of[version] ?? 0) + 1;
  }
  return { failed: replies.filter(({ status }) => status !== 200).length, of };
}

function askOnce(url: string, agent: Agent, headers: Readonly<Record<string, string>>): Promise<Reply> {
  return new Promise((resolve) => {
    const asked = Date.now();
    const started = performance.now();
    const reply = (status: number, body = "", overloaded = false) => {
      const field = (name: string) => new RegExp(`"${name}":"([^"]+)"`).exec(body)?.[1];
      resolve({ status, version: field("version"), pod: field("pod"), overloaded, asked, ms: performance.now() - started });
    };
    const nothing = () => reply(0);
    const sent = request(url, { agent, headers, timeout: 10_000 }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        body += chunk;
      });
      response.once("end", () => reply(response.statusCode ?? 0, body, response.headers["x-envoy-overloaded"] === "true"));
      response.once("error", nothing);
    });
    sent.once("timeout", () => sent.destroy());
    sent.once("error", nothing);
    sent.end();
  });
}
