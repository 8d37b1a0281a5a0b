import { expect, test } from "vitest";
import { GoTestCount } from "../../../cli/test/go.ts";
import { countTests } from "../../../cli/test/javascript.ts";
import { failed, summary } from "../../../cli/test/result.ts";
import { projectDir } from "../../../lib/paths.ts";

/** A file of a report, as Jest and Vitest write it. */
function file(name: string, tests: Record<string, string | undefined>, message = "") {
  const assertionResults = Object.entries(tests).map(([fullName, failure]) => ({
    fullName,
    status: failure === undefined ? "passed" : "failed",
    failureMessages: failure === undefined ? [] : [failure],
  }));
  const status = message || Object.values(tests).some(Boolean) ? "failed" : "passed";
  return { name: `${projectDir}/${name}`, status, message, assertionResults };
}

const count = (numPassedTests: number, testResults: ReturnType<typeof file>[], code: number) =>
  countTests("unit", { numPassedTests, testResults }, code);

test("tests of Jest and Vitest are counted, and those that failed are named, as are files that did not run", () => {
  const good = file("a.test.ts", { one: undefined, two: undefined });
  expect(count(2, [good, file("empty.test.ts", {})], 0)).toEqual({ suite: "unit", passed: 2, failures: [] });
  expect(count(2, [good, file("b.test.ts", { three: "1 is not 2" }), file("c.test.ts", {}, "no such file")], 1)).toEqual({
    suite: "unit",
    passed: 2,
    failures: [
      { test: "b.test.ts: three", reason: "1 is not 2" },
      { test: "c.test.ts", reason: "no such file" },
    ],
  });
});

test("no tests at all, or an exit code that nothing explains, is a failure", () => {
  expect(count(0, [], 0).failures).toEqual([{ test: "the suite itself", reason: "There was no test." }]);
  const after = file("d.test.ts", { four: undefined }, "the clean-up failed");
  expect(count(1, [after], 1).failures).toEqual([{ test: "d.test.ts", reason: "the clean-up failed" }]);
  expect(count(3, [], 1)).toMatchObject({ passed: 3, failures: [{ reason: expect.stringContaining("exit code 1") }] });
});

function go(...events: (Record<string, string> | string)[]) {
  const shown: string[] = [];
  const count = new GoTestCount((text) => shown.push(text));
  for (const event of events) count.line(typeof event === "string" ? event : JSON.stringify({ Package: "p", ...event }));
  return { count, shown };
}

test("Go's tests are counted, and what a failed one said is shown", () => {
  const { count, shown } = go(
    { Action: "run", Test: "A" },
    { Action: "output", Test: "A", Output: "all is well\n" },
    { Action: "pass", Test: "A" },
    { Action: "output", Test: "B", Output: "it broke\n" },
    { Action: "fail", Test: "B" },
    { Action: "skip", Test: "C" },
    { Action: "output", Output: "FAIL\tp\t0.1s\n" },
    { Action: "fail" },
  );
  expect(count.result("provider", 1)).toEqual({
    suite: "provider",
    passed: 1,
    failures: [{ test: "p.B", reason: "it broke\n" }],
  });
  expect(shown).toEqual(["it broke\n", "FAIL\tp\t0.1s\n"]);
});

test("a package that does not compile is a failure, and so are no tests", () => {
  const { count, shown } = go(
    "# mesh.local/p\np.go:1: syntax error",
    { Action: "fail", Test: "A" },
    { Action: "fail", Package: "q" },
  );
  expect(count.result("provider", 1)).toMatchObject({ passed: 0, failures: [{ test: "p.A" }, { test: "q" }] });
  expect(shown.join("")).toContain("syntax error");
  expect(go({ Action: "skip" }).count.result("provider", 0).failures).toHaveLength(1);
  expect(go({ Action: "pass", Test: "A" }).count.result("provider", 2).failures).toHaveLength(1);
});

const results = [
  { suite: "lint", passed: 2, failures: [] },
  { suite: "unit", passed: 40, failures: [{ test: "a.test.ts: one", reason: "\u001b[31m1 is not 2\u001b[0m\n\n  at a" }] },
];

test("the last line sums all suites", () => {
  expect(summary(results)).toBe("42 passed, 1 failed");
});

test("before it, what failed is said again, with the first lines of why", () => {
  expect(failed(results)).toEqual(["Failed in unit: a.test.ts: one", "  1 is not 2", "    at a"]);
  const long = Array.from({ length: 100 }, (_, line) => `line ${line}`).join("\n");
  expect(failed([{ suite: "wire", passed: 0, failures: [{ test: "t", reason: long }] }])).toHaveLength(13);
});
