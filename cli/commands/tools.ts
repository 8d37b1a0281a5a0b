import { missingTools } from "../preflight.ts";
import type { PulumiStack } from "../pulumi/stack.ts";
import { UserError } from "../support/errors.ts";

/** Refuses a command that only looks when there is nothing yet to look with. */
export function requireTools({ env }: PulumiStack): void {
  const problems = missingTools(env.PATH);
  if (problems.length > 0) throw new UserError([...problems, "`make up` on the stack `local` builds what it needs."].join("\n"));
}
