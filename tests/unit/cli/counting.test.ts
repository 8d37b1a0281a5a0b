import { expect, test } from "vitest";
import { GoTestCount } from "../../../cli/test/go.ts";
import { countTests } from "../../../cli/test/javascript.ts";
import { summary } from "../../../cli/test/result.ts";

/** A report of so many tests, and of files without any: those that could not be read, and others. */
function count({ passed = 0, failed = 0, unread = 0, empty = 0 }, code: number) {
  const files = [...Array(unread).fill("failed"), ...Array(empty).fill("passed")];
  const testResults = files.map((status: string) => ({ status, assertionResults: [] }));
  return countTests("unit", { numPassedTests: passed, numFailedTests: failed, testResults }, code);
}

test("tests of Jest and Vitest are counted, and files that did not run", () => {
  expect(count({ passed: 3, empty: 1 }, 0)).toEqual({ suite: "unit", passed: 3, failed: 0 });
  expect(count({ passed: 3, failed: 2, unread: 1 }, 1)).toEqual({ suite: "unit", passed: 3, failed: 3 });
});

test("no tests at all, or an exit code that nothing explains, is a failure", () => {
  expect(count({}, 0)).toMatchObject({ failed: 1 });
  expect(count({ passed: 3 }, 1)).toMatchObject({ passed: 3, failed: 1 });
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
  expect(count.result("provider", 1)).toEqual({ suite: "provider", passed: 1, failed: 1 });
  expect(shown).toEqual(["it broke\n", "FAIL\tp\t0.1s\n"]);
});

test("a package that does not compile is a failure, and so are no tests", () => {
  const { count, shown } = go(
    "# mesh.local/p\np.go:1: syntax error",
    { Action: "fail", Test: "A" },
    { Action: "fail", Package: "q" },
  );
  expect(count.result("provider", 1)).toEqual({ suite: "provider", passed: 0, failed: 2 });
  expect(shown.join("")).toContain("syntax error");
  expect(go({ Action: "skip" }).count.result("provider", 0)).toMatchObject({ failed: 1 });
  expect(go({ Action: "pass", Test: "A" }).count.result("provider", 2)).toMatchObject({ failed: 1 });
});

test("the last line sums all suites", () => {
  const results = [
    { suite: "lint", passed: 2, failed: 0 },
    { suite: "unit", passed: 40, failed: 1 },
  ];
  expect(summary(results)).toBe("42 passed, 1 failed");
});
