import { availableGateways } from "../config/crossSection.ts";
import type { Config } from "../config.ts";
import type { Target } from "./Target.ts";

/** The gateways that run, and what is to be said about those that do not although the stack asks for them. */
export function resolveGateways(
  config: Pick<Config, "sources" | "gateway" | "charts" | "images">,
): Pick<Target, "gateways" | "notices"> {
  const gateways = availableGateways(config);
  const missing = config.gateway === "both" && !gateways.includes("kong");
  return { gateways, notices: missing ? [withoutKong] : [] };
}

const withoutKong =
  "Kong does not run here: it is not built, and mesh:charts.kong and mesh:images name no other place for it. Istio's gateway runs alone.";
