// Not by the index of its group, which loads what reads YAML and with it all kinds of Kubernetes.
import { Release } from "@pulumi/kubernetes/helm/v3/release.js";
import * as pulumi from "@pulumi/pulumi";
import type { PlatformImages, publishedCharts } from "../../model/versions.ts";

/** Values of a Helm chart. */
export interface Values {
  readonly [key: string]: Value;
}
type Value = string | number | boolean | pulumi.Output<string> | Values | readonly Value[];

/** Where a chart comes from: a repository and an exact version, or a folder of this machine. */
export interface ChartSource {
  /** Name in the repository, or path of the folder. */
  readonly chart: string;
  readonly repository?: string;
  readonly version?: string;
  /** What this source needs set, whoever uses the chart, such as where its images are. */
  readonly values: Values;
}

/** Where charts and images come from: published, made by airgap/, or where the stack says. */
export interface Sources {
  readonly charts: Readonly<Record<ChartName, ChartSource>>;
  readonly images: PlatformImages;
}
export type ChartName = keyof typeof publishedCharts;

export interface HelmReleaseArgs {
  readonly source: ChartSource;
  /** The release's name. Charts name their objects after it. */
  readonly release: string;
  /** A namespace that exists; its labels are the program's business, so Helm never makes one. */
  readonly namespace: pulumi.Input<string>;
  readonly values?: Values;
  /**
   * Whether the chart's folder `crds` is left out. Helm neither upgrades what is in there nor takes it away, so a chart that
   * can have its definitions as a part of the release is better told to.
   * @default false
   */
  readonly skipCrds?: boolean;
}

/** The longest a release may take to become ready, in seconds: images may have to be pulled first. */
const timeout = 300;

/**
 * Installs a chart and waits until what it made is ready. A release that fails is rolled back, so that the next run
 * starts from where this one did.
 */
export function helmRelease(
  name: string,
  { source, release, namespace, values = {}, skipCrds }: HelmReleaseArgs,
  opts: pulumi.CustomResourceOptions,
): Release {
  return new Release(
    name,
    {
      name: release,
      namespace,
      chart: source.chart,
      ...(source.version === undefined ? {} : { version: source.version }),
      ...(source.repository === undefined ? {} : { repositoryOpts: { repo: source.repository } }),
      values: merge(values, source.values),
      createNamespace: false,
      ...(skipCrds === undefined ? {} : { skipCrds }),
      atomic: true,
      timeout,
    },
    opts,
  );
}

/** The values of both; where they disagree, the second one's. Lists are not merged but replaced. */
export function merge(base: Values, over: Values): Values {
  const merged: Record<string, Value> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const under = merged[key];
    merged[key] = isValues(under) && isValues(value) ? merge(under, value) : value;
  }
  return merged;
}

/** Whether a value is a mapping. */
export function isValues(value: Value | undefined): value is Values {
  return typeof value === "object" && !Array.isArray(value) && !pulumi.Output.isInstance(value);
}
