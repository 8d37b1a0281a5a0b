import { join } from "node:path";
import process from "node:process";
import { airgapModule, buildFlags, ensureLinter } from "../../airgap/index.ts";
import { UserError } from "../../lib/errors.ts";
import { messageOf } from "../../lib/messages.ts";
import { cacheDir } from "../../lib/paths.ts";
import { attempt, output } from "../../lib/process.ts";
import type { Progress } from "../../lib/progress.ts";

/**
 * Runs golangci-lint on the Go code of airgap/, with the rules of .golangci.yml. Builds it where it is missing.
 *
 * @returns whether it found nothing; undefined where it cannot run: stack `dev` needs no Go.
 */
export async function lintGo(progress: Progress): Promise<boolean | undefined> {
  try {
    const version = await goVersion();
    if (version === undefined) {
      progress.note("The Go code is not checked: that takes Go on the PATH, on Linux on x86-64.");
      return undefined;
    }
    return await run(await ensureLinter(version, progress), progress);
  } catch (error) {
    console.error(messageOf(error));
    return false;
  }
}

const goEnvironment = { CGO_ENABLED: "0", GOFLAGS: buildFlags.map((flag) => `'${flag}'`).join(" "), GOWORK: "off" };

/** The version of the Go on the PATH; undefined where there is none, or where what the project builds does not run. */
async function goVersion(): Promise<string | undefined> {
  if (process.platform !== "linux" || process.arch !== "x64") return undefined;
  try {
    return (await output("go", ["env", "GOVERSION"], { env: { GOTOOLCHAIN: "local" } })).trim();
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

async function run(linter: string, progress: Progress): Promise<boolean> {
  const color = `--color=${process.stdout.isTTY ? "always" : "never"}`;
  const options = {
    cwd: airgapModule,
    // As the toolchain is built, so that what it has compiled is not compiled again.
    env: { ...goEnvironment, GOLANGCI_LINT_CACHE: join(cacheDir, "lint-results") },
  };
  const args = ["run", "--allow-parallel-runners", color, "./cmd/...", "./provider/..."];
  const { ok, all } = await progress.step("golangci-lint", () => attempt(linter, args, options));
  if (!ok) console.log(all);
  return ok;
}
