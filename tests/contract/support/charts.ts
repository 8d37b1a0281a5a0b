import { basename, join } from "node:path";
import { parseAllDocuments } from "yaml";
import { type Chart, chartPath, toolchainBin } from "../../../airgap/names.ts";
import { output } from "../../../lib/process.ts";
import type { Manifest, Release } from "./manifests.ts";
import { certManagerChart } from "./tools.ts";

/** Where a published chart is found on this machine, by its name in its repository. */
const charts: Readonly<Record<string, () => string>> = {
  ...Object.fromEntries((["base", "cni", "istiod", "gateway"] as const).map((name: Chart) => [name, () => chartPath(name)])),
  "cert-manager": certManagerChart,
};

/** Charts that no package registry has: nothing here says what they make of their values. */
export const chartsElsewhere: readonly string[] = ["kong", "aws-load-balancer-controller"];

/**
 * The objects that Helm would make of a release, from the chart on this machine; none of one that is not here.
 *
 * @throws Error when the chart refuses the values.
 */
export async function render({ name, namespace, chart, values }: Release): Promise<Manifest[]> {
  if (chartsElsewhere.includes(chart)) return [];
  const folder = (charts[basename(chart)] ?? unknown(chart))();
  const args = ["template", name, folder, "--namespace", namespace, "--include-crds", "--values=-"];
  const text = await output(join(toolchainBin("tools"), "helm"), args, { input: JSON.stringify(values) });
  const objects = parseAllDocuments(text).map((document) => document.toJS() as Manifest | null);
  return objects.filter((object) => object !== null);
}

function unknown(chart: string): () => never {
  return () => {
    throw new Error(`${chart} is a chart that the contract tests know nothing of: give it a place in charts.ts`);
  };
}
