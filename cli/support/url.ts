import { setTimeout as pause } from "node:timers/promises";
import { UserError } from "./errors.ts";
import type { Progress } from "./progress.ts";
import { makeFor } from "./stack.ts";

/**
 * What a URL answers just now: a status, or why there is none. Over a connection of its own, as one that is open leads to the
 * same pod of the gateway again.
 */
export async function ask(url: string): Promise<string> {
  try {
    const response = await fetch(url, { headers: { connection: "close" }, signal: AbortSignal.timeout(5_000) });
    await response.arrayBuffer();
    return String(response.status);
  } catch (error) {
    const { cause, message } = error as Error;
    return cause instanceof Error ? cause.message : message;
  }
}

/** So many answers in a row mean that it answers: of several pods, each has been asked. */
const steady = 10;

/**
 * Waits until a URL answers 200, again and again: after a node's death some of its pods are still believed to be there.
 *
 * @param patience - in seconds: after a start of all nodes every pod starts again, on a machine that may be busy.
 * @throws UserError with the last answer.
 */
export async function untilAnswered(url: string, progress: Progress, patience: number, stack: string): Promise<void> {
  await progress.step(`Wait for ${url}`, async (detail) => {
    const end = Date.now() + patience * 1_000;
    for (let good = 0; good < steady; ) {
      const answer = await ask(url);
      good = answer === "200" ? good + 1 : 0;
      if (good > 0) continue;
      if (Date.now() > end)
        throw new UserError(`${url} does not answer 200 but: ${answer}. \`${makeFor(stack, "status")}\` shows what is wrong.`);
      detail(answer);
      await pause(200);
    }
  });
}

/** The stack's output `urls`, one line for each: a list, or a mapping of what answers there to where. */
export function listUrls(urls: unknown): string[] {
  if (Array.isArray(urls)) return urls.map(String);
  if (typeof urls !== "object" || urls === null) return [];
  const width = Math.max(0, ...Object.keys(urls).map((name) => name.length));
  return Object.entries(urls).map(([name, url]) => `${name.padEnd(width)}  ${String(url)}`);
}
