import { existsSync } from "node:fs";
import process from "node:process";
import type { KindSpec } from "../../model/kindSpec.ts";
import { type Context, kubectlFor, pulumiStack, readToLook } from "../context.ts";
import { driftOf } from "../drift/stackDrift.ts";
import { readHealth } from "../kind/status.ts";
import { ensureKubeconfig } from "../kubeconfig.ts";
import { readPods } from "../kubernetes/pods.ts";
import { missingTools, preflightToLook } from "../preflight.ts";
import { providerInUse } from "../pulumi/provider.ts";
import { hasStack, readOutputs } from "../pulumi/stack.ts";
import { kubeconfigOf, stackEnvironment } from "../support/environment.ts";
import { makeFor } from "../support/stack.ts";
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
  const found = await (spec ? lookHere(spec, stackEnvironment(stackName, config)) : lookElsewhere(context));
  if (!found) return;
  const wrong = [...found, ...context.problems, ...(await driftProblems(context)), ...(await urlProblem(context))];
  if (wrong.length === 0) return console.log("Nothing is wrong.");
  console.log(`Wrong:\n${wrong.map((line) => `  ${line}`).join("\n")}\nTry: ${makeFor(stackName, "up")}`);
  process.exitCode = 1;
}

/** What is wrong with a cluster on this machine; undefined where none runs, which is said. */
async function lookHere(spec: KindSpec, environment: NodeJS.ProcessEnv): Promise<readonly string[] | undefined> {
  const health = await readHealth(spec);
  console.log(`Cluster ${spec.name}: ${health.summary}`);
  for (const line of health.nodes) console.log(`  ${line}`);
  if (health.state !== "running") {
    console.log(health.advice);
    process.exitCode = health.state === "absent" ? 0 : 1;
    return undefined;
  }
  console.log(`Kubernetes provider: ${await providerInUse(environment)}`);
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

/** What somebody deleted or changed of what the stack deployed; nothing where nothing was deployed yet. */
async function driftProblems(context: Context): Promise<readonly string[]> {
  const stack = await pulumiStack(context);
  if (missingTools(context.config, stack.env.PATH).length > 0 || !(await hasStack(stack))) return [];
  const drift = await driftOf(stack, kubectlFor(context, stack));
  if (drift) return drift;
  console.log("Objects: they cannot be listed, so whether some were deleted or changed is not known");
  return [];
}

/** Asks the stack's URL once; none where nothing was deployed yet. */
async function urlProblem(context: Context): Promise<string[]> {
  const stack = await pulumiStack(context);
  if (missingTools(context.config, stack.env.PATH).length > 0) return [];
  const question = questionOf(await readOutputs(stack).catch(() => ({})), context.entry);
  if (!question) return ["Nothing is deployed in the cluster yet, or not to the end."];
  const { url, expected } = question;
  const answer = await ask(url, question);
  const { works, text } = judge(answer, expected);
  console.log(`URL: ${url} answers ${text}`);
  return works ? [] : [`${url} does not answer ${listExpected(expected)} but: ${answer}`];
}
