import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { projectDir } from "../lib/paths.ts";
import { literally } from "../lib/patterns.ts";

/** Files that never change what is built: prose and Go's own tests. */
const irrelevant = /(\.md|_test\.go)$/;

/**
 * Twelve hexadecimal digits that change when any of the given sources changes: the key of everything built here.
 *
 * @param sources - files and folders, relative to the checkout; a folder counts with every file below it.
 * @param facts - further strings the result depends on, such as the key of what it is made from.
 * @throws Error when a source is missing: a key over half the inputs would find the wrong build.
 */
export function keyOf(sources: readonly string[], ...facts: readonly string[]): string {
  const hash = createHash("sha256");
  for (const file of sources.flatMap(filesBelow).sort()) {
    hash.update(`${file}\0`).update(
      createHash("sha256")
        .update(readFileSync(join(projectDir, file)))
        .digest(),
    );
  }
  for (const fact of facts) hash.update(`\0${fact}`);
  return hash.digest("hex").slice(0, 12);
}

/**
 * The version of a Go module, from the go.mod that requires it: the one place that says what is built.
 *
 * @param folder - of the go.mod, relative to the checkout.
 */
export function moduleVersion(module: string, folder = "airgap"): string {
  const line = new RegExp(`^\\s*(?:require )?${literally(module)} (v\\S+)`, "m");
  const version = line.exec(readFileSync(join(projectDir, folder, "go.mod"), "utf8"))?.[1];
  if (!version) throw new Error(`${folder}/go.mod requires no ${module}`);
  return version;
}

function filesBelow(path: string): string[] {
  if (!statSync(join(projectDir, path)).isDirectory()) return [path];
  const names = readdirSync(join(projectDir, path)).filter((name) => !irrelevant.test(name));
  return names.flatMap((name) => filesBelow(`${path}/${name}`));
}
