import { expect, test } from "vitest";
import { outcomeOf } from "../../../bench/support/fortio.ts";

/** As fortio 1.7 writes it, without what nobody reads. */
const report = {
  ActualQPS: 49.96,
  ActualDuration: 5_003_915_000,
  RetCodes: { 200: 248, 503: 1, [-1]: 1 },
  DurationHistogram: {
    Count: 250,
    Data: [
      { Start: 0.000312, End: 0.00035, Percent: 40, Count: 100 },
      { Start: 0.00035, End: 0.0012345678, Percent: 100, Count: 150 },
    ],
    Percentiles: [
      { Percentile: 50, Value: 0.0004 },
      { Percentile: 90, Value: 0.0009 },
      { Percentile: 99, Value: 0.0012 },
    ],
  },
};

test("times become milliseconds, and whatever is not 200 has failed", () => {
  const { p50, p90, p99, ...rest } = outcomeOf(JSON.stringify(report));
  expect([p50, p90, p99].map((value) => value.toFixed(3))).toEqual(["0.400", "0.900", "1.200"]);
  expect(rest).toEqual({
    requests: 250,
    codes: { 200: 248, 503: 1, [-1]: 1 },
    failed: 2,
    rate: 49.96,
    seconds: 5.003915,
    buckets: [
      { upTo: 0.35, count: 100 },
      { upTo: 1.2346, count: 150 },
    ],
  });
});

test("what is said before the report does not matter", () => {
  expect(outcomeOf(`Defaulted container\n${JSON.stringify(report, undefined, 2)}\n`).requests).toBe(250);
});

test("when every request failed, all of them have", () => {
  expect(outcomeOf(JSON.stringify({ ...report, RetCodes: { [-1]: 250 } })).failed).toBe(250);
});

test("no report, or one without a percentile, is an error", () => {
  expect(() => outcomeOf("connection refused")).toThrow(/no report: connection refused/);
  const histogram = { ...report.DurationHistogram, Percentiles: [] };
  expect(() => outcomeOf(JSON.stringify({ ...report, DurationHistogram: histogram }))).toThrow(/no percentile 50/);
});
