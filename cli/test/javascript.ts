import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import process from "node:process";
import { messageOf } from "../../lib/messages.ts";
import { projectDir } from "../../lib/paths.ts";
import { foreground } from "../../lib/process.ts";
import { broken, type Failure, judged, type SuiteResult } from "./result.ts";

/** The part of a report that counts. Jest and Vitest write the same form. */
interface Report {
  readonly numPassedTests: number;
  /** One for each file. */
  readonly testResults: readonly FileReport[];
}

interface FileReport {
  /** Its path. */
  readonly name: string;
  readonly status: string;
  /** Why it could not be read, where that is so. */
  readonly message: string;
  readonly assertionResults: readonly {
    readonly fullName: string;
    readonly status: string;
    readonly failureMessages: readonly string[];
  }[];
}

/**
 * Runs tests with Vitest, which loads packages once for many files.
 *
 * @param options - Vitest's own: which of its projects, and how.
 */
export function runVitest(suite: string, options: readonly string[], pattern?: string): Promise<SuiteResult> {
  // What comes before a project's first test is TypeScript too.
  const vitest = ["--import", "tsx/esm", join(projectDir, "node_modules/vitest/vitest.mjs")];
  const flags = ["run", "--root", projectDir, "--reporter=default", "--reporter=json", ...options];
  return runReported(suite, (report) => [...vitest, ...flags, "--outputFile.json", report, ...(pattern ? [pattern] : [])]);
}

/** Runs tests against the stack with Jest, one file after the other. */
export function runJest(
  suite: string,
  config: string,
  pattern?: string,
  variables: NodeJS.ProcessEnv = {},
): Promise<SuiteResult> {
  const jest = ["--experimental-vm-modules", "--no-warnings", join(projectDir, "node_modules/jest/bin/jest.js")];
  const flags = ["--config", join(projectDir, config), "--json", "--testLocationInResults=false"];
  const words = (report: string) => [...jest, ...flags, "--outputFile", report, ...(pattern ? [pattern] : [])];
  return runReported(suite, words, variables);
}

/**
 * Runs tests, which are shown as they come, and counts them from the report.
 *
 * @param words - what node runs, given the file that the report goes to.
 */
async function runReported(
  suite: string,
  words: (report: string) => string[],
  variables: NodeJS.ProcessEnv = {},
): Promise<SuiteResult> {
  const folder = await mkdtemp(join(tmpdir(), "mesh-test-"));
  try {
    const report = join(folder, "report.json");
    const code = await foreground("node", words(report), { ...process.env, ...variables, NODE_OPTIONS: "" });
    return countTests(suite, JSON.parse(await readFile(report, "utf8")) as Report, code);
  } catch (error) {
    console.error(messageOf(error));
    return broken(suite, messageOf(error));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export function countTests(suite: string, report: Report, exitCode: number): SuiteResult {
  const failures = report.testResults.flatMap((file) => failuresOf(file));
  return judged(suite, report.numPassedTests, failures, exitCode);
}

function failuresOf({ name, status, message, assertionResults }: FileReport): Failure[] {
  const file = relative(projectDir, name);
  const failed = assertionResults.filter((result) => result.status === "failed");
  // A file that did not get so far as to have tests, or failed after them.
  if (status === "failed" && failed.length === 0) return [{ test: file, reason: message }];
  return failed.map(({ fullName, failureMessages }) => ({ test: `${file}: ${fullName}`, reason: failureMessages.join("\n") }));
}
