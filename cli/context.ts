import { mkdir } from "node:fs/promises";
import process from "node:process";
import { type Config, parseConfig } from "../config.ts";
import { kindSpec } from "../stacks/kind.ts";
import type { KindSpec } from "./kind/spec.ts";
import type { PulumiStack } from "./pulumi/stack.ts";
import { pulumiBackend, stackEnvironment } from "./support/environment.ts";
import { UserError } from "./support/errors.ts";
import { readStackFile } from "./support/stack.ts";

/** What every command knows about the stack it works on, from the stack's file alone. */
export interface Context {
  readonly stack: string;
  readonly config: Config;
  readonly spec: KindSpec;
}

/**
 * Reads a stack's configuration.
 *
 * @throws UserError when there is no such stack, or with all that is wrong with its configuration.
 */
export function readContext(stack: string): Context {
  const config = parseConfig(readStackFile(stack), stack);
  if (config.target !== "kind")
    throw new UserError(`The stack ${stack} has target ${config.target}, which \`make\` does not bring up.`);
  return { stack, config, spec: kindSpec(config) };
}

/** The stack as pulumi sees it. Asked for again when plugins may have come. */
export async function pulumiStack({ stack, config }: Context): Promise<PulumiStack> {
  const env = { ...process.env, ...stackEnvironment(stack, config) };
  await mkdir(pulumiBackend, { recursive: true, mode: 0o700 });
  return { name: stack, env };
}
