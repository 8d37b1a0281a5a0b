import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { imageHub } from "../../airgap/index.ts";
import { UserError } from "../../lib/errors.ts";
import { cacheDir, stateDir } from "../../lib/paths.ts";
import { withRunLock } from "../../lib/runLock.ts";
import { readToLook } from "../context.ts";
import { findRuntime, lines, listNodes, tryContainer } from "../kind/runtime.ts";

/**
 * Removes what this checkout keeps, and on request what all checkouts of this user share. Not while a cluster of this
 * checkout is there: the only record of what is in it would be lost.
 */
export async function clean(stackName: string, cache = false): Promise<void> {
  const { config } = readToLook(stackName);
  await withRunLock("make clean", async () => {
    const runtime = await findRuntime(config.sources).catch(() => undefined);
    // One folder for each cluster that was made from here and not deleted yet.
    const clusters = await readdir(join(stateDir, "kind")).catch((): string[] => []);
    for (const cluster of clusters) {
      if (runtime && (await listNodes(runtime, cluster).catch(() => [])).length > 0) {
        throw new UserError(
          `The cluster ${cluster} is still there. Take it down first: make down (with STACK=, if it is another stack's).`,
        );
      }
    }
    await rm(stateDir, { recursive: true, force: true });
    console.log(`Removed ${stateDir}`);
    if (!cache) return;
    const built = runtime && (await tryContainer(runtime, ["images", "--quiet", "--filter", `reference=${imageHub}/*`]));
    if (runtime && built?.ok) for (const image of lines(built.stdout)) await tryContainer(runtime, ["rmi", "--force", image]);
    await rm(cacheDir, { recursive: true, force: true });
    console.log(`Removed ${cacheDir}`);
  });
}
