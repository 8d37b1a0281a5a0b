import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { setTimeout as pause } from "node:timers/promises";
import { UserError } from "../../lib/errors.ts";
import type { Progress } from "../../lib/progress.ts";
import { type ExpectedAnswer, expectedAnswers, type Offer, questionsAllowed } from "../../model/expectedAnswers.ts";
import { makeFor } from "./make.ts";

/** How a URL is reached whose host may lead nowhere, and by whom its certificate is signed. */
export interface Way {
  /** Where to connect to, a name or an address. @default the URL's host */
  readonly address?: string | undefined;
  /** Authorities to trust (PEM). @default those of Node.js */
  readonly authority?: string | undefined;
}

/**
 * What a URL answers just now: a status, or why there is none. Over a connection of its own, as one that is open leads to the
 * same pod of the gateway again.
 */
export function ask(url: string, { address, authority }: Way = {}): Promise<string> {
  const { protocol, hostname, host, port, pathname, search } = new URL(url);
  const https = protocol === "https:";
  const options = {
    host: address ?? hostname.replace(/^\[|\]$/g, ""),
    port: port || (https ? 443 : 80),
    path: pathname + search,
    headers: { host, connection: "close" },
    agent: false,
    signal: AbortSignal.timeout(5_000),
  };
  return new Promise((resolve) => {
    const request = https
      ? requestHttps({ ...options, servername: hostname, ...(authority !== undefined && { ca: authority }) })
      : requestHttp(options);
    request.on("error", (error) => resolve(error.name === "AbortError" ? "nothing within 5 s" : error.message || error.name));
    request.on("response", (response) => {
      response.on("error", () => {}).resume();
      resolve(String(response.statusCode));
    });
    request.end();
  });
}

/** A URL, how it is reached, and which answers show that it works. */
export interface Question extends Way {
  readonly url: string;
  readonly expected: readonly ExpectedAnswer[];
  /** How many answers in a row are needed: of several pods of a gateway, each has to be asked. @default 10 */
  readonly times?: number;
}

/**
 * How to ask for the first service of a stack, by the stack's outputs; undefined where nothing was deployed yet.
 *
 * @param offer - what is declared of the service; undefined where none is exposed.
 */
export function questionOf(
  { url, address, authority }: Readonly<Record<string, unknown>>,
  offer: Offer | undefined,
): Question | undefined {
  if (typeof url !== "string") return undefined;
  const way = { address: text(address), authority: text(authority) };
  return { url, ...way, expected: expectedAnswers(offer), times: questionsAllowed(offer, 10) };
}

const text = (value: unknown) => (typeof value === "string" ? value : undefined);

/** Whether an answer shows that a URL works, and the answer in words: with the reason where it is a refusal. */
export function judge(answer: string, expected: readonly ExpectedAnswer[]): { readonly works: boolean; readonly text: string } {
  const found = expected.filter(({ status }) => String(status) === answer);
  const reasons = [...new Set(found.flatMap(({ why }) => why ?? []))].join(", or ");
  return { works: found.length > 0, text: reasons ? `${answer}, as ${reasons}` : answer };
}

/** The expected answers in words. */
export function listExpected(expected: readonly ExpectedAnswer[]): string {
  return [...new Set(expected.map(({ status }) => status))].join(" or ");
}

/**
 * Waits until a URL answers as expected, again and again: after a node's death some of its pods are still believed to be there.
 *
 * @param timeout - in seconds: after a start of all nodes every pod starts again, on a machine that may be busy.
 * @returns the answer in words.
 * @throws UserError with the last answer.
 */
export async function untilAnswered(
  { url, expected, times = 10, ...way }: Question,
  progress: Progress,
  timeout: number,
  stack: string,
): Promise<string> {
  return progress.step(`Wait for ${url}`, async (detail) => {
    const end = Date.now() + timeout * 1_000;
    let last = "";
    for (let good = 0; good < times; ) {
      const answer = await ask(url, way);
      const { works, text } = judge(answer, expected);
      good = works ? good + 1 : 0;
      last = text;
      if (good > 0) continue;
      if (Date.now() > end)
        throw new UserError(
          `${url} does not answer ${listExpected(expected)} but: ${answer}. \`${makeFor(stack, "status")}\` shows what is wrong.`,
        );
      detail(answer);
      await pause(200);
    }
    return last;
  });
}

/** The stack's output `urls`, one line for each: what answers there, and where. */
export function listUrls(urls: unknown): string[] {
  if (typeof urls !== "object" || urls === null) return [];
  const width = Math.max(0, ...Object.keys(urls).map((name) => name.length));
  return Object.entries(urls).map(([name, url]) => `${name.padEnd(width)}  ${String(url)}`);
}
