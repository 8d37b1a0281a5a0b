import { setTimeout as pause } from "node:timers/promises";
import { UserError } from "./errors.ts";
import type { Progress } from "./progress.ts";

/** How long to wait, in milliseconds: after a start of all nodes every pod starts again, on a machine that may be busy. */
const patience = 180_000;

/** What a URL answers just now: a status, or why there is none. */
export async function ask(url: string): Promise<string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
    await response.arrayBuffer();
    return String(response.status);
  } catch (error) {
    const { cause, message } = error as Error;
    return cause instanceof Error ? cause.message : message;
  }
}

/**
 * Waits until a URL answers 200.
 *
 * @throws UserError with the last answer.
 */
export async function untilAnswered(url: string, progress: Progress): Promise<void> {
  await progress.step(`Wait for ${url}`, async (detail) => {
    const end = Date.now() + patience;
    for (let answer = await ask(url); answer !== "200"; answer = await ask(url)) {
      if (Date.now() > end)
        throw new UserError(`${url} does not answer 200 but: ${answer}. \`make status\` shows what is wrong.`);
      detail(answer);
      await pause(200);
    }
  });
}
