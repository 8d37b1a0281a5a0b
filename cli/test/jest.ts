import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { messageOf } from "../../lib/messages.ts";
import { projectDir } from "../../lib/paths.ts";
import { foreground } from "../../lib/process.ts";
import { broken, type SuiteResult } from "./result.ts";

/** The part of Jest's report that counts. */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  /** Files that did not get so far as to have tests. */
  readonly numRuntimeErrorTestSuites: number;
}

/** Runs tests with Jest, which shows them as they come, and counts them from its report. */
export async function runJest(
  suite: string,
  config: string,
  pattern?: string,
  variables: NodeJS.ProcessEnv = {},
): Promise<SuiteResult> {
  const folder = await mkdtemp(join(tmpdir(), "mesh-test-"));
  try {
    const report = join(folder, "report.json");
    const jest = join(projectDir, "node_modules/jest/bin/jest.js");
    const flags = ["--config", join(projectDir, config), "--json", "--outputFile", report, "--testLocationInResults=false"];
    const env = { ...process.env, ...variables, NODE_OPTIONS: "" };
    const code = await foreground(
      "node",
      ["--experimental-vm-modules", "--no-warnings", jest, ...flags, ...(pattern ? [pattern] : [])],
      env,
    );
    return countJest(suite, JSON.parse(await readFile(report, "utf8")) as Report, code);
  } catch (error) {
    console.error(messageOf(error));
    return broken(suite);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Jest's exit code has the last word: it also knows of what is no test, such as a set-up that failed. */
export function countJest(suite: string, report: Report, exitCode: number): SuiteResult {
  const passed = report.numPassedTests;
  const failed = report.numFailedTests + report.numRuntimeErrorTestSuites;
  const silent = failed === 0 && (exitCode !== 0 || passed === 0);
  return { suite, passed, failed: silent ? 1 : failed };
}
