import { writeFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import * as pulumi from "@pulumi/pulumi";
import type { ChartSource } from "../../components/support/helm.ts";
import { parseConfig } from "../../config.ts";
import { requireApplications } from "../../model/checks/check.ts";
import { buildPlatform } from "../../platform.ts";
import { resolveTarget } from "../../stacks/index.ts";
import type { Target } from "../../stacks/Target.ts";
import { generatedApplications } from "./applications.ts";

/*
 * The platform's own program, but for its applications, which are as many services as `bench:services` says, and its charts,
 * whose pods nobody runs here. Writes the most memory its process had, in MB, to the file that `BENCH_MEMORY` names.
 */
process.once("exit", () => {
  const { BENCH_MEMORY: file } = process.env;
  if (file) writeFileSync(file, String(process.resourceUsage().maxRSS / 1_024));
});

const applications = generatedApplications(new pulumi.Config().requireNumber("services"));
const config = parseConfig(pulumi.runtime.allConfig(), pulumi.getStack());
const target = await resolveTarget(config);
const nothing = fileURLToPath(new URL("nothing", import.meta.url));
const charts = mapCharts(target.charts, ({ values }) => ({ chart: nothing, values }));
requireApplications(applications, target.gateways);

export const { urls, authority, matrix } = buildPlatform({ ...target, charts }, config, applications);

function mapCharts(charts: Target["charts"], change: (source: ChartSource) => ChartSource): Target["charts"] {
  return Object.fromEntries(
    Object.entries(charts).map(([name, source]) => [name, change(source)]),
  ) as unknown as Target["charts"];
}
