import { ensureClusterParts, ensurePackages } from "../../airgap/index.ts";
import { UserError } from "../../lib/errors.ts";
import { keepRun } from "../../lib/lastRuns.ts";
import { consoleProgress } from "../../lib/progress.ts";
import { withRunLock } from "../../lib/runLock.ts";
import { told } from "../../lib/told.ts";
import type { KindSpec } from "../../model/kindSpec.ts";
import { imagesToLoad } from "../../stacks/images.ts";
import { type Context, kubectlFor, pulumiStack, readContext } from "../context.ts";
import { mendStack, stackDrift } from "../drift/stackDrift.ts";
import { loadBuilt } from "../kind/builtImages.ts";
import { requireHost } from "../kind/hostRequirements.ts";
import { ensureCluster, readCluster } from "../kind/kindCluster.ts";
import { ensureKubeconfig, saveKubeconfig } from "../kubeconfig.ts";
import { watchingPulls } from "../kubernetes/pulls.ts";
import { requireVolumes } from "../kubernetes/volumes.ts";
import { preflight } from "../preflight.ts";
import { ensurePulumi } from "../pulumi/build.ts";
import type { EngineEvent } from "../pulumi/events.ts";
import { recover } from "../pulumi/recovery.ts";
import { ResourceSpans } from "../pulumi/resourceSpans.ts";
import { canAsk, ensureStack, type PulumiStack, readOutputs, runUpdate } from "../pulumi/stack.ts";
import { buildNotice } from "../support/firstBuild.ts";
import { makeFor } from "../support/make.ts";
import { Timings } from "../support/timings.ts";
import { listUrls, type Question, questionOf, untilAnswered } from "../support/url.ts";

const progress = consoleProgress();

/** Brings a stack up, from whatever state the machine is in, and ends when its URL answers. */
export async function up(stackName: string): Promise<void> {
  const context = readContext(stackName);
  await preflight(context);
  await withRunLock(makeFor(stackName, "up"), () => bringUp(context));
}

/** The same without a look at the machine, and without keeping others from it. */
export async function bringUp(context: Context): Promise<void> {
  const timings = new Timings();
  const made: Made = context.spec ? await makeCluster(context, context.spec, timings) : { created: false };
  await made.pulumi;
  const stack = await pulumiStack(context);
  const both = () => Promise.all([made.preparing ?? prepare(context, made.created), made.loading]);
  const [{ refresh }] = await (made.loading ? timings.measure("images into nodes", both) : both());
  const resources = new ResourceSpans();
  const onEvent = (event: EngineEvent) => resources.take(event, timings.now());
  await timings.measure("pulumi up", () => deploy(stack, context, { refresh, onEvent }));
  if (!context.spec) await saveKubeconfig(context, stack);
  await report(stack, context, timings);
  const run = { cluster: made.created ? "made" : "kept", date: new Date().toISOString(), stack: stack.name } as const;
  await keepRun({ ...run, steps: timings.spans(), resources: resources.all });
}

/** A cluster on this machine. */
interface Made {
  /** Whether it is new. */
  readonly created: boolean;
  /** Ends when Pulumi is there, where it is built here. */
  readonly pulumi?: Promise<unknown>;
  /** Ends when its nodes have the images that they cannot pull. */
  readonly loading?: Promise<unknown>;
  /** The state, which is being made fit for an update since the cluster was found running. */
  readonly preparing?: Promise<Prepared>;
}

interface Prepared {
  /** Whether the update should refresh the state. */
  readonly refresh: boolean;
}

/** Makes the cluster that runs on this machine, with all that its nodes need. */
async function makeCluster(context: Context, spec: KindSpec, timings: Timings): Promise<Made> {
  const { config, applications } = context;
  const built = spec.sources === "built" && config.target === "kind" ? imagesToLoad(config, applications) : undefined;
  let load: (() => Promise<unknown>) | undefined;
  const beside: { -readonly [K in "pulumi" | "loading" | "preparing"]?: Made[K] } = {};
  if (built) {
    await timings.measure("programs", async () => {
      await prepareMachine(spec);
      // A cluster is made without Pulumi, and mostly waits for itself.
      const programs = ensureClusterParts(progress);
      beside.pulumi = told(programs.then(() => timings.measure("Pulumi, meanwhile", pulumi)));
      await programs;
    });
    load = () => loadBuilt(spec, built, progress);
  }
  // Nodes take images in long before Kubernetes runs on them; and where it runs already, what is in it can be looked at.
  const onNodes = (state: "new" | "started" | "running") => {
    if (load) beside.loading = told(load());
    if (state === "running") beside.preparing = told(Promise.resolve(beside.pulumi).then(() => prepare(context, false)));
  };
  const { created } = await timings.measure("cluster", () => ensureCluster(spec, progress, { onNodes }));
  // Should kind have told nothing of its nodes.
  if (load) beside.loading ??= load();
  return { created, ...beside };
}

/** Debian's packages come first: with iptables there, more can be told of the machine before the long build. */
async function prepareMachine(spec: KindSpec): Promise<void> {
  if ((await ensurePackages(progress)) && (await readCluster(spec)).state === "absent") await requireHost();
  const notice = buildNotice();
  if (notice) progress.note(notice);
}

async function pulumi(): Promise<void> {
  const origin = await ensurePulumi(progress);
  progress.note(
    origin === "built"
      ? "Kubernetes and random: the project's own plugins, built here from airgap/provider."
      : "Kubernetes and random: Pulumi's published plugins.",
  );
}

/** Makes the state fit for an update, in view of what the cluster has. */
async function prepare(context: Context, created: boolean): Promise<Prepared> {
  const stack = await pulumiStack(context);
  await ensureStack(stack);
  await ensureKubeconfig(context, stack);
  const cluster = created ? "gone" : "kept";
  const kubectl = kubectlFor(context, stack);
  const { refresh, exported } = await recover(stack, { cluster, kubectl, progress });
  if (created) return { refresh };
  // A refresh finds out by itself what is really there.
  const looking = refresh ? undefined : told(stackDrift(stack, exported, kubectl));
  await requireVolumes(context, kubectl);
  if (looking) await mendStack(stack, exported, await looking, kubectl, progress);
  return { refresh };
}

async function deploy(
  stack: PulumiStack,
  context: Context,
  { refresh, onEvent }: Prepared & { readonly onEvent: (event: EngineEvent) => void },
): Promise<void> {
  const kubectl = kubectlFor(context, stack);
  const isCostly = context.config.target === "eks";
  const asks = isCostly && canAsk();
  // What AWS is at takes its time, and is not left half done.
  const unstopped = isCostly ? { grace: Number.POSITIVE_INFINITY } : {};
  const unasked = isCostly ? ["--yes"] : ["--yes", "--skip-preview"];
  const flags = [...(asks ? [] : unasked), "--suppress-outputs", ...(refresh ? ["--refresh"] : [])];
  const update = () => runUpdate(stack, progress.note, { asks, onEvent, ...unstopped }, "up", ...flags);
  const { result: done, failed } = await watchingPulls(kubectl, progress.note, update);
  if (!done) {
    const reasons = ["The deployment did not succeed, for the reasons above.", ...failed];
    throw new UserError([...reasons, "The same command goes on where it stopped."].join("\n"));
  }
}

/** How long a URL may take to answer, in seconds: a new load balancer of Amazon's, and its name, take minutes. */
const answerTimeout = { kind: 180, existing: 300, eks: 900 } as const;

/** Waits for the URL to answer and says what there is now. */
async function report(stack: PulumiStack, { config, entry, stack: name }: Context, timings: Timings): Promise<void> {
  const outputs = await readOutputs(stack);
  const { url, urls, tryNext } = outputs;
  const question = questionOf(outputs, entry);
  const wait = (question: Question) =>
    timings.measure("until it answers", () => untilAnswered(question, progress, answerTimeout[config.target], name));
  const answer = question && (await wait(question));
  const next = Array.isArray(tryNext) ? tryNext.map(String) : [];
  const others = listUrls(urls);
  console.log(
    [
      "",
      `${url} answers${answer === undefined || answer === "200" ? "" : ` ${answer}`}.`,
      ...(others.length > 0 ? ["", "All addresses:", ...others.map((line) => `  ${line}`)] : []),
      "",
      `Try next (after eval "$(${makeFor(name, "-s env")})"):`,
      ...next.map((command) => `  ${command}`),
      "",
      "It took:",
      ...timings.table(),
    ].join("\n"),
  );
}
