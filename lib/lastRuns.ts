import { join } from "node:path";
import { readJson, writeJson } from "./jsonFile.ts";
import { stateDir } from "./paths.ts";

/*
 * What the last runs of `make up` were at, and when; `make report` draws it.
 */

/** Something that was under way, in seconds since its command began. */
export interface Span {
  readonly what: string;
  readonly from: number;
  readonly to: number;
}

/** One `make up`: one that made a cluster, or one that did not. */
export interface Run {
  readonly cluster: "made" | "kept";
  readonly date: string;
  readonly stack: string;
  readonly steps: readonly Span[];
  /** What Pulumi made, changed or removed, in the order in which it was done. */
  readonly resources: readonly Span[];
}

const file = join(stateDir, "runs.json");

/** Keeps a run in the place of the last one of its kind. */
export async function keepRun(run: Run): Promise<void> {
  const others = (await lastRuns()).filter(({ cluster }) => cluster !== run.cluster);
  await writeJson(file, [...others, run]);
}

/** The last run of each kind, as far as there was one. */
export async function lastRuns(): Promise<readonly Run[]> {
  return ((await readJson(file)) ?? []) as Run[];
}
