import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import * as pulumi from "@pulumi/pulumi";
import type { ChartSource } from "../../components/support/helm.ts";
import { projectDir } from "../../lib/paths.ts";
import { planStack } from "../../plan.ts";
import { buildPlatform } from "../../platform.ts";
import { resolveApplications } from "../../stacks/images.ts";
import { resolveTarget } from "../../stacks/index.ts";
import type { Target } from "../../stacks/Target.ts";
import { generatedApplications } from "./applications.ts";

/*
 * The platform's own program, but for its applications, which are as many services as `bench:services` says, and its charts,
 * whose pods nobody runs here. Writes the most memory its process had, in MB, to the file that `BENCH_MEMORY` names, while Pulumi is not
 * told yet that it is done: then it may be killed.
 */
process.on("beforeExit", () => {
  const { BENCH_MEMORY: file } = process.env;
  if (file) writeFileSync(file, String(process.resourceUsage().maxRSS / 1_024));
});

const generated = generatedApplications(new pulumi.Config().requireNumber("services"));
const { config, applications } = planStack(pulumi.runtime.allConfig(), pulumi.getStack(), "pulumi", generated);
const target = await resolveTarget(config, applications);
const nothing = join(projectDir, "bench/platform/nothing");
const charts = mapCharts(target.charts, ({ values }) => ({ chart: nothing, values }));
const specs = resolveApplications(applications, config);

export const { urls, authority, matrix } = buildPlatform({ ...target, charts }, config, specs);

function mapCharts(charts: Target["charts"], change: (source: ChartSource) => ChartSource): Target["charts"] {
  return Object.fromEntries(
    Object.entries(charts).map(([name, source]) => [name, change(source)]),
  ) as unknown as Target["charts"];
}
