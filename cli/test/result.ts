/** How one suite of tests ended. */
export interface SuiteResult {
  readonly suite: string;
  readonly passed: number;
  readonly failed: number;
}

/** A suite that did not get so far as to count its tests, or had none: that is a failure too. */
export function broken(suite: string): SuiteResult {
  return { suite, passed: 0, failed: 1 };
}

/** The sum of all suites in one line, which is the last that is printed. */
export function summary(results: readonly SuiteResult[]): string {
  const sum = (count: (result: SuiteResult) => number) => results.reduce((total, result) => total + count(result), 0);
  return `${sum(({ passed }) => passed)} passed, ${sum(({ failed }) => failed)} failed`;
}
