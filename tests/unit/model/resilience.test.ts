import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { serviceAnnotations } from "../../../components/gateway/kong/annotations.ts";
import { durationProblem, milliseconds, seconds } from "../../../model/durations.ts";
import { defaultResilience, leastEjection, missingTime, resilience, retryOnProblem } from "../../../model/resilience.ts";

const service = { name: "a", namespace: "b", port: 80, protocol: "http" } as const;

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

  test.each(["1ms", "250ms", "1.005m", "0.333m", "1.5s", "1440m", "86400s"])("%s is taken by all who read it", (text) => {
    expect(durationProblem(text)).toBeUndefined();
  });

  // Istio takes whole milliseconds alone, and Kong no more of them than 31 bits hold.
  test.each(["0ms", "0.5ms", "1.5ms", "0.0005s", "1441m", "999999m", "5", ""])("%j is refused", (text) => {
    expect(durationProblem(text)).toMatch(/^a duration from 1ms to 1440m in whole milliseconds/);
  });

  test.each(["1.5s", "999ms", "0.5s", "1441m"])("%s is refused where whole seconds are meant", (text) => {
    expect(durationProblem(text, "s")).toMatch(/^a duration from 1s to 1440m in whole seconds/);
  });

  test("what is taken is a whole number of milliseconds for Kong as well", () => {
    const texts = fc.stringMatching(/^\d{1,6}(\.\d{1,3})?(ms|s|m)$/).filter((text) => durationProblem(text) === undefined);
    fc.assert(
      fc.property(texts, (text) => {
        const { "konghq.com/read-timeout": read } = serviceAnnotations({ timeout: text, service });
        expect(Number(read)).toBe((milliseconds(text) ?? Number.NaN) + 1_000);
        expect(Number(read)).toBeLessThan(2 ** 31 - 1);
      }),
    );
  });

  test("in seconds they last as long as before", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9_999 }), fc.constantFrom("ms", "s", "m"), (count, unit) => {
        expect(milliseconds(seconds(`${count}${unit}`))).toBeCloseTo(milliseconds(`${count}${unit}`) ?? Number.NaN, 3);
      }),
    );
  });
});

describe("conditions of a retry", () => {
  test.each([
    defaultResilience.retries.on,
    defaultResilience.retries.grpcOn,
    "5xx",
    "503",
    "418,reset-before-request",
    "unavailable",
  ])("%s", (text) => {
    expect(retryOnProblem(text)).toBeUndefined();
  });

  test.each([
    ["5xx,499", '"499"'],
    ["5xx, reset", '" reset"'],
    ["never,2xx", '"never" and "2xx"'],
    ["", '""'],
    ["200", '"200"'],
  ])("%j is refused for %s", (text, wrong) => {
    expect(retryOnProblem(text)).toContain(`(${wrong} is none)`);
  });
});

describe("timeouts", () => {
  test("however long the tries take, it is a sentence", () => {
    const retries = { ...defaultResilience.retries, attempts: 10, perTryTimeout: "1440m" };
    expect(missingTime({ timeout: "5s", retries })).toBe("950400s");
  });

  test("where there is none, tries of any length fit", () => {
    const retries = { ...defaultResilience.retries, attempts: 10, perTryTimeout: "1440m" };
    expect(missingTime({ timeout: "none", retries })).toBeUndefined();
    expect(resilience.parse({ timeout: "none", retries }).timeout).toBe("none");
  });

  test.each(["never", "None", "0s", "5"])("%j is neither a duration nor none", (timeout) => {
    const { error } = resilience.safeParse({ timeout });
    const allowed = "none, or a duration from 1ms to 1440m in whole milliseconds, such as 250ms, 1.5s or 1m";
    expect(error?.issues.map(({ path, message }) => [path.join("."), message])).toContainEqual(["timeout", allowed]);
  });

  test("none is for the whole of a request alone, and for no part of it", () => {
    for (const part of [
      { retries: { perTryTimeout: "none" } },
      { pool: { connectTimeout: "none" } },
      { ejection: { time: "none" } },
    ])
      expect(resilience.safeParse(part).error?.issues[0]?.message).toMatch(/^a duration from 1ms/);
  });

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
          const retries = { ...defaultResilience.retries, attempts, perTryTimeout: `${perTry}ms` };
          const missing = missingTime({ timeout: `${total}ms`, retries });
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
