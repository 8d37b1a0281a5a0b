import { expect, test } from "vitest";
import { binomialBounds } from "../../lib/binomial.ts";

test.each([
  // Of ten coins, all fall alike on one side once in 1,024 times.
  [10, 0.5, 1, { least: 0, most: 10 }],
  [11, 0.5, 1, { least: 1, most: 10 }],
  [11, 0.5, 10, { least: 0, most: 11 }],
  [2_000, 0.1, 1, { least: 157, most: 245 }],
  [2_000, 0.1, 6, { least: 151, most: 252 }],
  [2_000, 0.5, 1, { least: 926, most: 1_074 }],
])("of %i requests with a share of %d, %i times: within bounds", (n, p, shares, bounds) => {
  expect(binomialBounds(n, p, shares)).toEqual(bounds);
});

test.each([0, 1])("a share of %i leaves no choice", (p) => {
  expect(binomialBounds(2_000, p, 3)).toEqual({ least: 2_000 * p, most: 2_000 * p });
});
