import { type Counts, countsOf, readReport } from "../../tests/lib/fortio.ts";
import type { Bucket } from "./rounds.ts";

/** What came of one load. Times are in milliseconds. */
export interface Outcome extends Counts {
  /** Requests a second, as it was in the end. */
  readonly rate: number;
  /** How long it took, in seconds. */
  readonly seconds: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly buckets: readonly Bucket[];
}

/** Makes the histogram as fine as fortio can: buckets of 10 µs at first, and of less than a fifth of their value further up. */
export const reporting = ["-json", "-", "-r", "0.00001", "-p", "50,90,99", "-quiet"] as const;

/**
 * Reads the report that fortio writes with {@link reporting}.
 *
 * @throws Error when it is none, or lacks a percentile.
 */
export function outcomeOf(text: string): Outcome {
  const report = readReport(text);
  const { Data, Percentiles } = report.DurationHistogram;
  const percentile = (wanted: number) => {
    const found = Percentiles.find(({ Percentile }) => Percentile === wanted);
    if (!found) throw new Error(`fortio's report has no percentile ${wanted}`);
    return found.Value * 1_000;
  };
  return {
    ...countsOf(report),
    rate: report.ActualQPS,
    seconds: report.ActualDuration / 1e9,
    p50: percentile(50),
    p90: percentile(90),
    p99: percentile(99),
    buckets: Data.map(({ End, Count: count }) => ({ upTo: Number((End * 1_000).toFixed(4)), count })),
  };
}
