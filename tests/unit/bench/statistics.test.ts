import { describe, expect, test } from "vitest";
import { leastSquares, median, quantile } from "../../lib/statistics.ts";

describe("the median", () => {
  test.each([
    [[3], 3],
    [[10, 9, 1], 9],
    [[4, 1, 3, 100], 3.5],
  ])("of %j is %d", (values, expected) => expect(median(values)).toBe(expected));

  test("leaves the values in their order", () => {
    const values = [2, 1];
    median(values);
    expect(values).toEqual([2, 1]);
  });

  test("of nothing is no number", () => expect(median([])).toBeNaN());
});

describe("a percentile", () => {
  test("is a value that was measured, by the nearest rank", () => {
    const values = [5, 1, 4, 2, 3];
    expect([0, 0.5, 0.8, 0.99, 1].map((share) => quantile(values, share))).toEqual([1, 3, 4, 5, 5]);
    expect(values).toEqual([5, 1, 4, 2, 3]);
  });

  test("of nothing is no number", () => expect(quantile([], 0.5)).toBeNaN());
});

describe("least squares", () => {
  test("find the line that points are on", () => {
    const { slope, start } = leastSquares([10, 100, 500].map((x) => [x, 4 + 0.25 * x]));
    expect(slope).toBeCloseTo(0.25);
    expect(start).toBeCloseTo(4);
  });

  test("lie between points that are on none", () => {
    expect(
      leastSquares([
        [0, 0],
        [1, 3],
        [2, 0],
      ]),
    ).toEqual({ slope: 0, start: 1 });
  });

  test("are flat where all points have one x", () => expect(leastSquares([[3, 9]])).toEqual({ slope: 0, start: 9 }));
});
