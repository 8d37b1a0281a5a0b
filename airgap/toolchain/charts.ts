import { chmod, cp, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Progress } from "../../lib/progress.ts";
import { type Chart, chartsDir, istioVersion } from "../names.ts";
import { ensureFolder } from "../store/store.ts";
import { moduleFolder } from "./go.ts";

/** Where the Istio module keeps its charts. */
const folders: Readonly<Record<Chart, string>> = {
  base: "base",
  istiod: "istio-control/istio-discovery",
  gateway: "gateway",
  cni: "istio-cni",
};

/** Istio's own Helm charts, out of the Istio module, with the version that a release would have put into them. */
export async function ensureCharts(progress: Progress): Promise<string> {
  await ensureFolder(chartsDir(), "Istio's Helm charts", progress, async (temporary) => {
    const charts = join(await moduleFolder("istio.io/istio"), "manifests/charts");
    for (const [chart, folder] of Object.entries(folders)) {
      const target = join(temporary, chart);
      await cp(join(charts, folder), target, { recursive: true });
      await makeWritable(target);
      const file = join(target, "Chart.yaml");
      await writeFile(file, withVersion(await readFile(file, "utf8"), istioVersion()));
    }
  });
  return chartsDir();
}

/** The sources carry the version 1.0.0, which Istio's release tool replaces; so does this. */
export function withVersion(chart: string, version: string): string {
  return chart.replace(/^(version|appVersion):.*$/gm, `$1: ${version}`);
}

/** The module cache is read-only; a cache folder must be removable. */
async function makeWritable(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    await (entry.isDirectory() ? makeWritable(path) : chmod(path, 0o644));
  }
}
