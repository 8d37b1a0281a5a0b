import * as Plot from "@observablehq/plot";
import { sum } from "../../tests/lib/statistics.ts";
import { count } from "../format.ts";
import type { Slice } from "../records.ts";
import { ink } from "./draw.ts";

/** Slices of equal length at their middles, where what they count is drawn. */
export function middles(slices: readonly Slice[]): Slice[] {
  const [first, second] = slices;
  const half = first && second ? (second.at - first.at) / 2 : 0;
  return slices.map((slice) => ({ ...slice, at: slice.at + half }));
}

/** A cross at each slice of time in which requests failed, and one number over those that follow each other. */
export function failures(slices: readonly Slice[]): Plot.Markish {
  const failed = slices.filter((slice) => slice.failed > 0);
  const foot = { x: "at", frameAnchor: "bottom" } as const;
  return [
    Plot.dot(failed, { ...foot, dy: -10, symbol: "times", r: 4, stroke: "var(--orange)", strokeWidth: 2 }),
    Plot.text(runsOf(slices), { ...foot, dy: -24, text: ({ failed }: Run) => `${count(failed)} failed`, ...ink }),
  ];
}

/** Slices that follow each other, in all of which requests failed. */
export interface Run {
  /** Its middle. */
  readonly at: number;
  readonly failed: number;
}

/** The runs of slices with failed requests. */
export function runsOf(slices: readonly Slice[]): Run[] {
  const runs: Slice[][] = [[]];
  for (const slice of slices) {
    if (slice.failed > 0) runs.at(-1)?.push(slice);
    else runs.push([]);
  }
  return runs
    .filter((run) => run.length > 0)
    .map((run) => ({ at: sum(run.map(({ at }) => at)) / run.length, failed: sum(run.map(({ failed }) => failed)) }));
}
