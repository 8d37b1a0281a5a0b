import { ensurePlugins, ensureToolchain } from "../../airgap/index.ts";
import { UserError } from "../../lib/errors.ts";
import { consoleProgress } from "../../lib/progress.ts";
import { type Context, kubectlFor, pulumiStack, readContext } from "../context.ts";
import { driftOf } from "../drift/stackDrift.ts";
import { ensureKubeconfig } from "../kubeconfig.ts";
import { preflightToLook } from "../preflight.ts";
import { ensureStack, type PulumiStack, runPulumi } from "../pulumi/stack.ts";
import { pulumiHome } from "../support/environment.ts";

/** Shows what `make up` would change. What it takes to look is built where it is missing; the stack stays as it is. */
export async function preview(stackName: string): Promise<void> {
  const context = readContext(stackName);
  await preflightToLook(context);
  if (context.config.sources === "built") {
    const progress = consoleProgress();
    await ensureToolchain(progress);
    await ensurePlugins(progress, pulumiHome);
  }
  const stack = await pulumiStack(context);
  await ensureStack(stack);
  await showDrift(context, stack);
  if (!(await runPulumi(stack, "preview", "--suppress-outputs")))
    throw new UserError("The preview did not succeed, for the reasons above.");
}

/** A preview compares the program with the state; what the cluster has is compared here. */
async function showDrift(context: Context, stack: PulumiStack): Promise<void> {
  if (!context.spec) await ensureKubeconfig(context, stack);
  const drift = (await driftOf(stack, kubectlFor(context, stack))) ?? [];
  if (drift.length === 0) return;
  console.log("Deleted or changed by hand in the cluster, and put right by `make up`:");
  for (const line of drift) console.log(`  ${line}`);
}
