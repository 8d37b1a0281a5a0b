import { stripVTControlCharacters } from "node:util";

/** How one suite of tests ended. */
export interface SuiteResult {
  readonly suite: string;
  readonly passed: number;
  readonly failures: readonly Failure[];
}

/** A test that failed, or what kept a suite from counting its tests. */
export interface Failure {
  readonly test: string;
  /** Why, as the test said it. Empty where nothing was said. */
  readonly reason: string;
}

/** A suite that did not get so far as to count its tests, or had none: that is a failure too. */
export function broken(suite: string, reason: string): SuiteResult {
  return { suite, passed: 0, failures: [{ test: "the suite itself", reason }] };
}

/** The exit code has the last word: it also knows of what is no test, such as a set-up that failed. */
export function judged(suite: string, passed: number, failures: readonly Failure[], exitCode: number): SuiteResult {
  if (failures.length > 0 || (exitCode === 0 && passed > 0)) return { suite, passed, failures };
  const reason = exitCode === 0 ? "There was no test." : `It ended with exit code ${exitCode} and named no test.`;
  return { ...broken(suite, reason), passed };
}

/** The sum of all suites in one line, which is the last that is printed. */
export function summary(results: readonly SuiteResult[]): string {
  const sum = (count: (result: SuiteResult) => number) => results.reduce((total, result) => total + count(result), 0);
  return `${sum(({ passed }) => passed)} passed, ${sum(({ failures }) => failures.length)} failed`;
}

/** As many lines of each reason are said again at the end. */
const reasonLines = 12;

/** How Go says which test it is at. */
const goStep = /^=== (RUN|PAUSE|CONT|NAME) /;

/** What failed in any suite, once more, for whoever sees only the end of half an hour's output. */
export function failed(results: readonly SuiteResult[]): string[] {
  return results.flatMap(({ suite, failures }) =>
    failures.flatMap(({ test, reason }) => {
      const lines = stripVTControlCharacters(reason)
        .split("\n")
        .filter((line) => line.trim() !== "" && !goStep.test(line));
      return [`Failed in ${suite}: ${test}`, ...lines.slice(0, reasonLines).map((line) => `  ${line}`)];
    }),
  );
}
