import { readContext } from "../context.ts";
import { stackEnvironment } from "../support/environment.ts";

/** Prints what a shell evaluates to use plain pulumi, kubectl, helm and istioctl on a stack. */
export function env(stackName: string): void {
  const { stack, config } = readContext(stackName);
  for (const [name, value] of Object.entries(stackEnvironment(stack, config))) console.log(`export ${name}=${quote(value)}`);
}

/** Quotes a value for any POSIX shell. */
export function quote(value: string): string {
  return /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}
