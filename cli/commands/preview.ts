import { pulumiStack, readContext } from "../context.ts";
import { ensureStack, runPulumi } from "../pulumi/stack.ts";
import { UserError } from "../support/errors.ts";
import { requireTools } from "./tools.ts";

/** Shows what `make up` would change; changes nothing. */
export async function preview(stackName: string): Promise<void> {
  const context = readContext(stackName);
  const stack = await pulumiStack(context);
  requireTools(stack);
  await ensureStack(stack);
  if (!(await runPulumi(stack, "preview"))) throw new UserError("The preview did not succeed, for the reasons above.");
}
