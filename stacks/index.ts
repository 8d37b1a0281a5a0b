import type { Config } from "../config.ts";
import { kindTarget } from "./kind.ts";
import type { Target } from "./Target.ts";

const targets: Record<Config["target"], (config: Config) => Promise<Target>> = { kind: kindTarget };

/** The target a configuration names. */
export function resolveTarget(config: Config): Promise<Target> {
  return targets[config.target](config);
}
