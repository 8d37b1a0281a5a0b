import { ensureImages, ensurePlugins, ensureToolchain } from "../../airgap/index.ts";
import { builtImages } from "../../airgap/names.ts";
import { type Context, pulumiStack, readContext } from "../context.ts";
import { ensureCluster } from "../kind/engine.ts";
import { loadImages } from "../kind/images.ts";
import { preflight } from "../preflight.ts";
import { recover } from "../pulumi/recovery.ts";
import { ensureStack, type PulumiStack, readOutputs, runPulumi } from "../pulumi/stack.ts";
import { pulumiHome } from "../support/environment.ts";
import { UserError } from "../support/errors.ts";
import { consoleProgress } from "../support/progress.ts";
import { alone } from "../support/runLock.ts";
import { Timings } from "../support/timings.ts";
import { untilAnswered } from "../support/url.ts";

const progress = consoleProgress();

/** Brings a stack up, from whatever state the machine is in, and ends when its URL answers. */
export async function up(stackName: string): Promise<void> {
  const context = readContext(stackName);
  await preflight(context);
  await alone("make up", async () => {
    const timings = new Timings();
    if (context.spec.sources === "built") await build(timings);
    const { created } = await timings.measure("cluster", () => ensureCluster(context.spec, progress));
    if (context.spec.sources === "built") await timings.measure("images into nodes", () => fillNodes(context));
    const stack = await pulumiStack(context);
    await timings.measure("pulumi up", () => deploy(stack, context, created));
    await report(stack, timings);
  });
}

/** Builds what a machine without registries of images, charts and plugins needs; nothing when it is there. */
async function build(timings: Timings): Promise<void> {
  await timings.measure("toolchain", () => ensureToolchain(progress));
  await timings.measure("images", () => ensureImages(builtImages, progress));
  const plugins = await timings.measure("plugins", () => ensurePlugins(progress, pulumiHome));
  progress.note(
    plugins === "built"
      ? "Kubernetes and random: the project's own plugins, built here from airgap/provider."
      : "Kubernetes and random: Pulumi's published plugins.",
  );
}

async function fillNodes({ spec }: Context): Promise<void> {
  await loadImages(spec, await ensureImages(builtImages, progress), progress);
}

async function deploy(stack: PulumiStack, { spec }: Context, created: boolean): Promise<void> {
  await ensureStack(stack);
  const { refresh } = await recover(stack, spec, { cluster: created ? "gone" : "kept", progress });
  const flags = ["--yes", "--skip-preview", "--suppress-outputs", ...(refresh ? ["--refresh"] : [])];
  if (!(await runPulumi(stack, "up", ...flags))) {
    throw new UserError("The deployment did not succeed, for the reasons above. The same command goes on where it stopped.");
  }
}

/** Waits for the URL to answer and says what there is now. */
async function report(stack: PulumiStack, timings: Timings): Promise<void> {
  const { url, tryNext } = await readOutputs(stack);
  if (typeof url === "string") await timings.measure("until it answers", () => untilAnswered(url, progress));
  const next = Array.isArray(tryNext) ? tryNext.map(String) : [];
  console.log(
    [
      "",
      `${url} answers.`,
      "",
      'Try next (after eval "$(make -s env)"):',
      ...next.map((command) => `  ${command}`),
      "",
      "It took:",
      ...timings.table(),
    ].join("\n"),
  );
}
