import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { UserError } from "../../lib/errors.ts";
import { consoleProgress } from "../../lib/progress.ts";
import { withRunLock } from "../../lib/runLock.ts";
import type { KindSpec } from "../../model/kindSpec.ts";
import { type Context, kubectlFor, pulumiStack, readToLook } from "../context.ts";
import { removeHostTraces } from "../kind/host.ts";
import { deleteCluster } from "../kind/kindCluster.ts";
import { clusterDir } from "../kind/owner.ts";
import { findRuntime, listNodes } from "../kind/runtime.ts";
import { ensureKubeconfig } from "../kubeconfig.ts";
import { missingTools, preflightToLook } from "../preflight.ts";
import { ensurePulumi } from "../pulumi/build.ts";
import { endDeadRuns, recover } from "../pulumi/recovery.ts";
import { hasStack, type PulumiStack, runPulumi, updateAfterPreview } from "../pulumi/stack.ts";
import { readStateFile } from "../pulumi/stateFile.ts";
import { kubeconfigOf } from "../support/environment.ts";
import { makeFor } from "../support/make.ts";

const progress = consoleProgress();
const incomplete = "Not everything could be removed, for the reasons above. The same command goes on where it stopped.";

/**
 * Takes a stack down. A cluster that is the stack's own on this machine goes as a whole; elsewhere, objects go in the order in which
 * they depend on each other.
 */
export async function down(stackName: string): Promise<void> {
  const context = readToLook(stackName);
  if (!context.spec) await preflightToLook(context);
  await withRunLock(makeFor(stackName, "down"), () => takeDown(context));
}

/** The same without keeping others from it. */
export async function takeDown(context: Context): Promise<void> {
  const stack = await pulumiStack(context);
  const missing = missingTools(context.config, stack.env.PATH);
  if (missing.length > 0) {
    if (!(await mayBeThere(context, stack))) {
      progress.note("Nothing was ever built or installed here, so nothing is running.");
      return;
    }
    if (context.config.sources === "published") throw new UserError(missing.join("\n"));
  }
  if (context.spec) await removeLocal(stack, context, context.spec, missing.length === 0);
  else await removeRemote(stack, context);
  console.log(`The stack ${context.stack} is down.`);
}

/** Whether there are nodes, a record that some were made, or something in the state. */
async function mayBeThere({ spec }: Context, stack: PulumiStack): Promise<boolean> {
  if (!spec || existsSync(clusterDir(spec.name)) || (await holdsResources(stack))) return true;
  // Where nothing runs containers, there is no node.
  const nodes = await findRuntime(spec.sources)
    .then((runtime) => listNodes(runtime, spec.name))
    .catch(() => []);
  return nodes.length > 0;
}

async function holdsResources(stack: PulumiStack): Promise<boolean> {
  return ((await readStateFile(stack))?.deployment.resources ?? []).length > 0;
}

/**
 * A cluster of the stack's own goes as a whole, which ends what is in it at once; then what the state knows beside it.
 *
 * @param equipped - whether the tools are there. Those of other sources than the ones that are checked out may have made the cluster: its
 *   nodes go without any, and Pulumi is built where there is something for it to do.
 */
async function removeLocal(stack: PulumiStack, context: Context, spec: KindSpec, equipped: boolean): Promise<void> {
  await endDeadRuns(stack, progress);
  await deleteCluster(spec, progress);
  await removeHostTraces(spec);
  if (!equipped) {
    if (!(await holdsResources(stack))) return;
    await ensurePulumi(progress);
  }
  if (!(await destroy(await pulumiStack(context), context, "gone"))) throw new UserError(incomplete);
}

/** A cluster that is elsewhere may hold what others need: only what the state knows is removed. */
async function removeRemote(stack: PulumiStack, context: Context): Promise<void> {
  await ensureKubeconfig(context, stack);
  if (!(await destroy(stack, context, "kept"))) throw new UserError(incomplete);
  await rm(dirname(kubeconfigOf(context.stack, context.config)), { recursive: true, force: true });
}

/** Destroys what the state knows, and tells whether nothing of it is left. */
async function destroy(stack: PulumiStack, context: Context, cluster: "kept" | "gone"): Promise<boolean> {
  if (!(await hasStack(stack))) return true;
  const { empty, refresh } = await recover(stack, { cluster, kubectl: kubectlFor(context, stack), progress });
  if (empty) return true;
  const flags = refresh ? ["--refresh"] : [];
  if (context.config.target === "eks") return updateAfterPreview(stack, "destroy", ...flags);
  return runPulumi(stack, "destroy", "--yes", "--skip-preview", ...flags);
}
