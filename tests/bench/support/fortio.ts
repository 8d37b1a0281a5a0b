import type { Bucket } from "./statistics.ts";

/** What came of one load. Times are in milliseconds. */
export interface Outcome {
  readonly requests: number;
  /** Those that were answered with anything but 200, or not at all. */
  readonly failed: number;
  /** Requests a second, as it was in the end. */
  readonly rate: number;
  /** How long it took, in seconds. */
  readonly seconds: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly buckets: readonly Bucket[];
}

/** The part of fortio's report that counts. Its times are seconds but for the whole, which is in nanoseconds. */
interface Report {
  readonly ActualQPS: number;
  readonly ActualDuration: number;
  readonly RetCodes: Readonly<Record<string, number>>;
  readonly DurationHistogram: {
    readonly Count: number;
    readonly Data: readonly { readonly End: number; readonly Count: number }[];
    readonly Percentiles: readonly { readonly Percentile: number; readonly Value: number }[];
  };
}

/** Makes the histogram as fine as fortio can: buckets of 10 µs at first, and of less than a fifth of their value further up. */
export const reporting = ["-json", "-", "-r", "0.00001", "-p", "50,90,99", "-quiet"] as const;

/**
 * Reads the report that fortio writes with {@link reporting}.
 *
 * @throws Error when it is none, or lacks a percentile.
 */
export function outcomeOf(text: string): Outcome {
  const start = text.indexOf("{");
  if (start < 0) throw new Error(`fortio wrote no report: ${text.slice(-500)}`);
  const { ActualQPS, ActualDuration, RetCodes, DurationHistogram } = JSON.parse(text.slice(start)) as Report;
  const { Count, Data, Percentiles } = DurationHistogram;
  const percentile = (wanted: number) => {
    const found = Percentiles.find(({ Percentile }) => Percentile === wanted);
    if (!found) throw new Error(`fortio's report has no percentile ${wanted}`);
    return found.Value * 1_000;
  };
  return {
    requests: Count,
    failed: Count - (RetCodes["200"] ?? 0),
    rate: ActualQPS,
    seconds: ActualDuration / 1e9,
    p50: percentile(50),
    p90: percentile(90),
    p99: percentile(99),
    buckets: Data.map(({ End, Count: count }) => ({ upTo: Number((End * 1_000).toFixed(4)), count })),
  };
}
