import { describe, expect, test } from "vitest";
import { announcement, Estimate, fractionDone, secondsFor } from "../../../airgap/toolchain/estimate.ts";

/** What an estimate says after each of these: seconds since the start, and the part that is done. */
function estimates(expected: number, samples: readonly (readonly [at: number, done: number])[]): number[] {
  let now = 0;
  const estimate = new Estimate(expected, () => now);
  return samples.map(([at, done]) => {
    now = at;
    return estimate.left(done);
  });
}

/** Work that takes so long, seen each 15 seconds. */
const steady = (seconds: number) =>
  Array.from({ length: Math.floor(seconds / 15) + 1 }, (_, i) => [i * 15, Math.min(1, (i * 15) / seconds)] as const);

test("at the start it is said how long this machine's cores will take", () => {
  expect(announcement(["cluster", "pulumi"], 2)).toMatch(/about 9 min on this machine's 2 core\(s\) when nothing else runs/);
  expect(announcement(["cluster", "pulumi"], 16)).toMatch(/about 2 min on this machine's 16 core\(s\)/);
  expect(announcement(["cluster", "pulumi"], 2)).toMatch(/^This run compiles Kubernetes, Istio and Pulumi: /);
  expect(announcement(["cluster"], 2)).toMatch(/^This run compiles Kubernetes and Istio: about 7 min/);
  expect(announcement(["pulumi"], 2)).toMatch(/^This run compiles Pulumi: about 3 min/);
  expect(secondsFor("cluster", 2)).toBe(340);
});

describe("what is left", () => {
  test("is what is documented, until something is done", () => {
    expect(
      estimates(515, [
        [0, 0],
        [40, 0],
      ]),
    ).toEqual([515, 515]);
  });

  test.each([
    ["as fast as documented", 515],
    ["twice as fast", 257],
    ["four times slower", 2060],
  ])("%s: within a quarter from the middle on, and nothing at the end", (_pace, seconds) => {
    const samples = steady(seconds);
    const said = estimates(515, samples);
    for (const [index, [at, done]] of samples.entries()) {
      if (done < 0.5 || done > 0.95) continue;
      expect(Math.abs((said[index] ?? 0) - (seconds - at))).toBeLessThan((seconds - at) * 0.25 + 5);
    }
    expect(estimates(515, [...samples, [seconds, 1]]).at(-1)).toBe(0);
  });

  test("follows a machine that becomes busy within minutes", () => {
    // Half in four minutes, and from there on a tenth of the pace.
    const fast = steady(480).filter(([at]) => at <= 240);
    const slow = Array.from({ length: 20 }, (_, i) => [255 + i * 15, 0.5 + (15 + i * 15) / 4800] as const);
    const said = estimates(515, [...fast, ...slow]);
    const [at, done] = slow.at(-1) ?? [0, 0];
    expect(at).toBe(540);
    expect(Math.abs((said.at(-1) ?? 0) - (1 - done) * 4800)).toBeLessThan(300);
  });

  test("does not become hours because the machine stood still for minutes", () => {
    const fast = steady(480).filter(([at]) => at <= 240);
    const stalled = Array.from({ length: 20 }, (_, i) => [255 + i * 15, 0.5 + i / 1e5] as const);
    for (const left of estimates(515, [...fast, ...stalled])) expect(left).toBeLessThan(3_000);
  });

  test("is a number, however little or much is told", () => {
    for (const left of estimates(515, [
      [0, 0],
      [0, 0.5],
      [0, 0.5],
      [1, 0.2],
      [2, 1],
      [2, 1],
    ])) {
      expect(left).toBeGreaterThanOrEqual(0);
      expect(Number.isFinite(left)).toBe(true);
    }
  });

  test("is said in whole minutes", () => {
    expect(new Estimate(515, () => 0).say(0)).toBe("about 9 min left");
    expect(new Estimate(515, () => 0).say(0.99)).toBe("less than a minute left");
  });
});

describe("of a build that was watched", () => {
  // Seconds, packages compiled and programs linked, of 4217 and 18; it took 342 s.
  const build: readonly (readonly [at: number, compiled: number, linked: number])[] = [
    [30, 238, 0],
    [60, 526, 0],
    [90, 963, 0],
    [120, 1420, 1],
    [150, 1904, 1],
    [180, 2225, 3],
    [210, 2715, 3],
    [240, 3022, 8],
    [270, 3632, 13],
    [300, 3948, 13],
    [330, 4138, 14],
  ];

  test.each([1, 4])("%s times as slow, what is left is said within a third from the middle on", (slow) => {
    const samples = build.map(([at, compiled, linked]) => [at * slow, fractionDone(compiled, 4217, linked, 18)] as const);
    const said = estimates(secondsFor("cluster", 2), samples);
    for (const [index, [at]] of samples.entries()) {
      const left = 342 * slow - at;
      if (index < build.length / 2) continue;
      expect([at, Math.abs((said[index] ?? 0) - left) < left / 3 + 15 * slow]).toEqual([at, true]);
    }
  });

  test("nothing and everything are what they are", () => {
    expect(fractionDone(0, 4217, 0, 18)).toBe(0);
    expect(fractionDone(4217, 4217, 18, 18)).toBe(1);
    expect(fractionDone(0, 0, 0, 0)).toBe(0);
  });
});
