import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { defaultResilience, leastEjection, milliseconds, missingTime, seconds } from "../../../components/app/resilience.ts";

describe("durations", () => {
  test.each([
    ["250ms", 250],
    ["2s", 2_000],
    ["1.5s", 1_500],
    ["1m", 60_000],
  ])("%s", (text, ms) => {
    expect(milliseconds(text)).toBe(ms);
  });

  test.each(["", "5", "s", "-1s", "1h", "1 s", "1e3ms", "1.s"])("%j is none", (text) => {
    expect(milliseconds(text)).toBeUndefined();
    expect(() => seconds(text)).toThrow(/is not a duration/);
  });

  test("in seconds they last as long as before", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9_999 }), fc.constantFrom("ms", "s", "m"), (count, unit) => {
        expect(milliseconds(seconds(`${count}${unit}`))).toBeCloseTo(milliseconds(`${count}${unit}`) ?? Number.NaN, 3);
      }),
    );
  });
});

describe("timeouts", () => {
  test("the defaults hold", () => {
    expect(missingTime(defaultResilience)).toBeUndefined();
  });

  test("refused exactly when all tries together outlast the timeout", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 10 }),
        fc.integer({ min: 1, max: 5_000 }),
        fc.integer({ min: 1, max: 20_000 }),
        (attempts, perTry, total) => {
          const missing = missingTime({ timeout: `${total}ms`, retries: { attempts, perTryTimeout: `${perTry}ms`, on: "5xx" } });
          expect(missing === undefined).toBe((attempts + 1) * perTry <= total);
        },
      ),
    );
  });
});

test.each([
  [1, 100],
  [2, 50],
  [3, 34],
  [10, 10],
])("of %i pods one is ejected at %i percent and no less", (replicas, percent) => {
  expect(leastEjection(replicas)).toBe(percent);
});
