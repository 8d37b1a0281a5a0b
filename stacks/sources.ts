import type { Config } from "../config.ts";
import { resolveCharts } from "./charts.ts";
import { resolveImages } from "./images.ts";
import type { Sources } from "./Target.ts";

/** Resolves `mesh:sources`, `mesh:charts` and `mesh:images`, once, into what every component takes its charts and images from. */
export function resolveSources(config: Pick<Config, "sources" | "charts" | "images">): Sources {
  return { charts: resolveCharts(config), images: resolveImages(config) };
}
