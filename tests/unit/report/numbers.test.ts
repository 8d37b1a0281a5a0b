import { describe, expect, test } from "@jest/globals";
import * as format from "../../../report/format.ts";
import { lineAt, median, quantile, slope } from "../../../report/statistics.ts";

describe("numbers as a person reads them", () => {
  test.each([
    [format.count(20_000), "20,000"],
    [format.milliseconds(0.042_31), "0.0423 ms"],
    [format.milliseconds(133), "133 ms"],
    [format.milliseconds(1_420), "1.42 s"],
    [format.megabytes(31.24), "31.2 MB"],
    [format.megabytes(1_780), "1.78 GB"],
    [format.percent(0.27), "27 %"],
    [format.percent(0.104_5), "10.4 %"],
    [format.many(1, "probe"), "1 probe"],
    [format.many(1_200, "probe"), "1,200 probes"],
    [format.list([]), ""],
    [format.list(["a", "b", "c"]), "a, b and c"],
    [format.rounds({ median: 0.42, least: 0.4, most: 0.512, rounds: [] }, format.milliseconds), "0.42 ms (0.4–0.512)"],
    [format.moment("2026-11-22T08:31:07.000Z"), "22 November 2026 at 08:31 UTC"],
  ])("%s", (written, wanted) => {
    expect(written).toBe(wanted);
  });
});

describe("what is counted out of measurements", () => {
  const values = [5, 1, 4, 2, 3];

  test("a percentile is a value that was measured, by the nearest rank", () => {
    expect([0, 0.5, 0.8, 0.99, 1].map((share) => quantile(values, share))).toEqual([1, 3, 4, 5, 5]);
    expect(median([1, 2])).toBe(1);
    expect(quantile([], 0.5)).toBeNaN();
  });

  test("the slope is that of the line with the least squares", () => {
    expect(slope([10, 100, 500].map((x) => [x, 7 + 0.21 * x] as const))).toBeCloseTo(0.21, 12);
    expect(
      slope([
        [0, 0],
        [1, 2],
        [2, 1],
      ]),
    ).toBe(0.5);
    expect(slope([[3, 9]])).toBe(0);
    const points = [
      [1, 5],
      [2, 9],
      [3, 7],
    ] as const;
    expect([0, 3].map((at) => lineAt(points, at))).toEqual([5, 8]);
  });
});
