import { existsSync } from "node:fs";
import process from "node:process";
import type { Config } from "../../config.ts";
import { messageOf } from "../../lib/messages.ts";
import type { KindSpec } from "../../model/kindSpec.ts";
import { type DeployedFault, endOf } from "../../model/requestRules.ts";
import { type Context, kubectlFor, pulumiStack, readToLook } from "../context.ts";
import { driftOf } from "../drift/stackDrift.ts";
import { readHealth } from "../kind/status.ts";
import { ensureKubeconfig } from "../kubeconfig.ts";
import { readPods } from "../kubernetes/pods.ts";
import { missingTools, preflightToLook } from "../preflight.ts";
import { providerInUse } from "../pulumi/provider.ts";
import { hasStack, type PulumiStack, readOutputs } from "../pulumi/stack.ts";
import { kubeconfigOf } from "../support/environment.ts";
import { makeFor } from "../support/make.ts";
import { ask, judge, listExpected, questionOf } from "../support/url.ts";

/** Shows what there is of a stack and, last, what is wrong with it and what to type. Ends with 1 when something is wrong. */
export async function status(stackName: string): Promise<void> {
  const context = readToLook(stackName);
  if (!context.spec) await preflightToLook(context);
  await show(context);
}

/** The same without a look at the machine. */
export async function show(context: Context): Promise<void> {
  const { stack: stackName, spec, config } = context;
  console.log(`Stack ${stackName}: ${config.target}, ${config.sources} images and charts`);
  // All is asked at once. Where no cluster runs, nobody waits for what cannot be told then.
  const rest = spec && lookAtStack(context);
  const found = await (spec ? lookHere(spec, context) : lookElsewhere(context));
  if (!found) return;
  const { said, problems } = await (rest ?? lookAtStack(context));
  for (const line of said) console.log(line);
  const wrong = [...found, ...context.problems, ...problems];
  if (wrong.length === 0) return console.log("Nothing is wrong.");
  console.log(`Wrong:\n${wrong.map((line) => `  ${line}`).join("\n")}\nTry: ${makeFor(stackName, "up")}`);
  process.exitCode = 1;
}

/** What is wrong with a cluster on this machine; undefined where none runs, which is said. */
async function lookHere(spec: KindSpec, context: Context): Promise<readonly string[] | undefined> {
  const stack = await pulumiStack(context);
  // Of published parts there may be no kubectl here.
  const ask = spec.sources === "built" ? kubectlFor(context, stack) : undefined;
  const [health, plugin] = await Promise.all([readHealth(spec, ask), providerInUse(stack.env)]);
  console.log(`Cluster ${spec.name}: ${health.summary}`);
  for (const line of health.nodes) console.log(`  ${line}`);
  if (health.state !== "running") {
    console.log(health.advice);
    process.exitCode = health.state === "absent" ? 0 : 1;
    return undefined;
  }
  console.log(`Kubernetes provider: ${plugin}`);
  console.log(`Pods: ${health.pods.ready} of ${health.pods.all} ready`);
  console.log(`Memory: ${(health.memory / 1e9).toFixed(2)} GB in all nodes, page cache left out`);
  return health.wrong;
}

/** The same for a cluster that is elsewhere: its nodes are its operator's business, its pods are what the stack needs. */
async function lookElsewhere(context: Context): Promise<readonly string[] | undefined> {
  const stack = await pulumiStack(context);
  if (await hasStack(stack)) await ensureKubeconfig(context, stack);
  if (!existsSync(kubeconfigOf(context.stack, context.config))) {
    console.log(`Nothing is deployed yet. Try: ${makeFor(context.stack, "up")}`);
    return undefined;
  }
  const kubectl = kubectlFor(context, stack);
  const nodes = await kubectl(["get", "nodes", "--no-headers"]);
  if (!nodes.ok) return [`The cluster does not answer: ${nodes.all.trim().split("\n").at(-1) ?? ""}`];
  console.log(`Nodes:\n${nodes.stdout.trimEnd().replace(/^/gm, "  ")}`);
  const pods = await readPods(kubectl);
  const wrong = pods.flatMap(({ problem }) => problem ?? []);
  console.log(`Pods: ${pods.length - wrong.length} of ${pods.length} ready`);
  return wrong;
}

/** What a look came to: lines to show, and what is wrong, one sentence each. */
interface Found {
  readonly said: readonly string[];
  readonly problems: readonly string[];
}

/** Looks at what the stack deployed. Never fails: it may end after nobody waits for it any more. */
async function lookAtStack(context: Context): Promise<Found> {
  try {
    const stack = await pulumiStack(context);
    const missing = missingTools(context.config, stack.env.PATH);
    if (missing.length > 0) return { said: [], problems: [notLookedAt(context.config.sources, missing)] };
    const outputs = readOutputs(stack).catch(() => ({}));
    const found = await Promise.all([
      lookForDrift(context, stack),
      outputs.then(faultsNow),
      outputs.then((known) => lookAtUrl(context, known)),
    ]);
    return { said: found.flatMap(({ said }) => said), problems: found.flatMap(({ problems }) => problems) };
  } catch (error) {
    return { said: [], problems: [messageOf(error)] };
  }
}

function notLookedAt(sources: Config["sources"], missing: readonly string[]): string {
  const why = sources === "built" ? "Pulumi is not built from the sources that are checked out" : missing.join(" ");
  return `Neither the objects of the stack nor its URL were looked at: ${why}`;
}

/** What somebody deleted or changed of what the stack deployed; nothing where nothing was deployed yet. */
async function lookForDrift(context: Context, stack: PulumiStack): Promise<Found> {
  if (!(await hasStack(stack))) return { said: [], problems: [] };
  const drift = await driftOf(stack, kubectlFor(context, stack));
  if (drift) return { said: [], problems: drift };
  return { said: ["Objects: they cannot be listed, so whether some were deleted or changed is not known"], problems: [] };
}

/** The faults that are made on purpose, and those among them that should have ended. */
function faultsNow({ faults }: { readonly faults?: unknown }): Found {
  const known = (Array.isArray(faults) ? faults : []) as readonly DeployedFault[];
  const isOver = (fault: DeployedFault) => endOf(fault) <= Date.now();
  const inForce = known.filter((fault) => !isOver(fault));
  return {
    said: inForce.map(({ service, until }) => `Fault: callers of ${service} get one on purpose, until ${until}`),
    problems: known.filter(isOver).map(({ service, until }) => `The fault of ${service} has ended (${until}) and is still made`),
  };
}

/** Asks the stack's URL once; none where nothing was deployed yet. */
async function lookAtUrl({ entry }: Context, outputs: Readonly<Record<string, unknown>>): Promise<Found> {
  const question = questionOf(outputs, entry);
  if (!question) return { said: [], problems: ["Nothing is deployed in the cluster yet, or not to the end."] };
  const { url, expected } = question;
  const answer = await ask(url, question);
  const { works, text } = judge(answer, expected);
  const problems = works ? [] : [`${url} does not answer ${listExpected(expected)} but: ${answer}`];
  return { said: [`URL: ${url} answers ${text}`], problems };
}
