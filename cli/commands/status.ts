import { existsSync } from "node:fs";
import process from "node:process";
import { type Context, pulumiStack, readContext } from "../context.ts";
import { readHealth } from "../kind/status.ts";
import { missingTools } from "../preflight.ts";
import { readOutputs } from "../pulumi/stack.ts";
import { pulumiHome } from "../support/environment.ts";
import { ask } from "../support/url.ts";

/** Shows what there is of a stack and, last, what is wrong with it and what to type. Ends with 1 when something is wrong. */
export async function status(stackName: string): Promise<void> {
  const context = readContext(stackName);
  const { spec, config } = context;
  const health = await readHealth(spec);
  console.log(`Stack ${stackName}: ${config.target}, ${config.sources} images and charts`);
  console.log(`Cluster ${spec.name}: ${health.summary}`);
  for (const line of health.nodes) console.log(`  ${line}`);
  if (health.state !== "running") {
    console.log(health.advice);
    process.exitCode = health.state === "absent" ? 0 : 1;
    return;
  }
  console.log(`Kubernetes provider: ${providerInUse(config.sources)}`);
  console.log(`Pods: ${health.pods.ready} of ${health.pods.all} ready`);
  console.log(`Memory: ${health.memory} in all nodes, page cache left out`);
  const wrong = [...health.wrong, ...(await urlProblem(context))];
  if (wrong.length === 0) return console.log("Nothing is wrong.");
  console.log(`Wrong:\n${wrong.map((line) => `  ${line}`).join("\n")}\nTry: make up`);
  process.exitCode = 1;
}

function providerInUse(sources: "built" | "published"): string {
  const own = sources === "built" && existsSync(`${pulumiHome}/plugins`);
  return own ? "the project's own plugin, built from airgap/provider" : "Pulumi's published plugin";
}

/** Asks the stack's URL once; none where nothing was deployed yet. */
async function urlProblem(context: Context): Promise<string[]> {
  const stack = await pulumiStack(context);
  if (missingTools(stack.env.PATH).length > 0) return [];
  const { url } = await readOutputs(stack).catch((): Record<string, unknown> => ({}));
  if (typeof url !== "string") return ["Nothing is deployed in the cluster yet, or not to the end."];
  const answer = await ask(url);
  console.log(`URL: ${url} answers ${answer}`);
  return answer === "200" ? [] : [`${url} does not answer 200 but: ${answer}`];
}
