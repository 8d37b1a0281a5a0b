import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { projectDir } from "./project.mjs";

export { projectDir };

/** What belongs to this checkout alone and must not be committed: Pulumi's state, the kubeconfig, plugins. Removed by `make clean`. */
export const stateDir = join(projectDir, ".state");

/** What any checkout of this user can reuse, keyed by content: binaries, images, charts. */
export const cacheDir = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "mesh");

/** A path, or its nearest parent that exists. */
export function nearestExisting(path: string): string {
  return existsSync(path) ? path : nearestExisting(dirname(path));
}
