import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { parseDocument } from "yaml";
import type { Context } from "./context.ts";
import { missingTools } from "./preflight.ts";
import { type PulumiStack, readKubeconfig, readOutputs } from "./pulumi/stack.ts";
import { kubeconfigOf } from "./support/environment.ts";

/**
 * Writes the kubeconfig of a cluster that is elsewhere to where `make env` points, for this user alone. The stack's state
 * has it, as a secret; where nothing was deployed yet there is none.
 */
export async function saveKubeconfig({ stack: name, config }: Context, stack: PulumiStack): Promise<void> {
  const content = await readKubeconfig(stack);
  if (content === undefined) return;
  const { context } = await readOutputs(stack);
  const file = kubeconfigOf(name, config);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  // Written anew, as the mode is that of a new file alone.
  await rm(file, { force: true });
  await writeFile(file, withContext(content, context), { mode: 0o600 });
}

/** The same where the file is not there, such as in another checkout, as far as that can be done without being asked. */
export async function ensureKubeconfig(context: Context, stack: PulumiStack): Promise<void> {
  if (context.spec || existsSync(kubeconfigOf(context.stack, context.config)) || missingTools(context.config).length > 0) return;
  await saveKubeconfig(context, stack);
}

/** The kubeconfig with the stack's context as the one that kubectl uses unasked. */
export function withContext(kubeconfig: string, context: unknown): string {
  const document = parseDocument(kubeconfig);
  if (typeof context !== "string" || document.errors.length > 0) return kubeconfig;
  document.set("current-context", context);
  return document.toString();
}
