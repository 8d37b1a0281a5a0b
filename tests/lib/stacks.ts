import { readStackFile } from "../../cli/support/stack.ts";
import { type Config, parseConfig } from "../../config.ts";
import { buildPlatform } from "../../platform.ts";
import { resolveTarget } from "../../stacks/index.ts";
import { type Recording, type RecordOptions, record } from "./mocks.ts";

/** The configuration of a stack of this project, with keys of it replaced. */
export function stackConfig(stack: string, changes: Record<string, unknown> = {}): Config {
  const entries = Object.entries(changes).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]);
  return parseConfig({ ...readStackFile(stack), ...Object.fromEntries(entries) }, stack);
}

/** Everything a stack registers. */
export function recordStack(
  stack: string,
  changes: Record<string, unknown> = {},
  options: RecordOptions = {},
): Promise<Recording> {
  const config = stackConfig(stack, changes);
  return record(async () => buildPlatform(await resolveTarget(config), config), { stack, ...options });
}
