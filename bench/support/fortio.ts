import { type Counts, countsOf, readReport } from "../../tests/lib/fortio.ts";
import { kubectl } from "../../tests/lib/runningStack.ts";
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
const reporting = ["-json", "-", "-r", "0.00001", "-p", "50,90,99", "-quiet"] as const;

export interface Load {
  /** Requests a second; 0 for as many as it can. */
  readonly rate: number;
  /** Connections, each with one request at a time. */
  readonly connections: number;
  readonly seconds: number;
}

/**
 * Puts load on a URL from a pod's container `client`.
 *
 * @throws Error when a request fails: its time would say nothing.
 */
export async function loadFrom(
  client: { readonly namespace: string; readonly name: string },
  url: string,
  { rate, connections, seconds }: Load,
): Promise<Outcome> {
  const how = ["-qps", String(rate), "-uniform", "-c", String(connections), "-t", `${seconds}s`];
  const command = ["/usr/local/bin/fortio", "load", ...reporting, ...how, url];
  const where = [`--namespace=${client.namespace}`, client.name, "--container=client"];
  const outcome = outcomeOf(await kubectl("exec", ...where, "--", ...command));
  if (outcome.failed > 0)
    throw new Error(`${url} of ${client.namespace}: ${outcome.failed} of ${outcome.requests} requests failed`);
  return outcome;
}

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
