import type { Config } from "../config.ts";
import type { DeclaredApplication } from "../model/application.ts";
import { kindTarget } from "./kind.ts";
import type { Target } from "./Target.ts";

/**
 * The target a configuration names. Only the one that is asked for is loaded: AWS's packages cost seconds and a gigabyte.
 *
 * @param applications - those whose images its nodes must have, where these can be pulled from nowhere.
 */
export async function resolveTarget(config: Config, applications: readonly DeclaredApplication[]): Promise<Target> {
  switch (config.target) {
    case "kind":
      return kindTarget(config, applications);
    case "eks":
      return (await import("./eks.ts")).eksTarget(config);
    case "existing":
      return (await import("./existing.ts")).existingTarget(config);
  }
}
