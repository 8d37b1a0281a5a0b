import { availableGateways } from "../config/crossSection.ts";
import type { Config } from "../config.ts";
import { resolveCharts } from "./charts.ts";
import { resolveImages } from "./images.ts";
import type { Target } from "./Target.ts";

/** What no target decides: where charts and images come from, which gateways run, and what is to be said about those that do not. */
export function resolveCommon(
  config: Pick<Config, "sources" | "gateway" | "charts" | "images">,
): Pick<Target, "charts" | "images" | "gateways" | "notices"> {
  const gateways = availableGateways(config);
  const missing = config.gateway === "both" && !gateways.includes("kong");
  return { charts: resolveCharts(config), images: resolveImages(config), gateways, notices: missing ? [withoutKong] : [] };
}

const withoutKong =
  "Kong does not run here: it is not built, and mesh:charts.kong and mesh:images name no other place for it. Istio's gateway runs alone.";
