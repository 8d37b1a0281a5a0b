import { join } from "node:path";
import { ensureToolchain } from "../../../airgap/index.ts";
import { consoleProgress } from "../../../cli/support/progress.ts";
import { type Finished, run } from "./stack.ts";

export interface Load {
  /** Requests a second; 0 for as many as there can be. */
  readonly qps: number;
  /** Connections, each of which has one request under way at a time. @default 8 */
  readonly connections?: number;
  /** Seconds; or with `requests`, until so many were sent. */
  readonly seconds?: number;
  readonly requests?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** @default GET */
  readonly method?: "GET" | "POST";
  /** Whether connections are used again. @default true */
  readonly keepAlive?: boolean;
  /** Milliseconds after which a request is given up. @default 10,000 */
  readonly timeout?: number;
}

/** What came of a load. */
export interface Outcome {
  readonly requests: number;
  /** By status; -1 stands for no answer. */
  readonly codes: Readonly<Record<string, number>>;
  /** Requests that were answered with anything but 200, or not at all. */
  readonly failed: number;
  /** Milliseconds, by percentile. */
  readonly percentiles: Readonly<Record<50 | 90 | 99 | 99.9, number>>;
  readonly slowest: number;
  /** Per second, as it was in the end. */
  readonly rate: number;
}

/** The part of fortio's report that counts. Its times are seconds. */
interface Report {
  readonly ActualQPS: number;
  readonly RetCodes: Readonly<Record<string, number>>;
  readonly DurationHistogram: {
    readonly Count: number;
    readonly Max: number;
    readonly Percentiles: readonly { readonly Percentile: number; readonly Value: number }[];
  };
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
 * Puts load on a URL from outside the cluster with fortio, and returns what came of it.
 *
 * @throws Error with what fortio said when it could not run.
 */
export async function fortioLoad(url: string, { seconds, requests, ...load }: Load): Promise<Outcome> {
  const amount = requests === undefined ? ["-t", `${seconds ?? 10}s`] : ["-n", String(requests)];
  return outcomeOf(await run(await fortio(), [...argumentsOf(load), ...amount, url]));
}

/** The same for as long as something takes. */
export async function fortioWhile(
  url: string,
  load: Omit<Load, "seconds" | "requests">,
  use: () => Promise<void>,
): Promise<Outcome> {
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

function argumentsOf(load: Omit<Load, "seconds" | "requests">): string[] {
  const { qps, connections = 8, headers = {}, method = "GET", keepAlive = true, timeout = 10_000 } = load;
  const args = ["load", "-quiet", "-json", "-", "-allow-initial-errors", "-r", "0.0001", "-p", "50,90,99,99.9"];
  const fields = Object.entries(headers).flatMap(([name, value]) => ["-H", `${name}: ${value}`]);
  const how = ["-qps", String(qps), "-c", String(connections), `-keepalive=${keepAlive}`, "-timeout", `${timeout}ms`];
  return [...args, ...how, ...fields, "-X", method];
}

function outcomeOf({ stdout, all }: Finished): Outcome {
  if (!stdout.trimStart().startsWith("{")) throw new Error(`fortio could not run:\n${all.slice(-2_000)}`);
  const { ActualQPS, RetCodes, DurationHistogram } = JSON.parse(stdout) as Report;
  const percentiles = DurationHistogram.Percentiles.map(({ Percentile, Value }) => [Percentile, Value * 1_000]);
  return {
    requests: DurationHistogram.Count,
    codes: RetCodes,
    failed: DurationHistogram.Count - (RetCodes["200"] ?? 0),
    percentiles: Object.fromEntries(percentiles) as Outcome["percentiles"],
    slowest: DurationHistogram.Max * 1_000,
    rate: ActualQPS,
  };
}
