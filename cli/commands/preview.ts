import { UserError } from "../../lib/errors.ts";
import { consoleProgress } from "../../lib/progress.ts";
import { told } from "../../lib/told.ts";
import { kubectlFor, pulumiStack, readContext } from "../context.ts";
import { driftOf } from "../drift/stackDrift.ts";
import { ensureKubeconfig } from "../kubeconfig.ts";
import { preflightToLook } from "../preflight.ts";
import { ensurePulumi } from "../pulumi/build.ts";
import { ensureStack, runPulumi } from "../pulumi/stack.ts";

/** Shows what `make up` would change. What it takes to look is built where it is missing; the stack stays as it is. */
export async function preview(stackName: string): Promise<void> {
  const context = readContext(stackName);
  await preflightToLook(context);
  if (context.config.sources === "built") {
    await ensurePulumi(consoleProgress());
  }
  const stack = await pulumiStack(context);
  await ensureStack(stack);
  if (!context.spec) await ensureKubeconfig(context, stack);
  // A preview compares the program with the state; what the cluster has is compared beside it, and told after it.
  const looking = told(driftOf(stack, kubectlFor(context, stack)));
  const done = await runPulumi(stack, "preview", "--suppress-outputs");
  const drift = (await looking) ?? [];
  if (drift.length > 0) console.log("Deleted or changed by hand in the cluster, and put right by `make up`:");
  for (const line of drift) console.log(`  ${line}`);
  if (!done) throw new UserError("The preview did not succeed, for the reasons above.");
}
