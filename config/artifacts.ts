import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { z } from "zod";
import { eachService } from "../lib/bundle.ts";
import { projectDir } from "../lib/paths.ts";
import { allowing, mapping, refuse, text } from "../model/rules.ts";
import { publishedCharts, publishedImages } from "../model/versions.ts";

/*
 * Where charts and images come from, for a network that reaches mirrors alone: `mesh:charts` and `mesh:images`.
 */

const chart = mapping({
  repository: z
    .string(allowing("the URL of a chart repository, https://… or oci://…"))
    .refine(
      (given) => /^(https?|oci):\/\/[^\s@]+$/.test(given) && URL.canParse(given),
      allowing("the URL of a chart repository, https://… or oci://…, without a password"),
    )
    .exactOptional(),
  path: z
    .string(allowing("a folder with a chart"))
    .refine(
      (given) => existsSync(join(chartFolder(given), "Chart.yaml")),
      allowing("a folder with a chart, that is, with a file Chart.yaml"),
    )
    .exactOptional(),
  version: text(/^v?\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/, "an exact version such as 1.2.3").exactOptional(),
}).superRefine(({ repository, path, version }, ctx) => {
  if (path === undefined) return;
  if (repository !== undefined) refuse(ctx, ["repository"], "a repository or a path, not both");
  if (version !== undefined) refuse(ctx, ["version"], "no version with a path, whose chart has its own");
});

/** Paths in a configuration are the project's, whoever reads it from where. */
export function chartFolder(path: string): string {
  return resolve(projectDir, path);
}

type Each<Names, T> = { [Name in keyof Names]: T };

const every = <Names extends Readonly<Record<string, unknown>>, T>(names: Names, value: T): Each<Names, T> =>
  Object.fromEntries(Object.keys(names).map((name) => [name, value])) as Each<Names, T>;

export const charts = mapping(every(publishedCharts, chart.exactOptional()));

const registry = text(
  /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*(:(?!0)\d{1,5})?$/,
  "the host of a registry, with its port where it has one, such as mirror.example.com:5000",
).refine(
  (given) => Number(/:(\d{1,5})$/.exec(given)?.[1] ?? 1) <= 65_535,
  allowing("the host of a registry, with a port from 1 to 65535 where it has one"),
);

const location = {
  registry: registry.exactOptional(),
  repository: text(/^[a-z0-9]+((\.|_|__|-+|\/)[a-z0-9]+)*$/, "the path of an image in its registry, such as library/node")
    .max(180, allowing("the path of an image in its registry, at most 180 long"))
    .exactOptional(),
  tag: text(/^\w[\w.-]{0,127}$/, "a tag such as 1.2.3").exactOptional(),
};

const image = mapping({
  ...location,
  digest: text(/^sha256:[0-9a-f]{64}$/, "sha256: and 64 hexadecimal digits, in lower case").exactOptional(),
});

export const images = mapping({
  registry: registry.exactOptional(),
  // Istio's charts take one hub and one tag for all images.
  istio: mapping(location).exactOptional(),
  ...eachService(() => image.exactOptional()),
  ...every(publishedImages, image.exactOptional()),
});
