import { pulumiStack, readToLook } from "../context.ts";
import { ensureKubeconfig } from "../kubeconfig.ts";
import { stackEnvironment } from "../support/environment.ts";

/** Prints what a shell evaluates to use plain pulumi, kubectl, helm and istioctl on a stack. */
export async function env(stackName: string): Promise<void> {
  const context = readToLook(stackName);
  const { stack, config } = context;
  if (!context.spec) await ensureKubeconfig(context, await pulumiStack(context));
  for (const [name, value] of Object.entries(stackEnvironment(stack, config))) console.log(`export ${name}=${quote(value)}`);
}

/** Quotes a value for any POSIX shell. */
export function quote(value: string): string {
  return /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}
