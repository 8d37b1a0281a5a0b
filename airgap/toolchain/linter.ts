import { join } from "node:path";
import { cacheDir, projectDir } from "../../lib/paths.ts";
import type { Progress } from "../../lib/progress.ts";
import { keyOf } from "../inputs.ts";
import { ensureFolder } from "../store/store.ts";
import { build } from "./go.ts";

/** The linter, and the Go module that pins it: one of its own, so that its dependencies move nothing else. */
const program = "github.com/golangci/golangci-lint/v2/cmd/golangci-lint";
const linterModule = "tests/lint";

/**
 * Has golangci-lint ready, built here.
 *
 * @param goVersion - of the Go on the PATH. The linter reads what the compiler has written, and only up to its own version.
 * @returns the program's path.
 */
export async function ensureLinter(goVersion: string, progress: Progress): Promise<string> {
  const folder = join(cacheDir, "lint", keyOf([`${linterModule}/go.mod`, `${linterModule}/go.sum`], goVersion));
  await ensureFolder(folder, "golangci-lint from Go modules", progress, (temporary, detail) =>
    build([program], "-s -w", join(projectDir, linterModule), temporary, detail),
  );
  return join(folder, "golangci-lint");
}
