import type { Distribution, Estimate, Rounds } from "../../report/records.ts";
import { binomialBounds } from "../../tests/lib/binomial.ts";
import { median, sum } from "../../tests/lib/statistics.ts";

/** What several rounds of one measurement come to. */
export function roundsOf(values: readonly number[]): Rounds {
  return { median: median(values), least: Math.min(...values), most: Math.max(...values), rounds: values };
}

/**
 * The median of what several rounds came to, and between which of them the true one lies at 95 %, however they are spread: each is
 * above it as often as below, so how many are below follows the binomial distribution.
 *
 * @returns the least and the most where there are fewer than six, which then says less than 95 %.
 */
export function estimateOf(values: readonly number[]): Estimate {
  const sorted = [...values].sort((a, b) => a - b);
  const { least } = binomialBounds(sorted.length, 0.5, 1, 0.05);
  const left = Math.max(0, least - 1);
  return { median: median(values), from: sorted[left] ?? Number.NaN, to: sorted[sorted.length - 1 - left] ?? Number.NaN };
}

/**
 * How many times as much each unit of the largest size takes as each of the size before: 1 where growth is linear from nothing,
 * less where it begins with something.
 *
 * @param points - sizes, ascending, and what they take.
 */
export function timesPerUnit(points: readonly (readonly [size: number, taken: number])[]): number {
  const [before = Number.NaN, last = Number.NaN] = points.slice(-2).map(([size, taken]) => taken / size);
  return last / before;
}

/** Samples that were counted in one bucket. */
export interface Bucket {
  readonly upTo: number;
  readonly count: number;
}

/** Several histograms of the same thing as one. */
export function distributionOf(buckets: readonly Bucket[]): Distribution {
  const count = sum(buckets.map(({ count }) => count));
  const counts = new Map<number, number>();
  for (const { upTo, count } of buckets) counts.set(upTo, (counts.get(upTo) ?? 0) + count);
  let below = 0;
  const cumulative = [...counts]
    .sort(([a], [b]) => a - b)
    .map(([upTo, own]): readonly [number, number] => {
      below += own;
      return [upTo, below / count];
    });
  const at = (share: number) => valueAt(cumulative, share);
  return { count, p50: at(0.5), p90: at(0.9), p99: at(0.99), cumulative };
}

/** What a share of the samples is at or below: samples of one bucket are taken to be spread evenly over it. */
function valueAt(cumulative: Distribution["cumulative"], share: number): number {
  const index = cumulative.findIndex(([, reached]) => reached >= share);
  const [upTo, reached] = cumulative[index] ?? [Number.NaN, 1];
  const [from, before] = cumulative[index - 1] ?? [0, 0];
  return from + ((upTo - from) * (share - before)) / (reached - before);
}
