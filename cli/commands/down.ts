import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { type Context, kubectlFor, pulumiStack, readContext } from "../context.ts";
import { deleteCluster, readCluster } from "../kind/engine.ts";
import { removeHostTraces } from "../kind/host.ts";
import type { KindSpec } from "../kind/spec.ts";
import { ensureKubeconfig } from "../kubeconfig.ts";
import { missingTools, preflightToLook } from "../preflight.ts";
import { recover } from "../pulumi/recovery.ts";
import { hasStack, type PulumiStack, runPulumi, updateAfterPreview } from "../pulumi/stack.ts";
import { kubeconfigOf } from "../support/environment.ts";
import { UserError } from "../support/errors.ts";
import { consoleProgress } from "../support/progress.ts";
import { alone } from "../support/runLock.ts";

const progress = consoleProgress();

/** Takes a stack down in the order in which its parts depend on each other, then removes what is left of its cluster here. */
export async function down(stackName: string): Promise<void> {
  const context = readContext(stackName);
  if (!context.spec) await preflightToLook(context);
  await alone("make down", () => takeDown(context));
}

/** The same without keeping others from it. */
export async function takeDown(context: Context): Promise<void> {
  const stack = await pulumiStack(context);
  if (missingTools(context.config, stack.env.PATH).length > 0) {
    progress.note("Nothing was ever built or installed here, so nothing is running.");
    return;
  }
  if (context.spec) await removeLocal(stack, context, context.spec);
  else await removeRemote(stack, context);
  console.log(`The stack ${context.stack} is down.`);
}

async function removeLocal(stack: PulumiStack, context: Context, spec: KindSpec): Promise<void> {
  const { state } = await readCluster(spec);
  const kubectl = kubectlFor(context, stack);
  if (!(await destroy(stack, context, state === "running" ? "kept" : "gone"))) {
    // Somebody who types `make down` wants it gone.
    progress.note("The objects could not be removed one by one; the cluster is removed as a whole.");
    await deleteCluster(spec, progress);
    await recover(stack, { cluster: "gone", kubectl, progress });
  }
  await deleteCluster(spec, progress);
  await removeHostTraces(spec);
}

/** A cluster that is elsewhere may hold what others need: only what the state knows is removed. */
async function removeRemote(stack: PulumiStack, context: Context): Promise<void> {
  await ensureKubeconfig(context, stack);
  if (!(await destroy(stack, context, "kept"))) {
    throw new UserError("Not everything could be removed, for the reasons above. The same command goes on where it stopped.");
  }
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
