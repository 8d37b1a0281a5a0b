import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { toolchainBin } from "../airgap/index.ts";
import { type Config, RefusedError } from "../config.ts";
import type { DeclaredApplication } from "../model/application.ts";
import { type Entry, entryOf } from "../model/expectedAnswers.ts";
import type { KindSpec } from "../model/kindSpec.ts";
import { readPlan } from "../plan.ts";
import { kindSpec } from "../stacks/kind.ts";
import { kubectlOf } from "./kind/health.ts";
import { type Kubectl, kubectlWith } from "./kubernetes/kubectl.ts";
import type { PulumiStack } from "./pulumi/stack.ts";
import { kubeconfigFile, leanStart, pulumiBackend, stackEnvironment } from "./support/environment.ts";
import { readStackFile } from "./support/stack.ts";

/** What every command knows about the stack it works on, from the stack's file alone. */
export interface Context {
  readonly stack: string;
  readonly config: Config;
  /** The applications that it deploys. */
  readonly applications: readonly DeclaredApplication[];
  /** What it offers first; none where no service is exposed. */
  readonly entry: Entry | undefined;
  /** What is wrong with its file and its applications, one sentence each. */
  readonly problems: readonly string[];
  /** The cluster that the stack makes on this machine; none where its cluster is elsewhere. */
  readonly spec?: KindSpec;
}

/**
 * Reads a stack that is to be deployed.
 *
 * @throws UserError when there is no such stack, or with all that is wrong with its configuration and applications.
 */
export function readContext(stack: string): Context {
  const context = readToLook(stack);
  if (context.problems.length > 0) throw new RefusedError(stack, context.problems);
  return context;
}

/**
 * Reads a stack that is to be looked at or taken down, which needs no sound applications.
 *
 * @throws UserError when there is no such stack, or its file cannot be read.
 */
export function readToLook(stack: string): Context {
  const { config, applications, gateways, problems } = readPlan(readStackFile(stack), "file");
  if (!config) throw new RefusedError(stack, problems);
  const entry = entryOf(applications, gateways, config.tls);
  const own = config.target === "kind" && { spec: { ...kindSpec(config), stack } };
  return { stack, config, applications, entry, problems, ...own };
}

/** The stack as pulumi sees it. Asked for again when plugins may have come. */
export async function pulumiStack({ stack, config }: Context): Promise<PulumiStack> {
  const env = { ...process.env, ...stackEnvironment(stack, config), ...leanStart(config) };
  await mkdir(pulumiBackend, { recursive: true, mode: 0o700 });
  return { name: stack, env };
}

/** How to ask the stack's cluster: by its kubeconfig, and a kind cluster, where no kubectl is built here, in its control plane. */
export function kubectlFor({ spec }: Context, { env }: PulumiStack): Kubectl {
  if (!spec) return kubectlWith(env);
  const here =
    spec.sources === "built" && existsSync(join(toolchainBin("cluster"), "kubectl")) && existsSync(kubeconfigFile(spec.name));
  return here ? kubectlWith(env) : kubectlOf(spec);
}
