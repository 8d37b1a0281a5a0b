import type { Config } from "../config.ts";
import { kindTarget } from "./kind.ts";
import type { Target } from "./Target.ts";

/** The target a configuration names. Only the one that is asked for is loaded: AWS's packages cost seconds and a gigabyte. */
export async function resolveTarget(config: Config): Promise<Target> {
  switch (config.target) {
    case "kind":
      return kindTarget(config);
    case "eks":
      return (await import("./eks.ts")).eksTarget(config);
    case "existing":
      return (await import("./existing.ts")).existingTarget(config);
  }
}
