import { ensurePlugins, ensureToolchain } from "../../airgap/index.ts";
import type { Progress } from "../../lib/progress.ts";
import { pulumiHome } from "../support/environment.ts";

/**
 * Has Pulumi and its plugins, for stacks of built parts.
 *
 * @returns whether the plugins are this repository's own or the published ones.
 */
export async function ensurePulumi(progress: Progress): ReturnType<typeof ensurePlugins> {
  await ensureToolchain("pulumi", progress);
  return ensurePlugins(progress, pulumiHome);
}
