import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { z } from "zod";
import { projectDir } from "../lib/paths.ts";
import { imageLocation, imageOverride, registry } from "../model/image.ts";
import { addIssue, message, strictObject, text } from "../model/rules.ts";
import { publishedCharts, publishedImages } from "../model/versions.ts";

/*
 * Where charts and images come from, for a network that reaches mirrors alone: `mesh:charts` and `mesh:images`.
 */

const chart = strictObject({
  repository: z
    .string(message("the URL of a chart repository, https://… or oci://…"))
    .refine(
      (given) => /^(https?|oci):\/\/[^\s@]+$/.test(given) && URL.canParse(given),
      message("the URL of a chart repository, https://… or oci://…, without a password"),
    )
    .exactOptional(),
  path: z
    .string(message("a folder with a chart"))
    .refine(
      (given) => existsSync(join(chartFolder(given), "Chart.yaml")),
      message("a folder with a chart, that is, with a file Chart.yaml"),
    )
    .exactOptional(),
  version: text(/^v?\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/, "an exact version such as 1.2.3").exactOptional(),
}).superRefine(({ repository, path, version }, ctx) => {
  if (path === undefined) return;
  if (repository !== undefined) addIssue(ctx, ["repository"], "a repository or a path, not both");
  if (version !== undefined) addIssue(ctx, ["version"], "no version with a path, whose chart has its own");
});

/** Paths in a configuration are the project's, whoever reads it from where. */
export function chartFolder(path: string): string {
  return resolve(projectDir, path);
}

type Each<Names, T> = { [Name in keyof Names]: T };

const every = <Names extends Readonly<Record<string, unknown>>, T>(names: Names, value: T): Each<Names, T> =>
  Object.fromEntries(Object.keys(names).map((name) => [name, value])) as Each<Names, T>;

export const charts = strictObject(every(publishedCharts, chart.exactOptional()));

export const images = strictObject({
  registry: registry().exactOptional(),
  // Istio's charts take one hub and one tag for all images.
  istio: strictObject(imageLocation).exactOptional(),
  ...every(publishedImages, imageOverride.exactOptional()),
});
