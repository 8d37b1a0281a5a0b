import { describe, expect, test } from "vitest";
import { distributionOf, estimateOf, roundsOf, timesPerUnit } from "../../../bench/support/rounds.ts";

test("rounds keep their order and say how far they are apart", () => {
  expect(roundsOf([5, 1, 3])).toEqual({ median: 3, least: 1, most: 5, rounds: [5, 1, 3] });
});

describe("the median of rounds, and between which it lies at 95 %", () => {
  const upTo = (count: number) => Array.from({ length: count }, (_, index) => count - index);
  // From a table of the sign test: the most that may be left out on either side.
  test.each([
    [6, 1, 6],
    [8, 1, 8],
    [9, 2, 8],
    [15, 4, 12],
    [25, 8, 18],
  ])("of %d: from number %d to number %d", (count, from, to) => {
    expect(estimateOf(upTo(count))).toEqual({ median: (count + 1) / 2, from, to });
  });

  test("of few: all that was seen", () => {
    expect(estimateOf([3, 1])).toEqual({ median: 2, from: 1, to: 3 });
  });
});

describe("what a unit of the largest size takes, beside one of the size before", () => {
  const sizes = [10, 100, 500];
  test.each([
    ["linear", 1, (n: number) => 3 * n],
    ["nothing but a start", 0.2, () => 300],
    ["the square", 5, (n: number) => n * n],
  ])("%s: %d times", (_, expected, taken) => {
    expect(timesPerUnit(sizes.map((n) => [n, taken(n)]))).toBeCloseTo(expected);
  });
});

describe("a distribution", () => {
  test("adds up histograms whose buckets differ, in ascending order", () => {
    const { count, cumulative } = distributionOf([
      { upTo: 2, count: 1 },
      { upTo: 1, count: 6 },
      { upTo: 2, count: 1 },
      { upTo: 4, count: 2 },
    ]);
    expect(count).toBe(10);
    expect(cumulative).toEqual([
      [1, 0.6],
      [2, 0.8],
      [4, 1],
    ]);
  });

  test("reads percentiles within a bucket", () => {
    const { p50, p90, p99 } = distributionOf([
      { upTo: 1, count: 50 },
      { upTo: 3, count: 50 },
    ]);
    expect(p50).toBe(1);
    expect(p90).toBeCloseTo(2.6);
    expect(p99).toBeCloseTo(2.96);
  });
});
