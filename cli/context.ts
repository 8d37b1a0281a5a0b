import { mkdir } from "node:fs/promises";
import process from "node:process";
import { type Config, parseConfig } from "../config.ts";
import type { KindSpec } from "../model/kindSpec.ts";
import { kindSpec } from "../stacks/kind.ts";
import { kubectlOf } from "./kind/health.ts";
import { type Kubectl, kubectlWith } from "./kubernetes/kubectl.ts";
import type { PulumiStack } from "./pulumi/stack.ts";
import { pulumiBackend, stackEnvironment } from "./support/environment.ts";
import { readStackFile } from "./support/stack.ts";

/** What every command knows about the stack it works on, from the stack's file alone. */
export interface Context {
  readonly stack: string;
  readonly config: Config;
  /** The cluster that the stack makes on this machine; none where its cluster is elsewhere. */
  readonly spec?: KindSpec;
}

/**
 * Reads a stack's configuration.
 *
 * @throws UserError when there is no such stack, or with all that is wrong with its configuration.
 */
export function readContext(stack: string): Context {
  const config = parseConfig(readStackFile(stack), stack, "file");
  return { stack, config, ...(config.target === "kind" && { spec: { ...kindSpec(config), stack } }) };
}

/** The stack as pulumi sees it. Asked for again when plugins may have come. */
export async function pulumiStack({ stack, config }: Context): Promise<PulumiStack> {
  const env = { ...process.env, ...stackEnvironment(stack, config) };
  await mkdir(pulumiBackend, { recursive: true, mode: 0o700 });
  return { name: stack, env };
}

/** How to ask the stack's cluster: a kind cluster in its control plane, which needs no kubectl here; another by its kubeconfig. */
export function kubectlFor({ spec }: Context, { env }: PulumiStack): Kubectl {
  return spec ? kubectlOf(spec) : kubectlWith(env);
}
