import { ensurePlugins, ensureToolchain } from "../../airgap/index.ts";
import { pulumiStack, readContext } from "../context.ts";
import { preflightToLook } from "../preflight.ts";
import { ensureStack, runPulumi } from "../pulumi/stack.ts";
import { pulumiHome } from "../support/environment.ts";
import { UserError } from "../support/errors.ts";
import { consoleProgress } from "../support/progress.ts";

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
  if (!(await runPulumi(stack, "preview", "--suppress-outputs")))
    throw new UserError("The preview did not succeed, for the reasons above.");
}
