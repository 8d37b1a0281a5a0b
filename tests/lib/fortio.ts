/** How many requests there were, and how they ended. */
export interface Counts {
  readonly requests: number;
  /** By status; -1 stands for no answer. */
  readonly codes: Readonly<Record<string, number>>;
  /** Those that were answered with anything but 200, or not at all. */
  readonly failed: number;
}

/** The part of fortio's report that is read. Its times are seconds but for the whole, which is in nanoseconds. */
export interface Report {
  readonly ActualQPS: number;
  readonly ActualDuration: number;
  readonly RetCodes: Readonly<Record<string, number>>;
  readonly DurationHistogram: {
    readonly Count: number;
    readonly Data: readonly { readonly End: number; readonly Count: number }[];
    readonly Percentiles: readonly { readonly Percentile: number; readonly Value: number }[];
  };
}

/**
 * Finds the report that fortio writes with `-json -`, whatever it says before.
 *
 * @throws Error with the last of what it said when there is none.
 */
export function readReport(text: string): Report {
  const start = text.indexOf("{");
  if (start < 0) throw new Error(`fortio wrote no report: ${text.slice(-2_000)}`);
  return JSON.parse(text.slice(start)) as Report;
}

export function countsOf({ RetCodes: codes, DurationHistogram: { Count: requests } }: Report): Counts {
  return { requests, codes, failed: requests - (codes["200"] ?? 0) };
}
