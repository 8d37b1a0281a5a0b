import { readStackFile } from "../../cli/support/stack.ts";
import type { Config } from "../../config.ts";
import type { ApplicationDeclaration } from "../../model/application.ts";
import { type Plan, planStack } from "../../plan.ts";
import { buildPlatform } from "../../platform.ts";
import { resolveApplications } from "../../stacks/images.ts";
import { resolveTarget } from "../../stacks/index.ts";
import { type Recording, type RecordOptions, record } from "./mocks.ts";

/** The settings of a stack of this project, with keys of it replaced. @param declared - the applications. @default those of apps/ */
function stackPlan(stack: string, changes: Record<string, unknown> = {}, declared?: readonly ApplicationDeclaration[]): Plan {
  const entries = Object.entries(changes).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]);
  return planStack({ ...readStackFile(stack), ...Object.fromEntries(entries) }, stack, "pulumi", declared);
}

/** The configuration of a stack of this project, with keys of it replaced. */
export function stackConfig(stack: string, changes: Record<string, unknown> = {}): Config {
  return stackPlan(stack, changes).config;
}

/** Everything a stack registers. */
export function recordStack(
  stack: string,
  changes: Record<string, unknown> = {},
  options: RecordOptions = {},
  declared?: readonly ApplicationDeclaration[],
): Promise<Recording> {
  return recordPlan(stackPlan(stack, changes, declared), { stack, ...options });
}

/** Everything that a planned stack registers. */
export function recordPlan({ config, applications }: Plan, options: RecordOptions): Promise<Recording> {
  const register = async () =>
    buildPlatform(await resolveTarget(config, applications), config, resolveApplications(applications, config));
  return record(register, options);
}
