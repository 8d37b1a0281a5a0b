import { join } from "node:path";
import { ensureToolchain, imageBinDir } from "../../../airgap/index.ts";
import { consoleProgress } from "../../../lib/progress.ts";
import { type Counts, countsOf, readReport } from "../../lib/fortio.ts";
import { type Finished, run } from "../../lib/runningStack.ts";

export interface Load {
  /** Requests a second; 0 for as many as there can be. */
  readonly qps: number;
  /** Connections, each of which has one request under way at a time. @default 8 */
  readonly connections?: number;
}

let program: Promise<string> | undefined;

/** fortio of the toolchain, or the one on PATH where there is none. */
function fortio(): Promise<string> {
  program ??= (async () => {
    if ((await run("fortio", ["version"])).exitCode === 0) return "fortio";
    await ensureToolchain("cluster", consoleProgress());
    return join(imageBinDir(), "fortio");
  })();
  return program;
}

/**
 * Sends so many requests to a URL from outside the cluster with fortio, and returns what came of it.
 *
 * @throws Error with what fortio said when it could not run.
 */
export async function fortioLoad(url: string, load: Load, requests: number): Promise<Counts> {
  return outcomeOf(await run(await fortio(), [...argumentsOf(load), "-n", String(requests), url]));
}

/** The same for as long as something takes. */
export async function fortioWhile(url: string, load: Load, use: () => Promise<void>): Promise<Counts> {
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

function outcomeOf({ stdout, all }: Finished): Counts {
  if (!stdout) throw new Error(`fortio could not run:\n${all.slice(-2_000)}`);
  return countsOf(readReport(stdout));
}
