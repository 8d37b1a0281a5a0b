import { Agent, request } from "node:http";
import { setTimeout as pause, setImmediate as turn } from "node:timers/promises";
import type { Slice } from "../../../report/records.ts";
import { productUrl } from "./product.ts";

/** What a request came back with. */
export interface Reply {
  readonly status: number;
  /** Who answered. */
  readonly version: string | undefined;
  readonly pod: string | undefined;
  /** Whether a proxy says that it did not even try, as too much is under way. */
  readonly overloaded: boolean;
  /** Of one that failed, what was said of it: the body, or what became of the connection. */
  readonly problem: string | undefined;
  /** When it was asked, in ms since 1970. */
  readonly asked: number;
  /** How long it took. */
  readonly ms: number;
}

export interface Asked {
  /** @default GET */
  readonly method?: "GET" | "POST";
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
  { method = "GET", headers = {}, concurrency = 8, keepAlive = true }: Asked = {},
): Promise<Reply[]> {
  const agent = new Agent({ keepAlive, maxSockets: concurrency });
  const replies: Reply[] = [];
  let left = n;
  const worker = async () => {
    while (left-- > 0) replies.push(await askOnce(url, agent, method, headers));
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  agent.destroy();
  return replies;
}

export interface Steady {
  /** Asked anew for each request. @default none */
  readonly headers?: () => Readonly<Record<string, string>>;
  /** Whether connections are used again. @default true */
  readonly keepAlive?: boolean;
}

/**
 * Asks the product service, or another URL, at a rate, in requests per second, while something is done, and returns what
 * came back, in the order it was asked.
 *
 * @param use - gets what came back so far, in the order it came.
 */
export async function underLoad(
  rate: number,
  use: (soFar: readonly Reply[]) => Promise<void>,
  url = productUrl(),
  { headers = () => ({}), keepAlive = true }: Steady = {},
): Promise<Reply[]> {
  const agent = new Agent({ keepAlive, maxSockets: 64 });
  const asked: Promise<Reply>[] = [];
  const soFar: Reply[] = [];
  let going = true;
  const askOn = async () => {
    const start = performance.now();
    while (going) {
      const due = ((performance.now() - start) / 1_000) * rate;
      while (asked.length < due) {
        const reply = askOnce(url, agent, "GET", headers());
        asked.push(reply);
        void reply.then((came) => soFar.push(came));
      }
      await pause(5);
      await catchUp();
    }
    await Promise.all(asked);
    agent.destroy();
  };
  const sending = askOn();
  try {
    await use(soFar);
  } finally {
    going = false;
    await sending;
  }
  return Promise.all(asked);
}

/**
 * Reads what has come over connections, again as long as this process was busy meanwhile: one that was closed by then is not used for
 * another request. A turn reads that it was closed, and the next one lets go of it.
 */
async function catchUp(): Promise<void> {
  for (let turns = 0, quick = 0; quick < 2 && turns < 10; turns++) {
    const begun = performance.now();
    await turn();
    quick = performance.now() - begun < 5 ? quick + 1 : 0;
  }
}

/** How many replies each version gave, and how many were no 200. */
export function count(replies: readonly Reply[]): { readonly failed: number; readonly of: Readonly<Record<string, number>> } {
  const of: Record<string, number> = {};
  for (const { status, version } of replies) {
    if (status === 200 && version !== undefined) of[version] = (of[version] ?? 0) + 1;
  }
  return { failed: replies.filter(({ status }) => status !== 200).length, of };
}

/** What came back within slices of time, by whoever answered with 200. @param start - ms since 1970, when slices begin. */
export function slicesOf(replies: readonly Reply[], by: "version" | "pod", start: number, seconds: number): Slice[] {
  const slices: { at: number; answered: Record<string, number>; failed: number }[] = [];
  for (const reply of replies) {
    const index = Math.floor((reply.asked - start) / 1_000 / seconds);
    while (slices.length <= index) slices.push({ at: slices.length * seconds, answered: {}, failed: 0 });
    const slice = slices[index];
    if (!slice) continue;
    const who = reply[by];
    if (reply.status === 200 && who !== undefined) slice.answered[who] = (slice.answered[who] ?? 0) + 1;
    else slice.failed++;
  }
  return slices;
}

function askOnce(url: string, agent: Agent, method: string, headers: Readonly<Record<string, string>>): Promise<Reply> {
  return new Promise((resolve) => {
    const asked = Date.now();
    const started = performance.now();
    const reply = (status: number, body = "", overloaded = false) => {
      const field = (name: string) => new RegExp(`"${name}":"([^"]+)"`).exec(body)?.[1];
      const problem = status === 200 ? undefined : body.slice(0, 200);
      resolve({
        status,
        version: field("version"),
        pod: field("pod"),
        problem,
        overloaded,
        asked,
        ms: performance.now() - started,
      });
    };
    const nothing = (error: Error) => reply(0, error.message);
    const sent = request(url, { agent, method, headers, timeout: 10_000 }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        body += chunk;
      });
      response.once("end", () => reply(response.statusCode ?? 0, body, response.headers["x-envoy-overloaded"] === "true"));
      response.once("error", nothing);
    });
    sent.once("timeout", () => sent.destroy(new Error("nothing came for 10 s")));
    sent.once("error", nothing);
    sent.end();
  });
}
