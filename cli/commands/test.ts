import process from "node:process";
import { airgapModule, buildFlags, ensureToolchain, imageBinDir } from "../../airgap/index.ts";
import { UserError } from "../../lib/errors.ts";
import { messageOf } from "../../lib/messages.ts";
import { projectDir } from "../../lib/paths.ts";
import { foreground } from "../../lib/process.ts";
import { consoleProgress } from "../../lib/progress.ts";
import { runGoTests } from "../test/go.ts";
import { lintGo } from "../test/golangci.ts";
import { runJest, runVitest } from "../test/javascript.ts";
import { broken, failed, type SuiteResult, summary } from "../test/result.ts";

type Suite = (pattern: string | undefined, stack: string) => Promise<SuiteResult>;

/** In the order in which they tell the most for the least time. */
const suites: Readonly<Record<string, Suite>> = {
  lint,
  unit: (pattern) => runVitest("unit", ["--project=unit", "--project=own process"], pattern),
  provider,
  contract: (pattern) => runVitest("contract", ["--project=contract"], pattern),
  wire: (pattern, stack) => runJest("wire", "tests/wire/jest.config.mjs", pattern, { MESH_STACK: stack }),
};

/**
 * Runs one suite or all of them, and ends with one line that counts every test.
 *
 * @param pattern - only test files whose path matches.
 * @param stack - the one that the wire tests ask.
 */
export async function test(only: string | undefined, pattern: string | undefined, stack: string): Promise<void> {
  if (only !== undefined && !suites[only]) throw new UserError(`There is no suite ${only}: ${Object.keys(suites).join(", ")}.`);
  const results: SuiteResult[] = [];
  for (const [name, run] of Object.entries(suites)) {
    if (only !== undefined && only !== name) continue;
    console.log(`\n== ${name}`);
    const result = await run(pattern, stack);
    console.log(`== ${name}: ${summary([result])}`);
    results.push(result);
  }
  // The wire tests take down what they bring up; where they were cut short, this does.
  if (only === undefined) await foreground("make", ["down"], process.env);
  console.log(["", ...failed(results), summary(results)].join("\n"));
  if (failed(results).length > 0) process.exitCode = 1;
}

/** Style, types, the directions in which folders import each other, and the Go code where there is Go: one test each. */
async function lint(): Promise<SuiteResult> {
  const clean = async (name: string, ...args: string[]) =>
    (await foreground(`${projectDir}/node_modules/.bin/${name}`, args, process.env)) === 0;
  const checks = {
    biome: await clean("biome", "check", "."),
    tsc: await clean("tsc", "--noEmit", "--pretty", String(process.stdout.isTTY === true)),
    "dependency-cruiser": await clean("depcruise", "--config", ".dependency-cruiser.mjs", "."),
    "golangci-lint": await lintGo(consoleProgress()),
  };
  const failures = Object.entries(checks).flatMap(([test, passed]) => (passed === false ? [{ test, reason: "" }] : []));
  return { suite: "lint", passed: Object.values(checks).filter(Boolean).length, failures };
}

/** The Go tests of airgap/: of the nodes' network and volumes, and of the Pulumi plugins, against an API server of the toolchain. */
async function provider(): Promise<SuiteResult> {
  try {
    await ensureToolchain("cluster", consoleProgress());
    // As the toolchain is built, so that what it has compiled is not compiled again.
    const env = { ...process.env, CGO_ENABLED: "0", GOFLAGS: "", GOWORK: "off", MESH_IMAGE_BIN: imageBinDir() };
    return await runGoTests("provider", airgapModule, [...buildFlags, "./cmd/...", "./provider/..."], env);
  } catch (error) {
    console.error(messageOf(error));
    return broken("provider", messageOf(error));
  }
}
