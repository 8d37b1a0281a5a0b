import { join } from "node:path";
import { ensureToolchain } from "../../../airgap/index.ts";
import { consoleProgress } from "../../../cli/support/progress.ts";
import { type Finished, run } from "./stack.ts";

export interface Load {
  /** Requests a second; 0 for as many as there can be. */
  readonly qps: number;
  /** Connections, each of which has one request under way at a time. @default 8 */
  readonly connections?: number;
}

/** What came of a load. */
export interface Outcome {
  readonly requests: number;
  /** By status; -1 stands for no answer. */
  readonly codes: Readonly<Record<string, number>>;
  /** Requests that were answered with anything but 200, or not at all. */
  readonly failed: number;
}

/** The part of fortio's report that counts. */
interface Report {
  readonly RetCodes: Readonly<Record<string, number>>;
  readonly DurationHistogram: { readonly Count: number };
}

let program: Promise<string> | undefined;

/** fortio of the toolchain, or the one on PATH where there is none. */
function fortio(): Promise<string> {
  program ??= (async () => {
    if ((await run("fortio", ["version"])).exitCode === 0) return "fortio";
    return join((await ensureToolchain(consoleProgress())).imageBin, "fortio");
  })();
  return program;
}

/**
 * Sends so many requests to a URL from outside the cluster with fortio, and returns what came of it.
 *
 * @throws Error with what fortio said when it could not run.
 */
export async function fortioLoad(url: string, load: Load, requests: number): Promise<Outcome> {
  return outcomeOf(await run(await fortio(), [...argumentsOf(load), "-n", String(requests), url]));
}

/** The same for as long as something takes. */
export async function fortioWhile(url: string, load: Load, use: () => Promise<void>): Promise<Outcome> {
  const done = new AbortController();
  // Interrupted, it tells what came of it until then.
  const until = { cancelSignal: done.signal, killSignal: "SIGINT" } as const;
  const finished = run(await fortio(), [...argumentsOf(load), "-t", "0", url], until);
  try {
    await use();
  } finally {
    done.abort();
    await finished;
  }
  return outcomeOf(await finished);
}

function argumentsOf({ qps, connections = 8 }: Load): string[] {
  const args = ["load", "-quiet", "-json", "-", "-allow-initial-errors", "-timeout", "10s"];
  return [...args, "-qps", String(qps), "-c", String(connections)];
}

function outcomeOf({ stdout, all }: Finished): Outcome {
  if (!stdout.trimStart().startsWith("{")) throw new Error(`fortio could not run:\n${all.slice(-2_000)}`);
  const { RetCodes, DurationHistogram } = JSON.parse(stdout) as Report;
  const requests = DurationHistogram.Count;
  return { requests, codes: RetCodes, failed: requests - (RetCodes["200"] ?? 0) };
}
