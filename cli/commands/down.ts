import { type Context, pulumiStack, readContext } from "../context.ts";
import { deleteCluster, readCluster } from "../kind/engine.ts";
import { removeHostTraces } from "../kind/host.ts";
import { missingTools } from "../preflight.ts";
import { recover } from "../pulumi/recovery.ts";
import { hasStack, type PulumiStack, runPulumi } from "../pulumi/stack.ts";
import { consoleProgress, type Progress } from "../support/progress.ts";
import { alone } from "../support/runLock.ts";

/** Takes a stack down in the order in which its parts depend on each other, then removes what is left of its cluster. */
export async function down(stackName: string): Promise<void> {
  const context = readContext(stackName);
  const progress = consoleProgress();
  await alone("make down", async () => {
    const stack = await pulumiStack(context);
    if (missingTools(stack.env.PATH).length > 0) {
      progress.note("Nothing was ever built or installed here, so nothing is running.");
      return;
    }
    await destroy(stack, context, progress);
    await deleteCluster(context.spec, progress);
    await removeHostTraces(context.spec);
    console.log(`The stack ${stackName} is down.`);
  });
}

/**
 * Destroys what the state knows. Where that does not succeed, the cluster goes as a whole all the same, and the state is
 * told so: somebody who types `make down` wants it gone.
 */
async function destroy(stack: PulumiStack, { spec }: Context, progress: Progress): Promise<void> {
  if (!(await hasStack(stack))) return;
  const { state } = await readCluster(spec);
  const { empty, refresh } = await recover(stack, spec, { cluster: state === "running" ? "kept" : "gone", progress });
  if (empty) return;
  if (await runPulumi(stack, "destroy", "--yes", "--skip-preview", ...(refresh ? ["--refresh"] : []))) return;
  progress.note("The objects could not be removed one by one; the cluster is removed as a whole.");
  await deleteCluster(spec, progress);
  await recover(stack, spec, { cluster: "gone", progress });
}
