import { type Context, kubectlFor, pulumiStack, readContext } from "../cli/context.ts";
import { readHealth } from "../cli/kind/status.ts";
import type { Kubectl } from "../cli/kubernetes/kubectl.ts";
import { type Pod, podHealth } from "../cli/kubernetes/pods.ts";
import { missingTools } from "../cli/preflight.ts";
import { hasStack, readOutputs } from "../cli/pulumi/stack.ts";
import { lastRuns } from "../lib/lastRuns.ts";
import type { Matrix, Operation } from "../model/callGraph.ts";
import { hasRequests } from "../model/ports.ts";
import { type Records, record } from "./records.ts";

/*
 * The records that need no test: what runs in a stack, and what brought it up.
 */

/** Records what runs, unless the stack does not: then the last record stays as it is. */
export async function recordPlatform(stack: string): Promise<void> {
  const found = await look(readContext(stack));
  if (found) await record("platform", "make report", found);
}

/** Records what the last runs of `make up` were at, if there was one. */
export async function recordTimeline(): Promise<void> {
  const runs = await lastRuns();
  if (runs.length > 0) await record("timeline", "make up", { runs });
}

async function look(context: Context): Promise<Records["platform"] | undefined> {
  const stack = await pulumiStack(context);
  if (missingTools(context.config, stack.env.PATH).length > 0 || !(await hasStack(stack))) return undefined;
  const { matrix } = await readOutputs(stack);
  const kubectl = kubectlFor(context, stack);
  const nodes = await items<object>(kubectl, "nodes");
  const pods = await items<LabelledPod>(kubectl, "pods");
  if (!matrix || !nodes || !pods) return undefined;
  return {
    stack: context.stack,
    nodes: nodes.length,
    pods: readyPods(pods),
    edges: edgesOf(matrix as Matrix),
    // Nodes elsewhere are their operator's business, and so is their memory.
    ...(context.spec && { memory: (await readHealth(context.spec)).memory / 1e6 }),
  };
}

async function items<T>(kubectl: Kubectl, kind: string): Promise<readonly T[] | undefined> {
  const { ok, stdout } = await kubectl(["get", kind, "--all-namespaces", "--output=json"]);
  return ok ? (JSON.parse(stdout) as { items: T[] }).items : undefined;
}

/** A pod and what says whose it is. */
export interface LabelledPod extends Pod {
  readonly metadata: Pod["metadata"] & { readonly labels?: Readonly<Record<string, string>> };
}

/** How many pods of each workload are ready, by `namespace/name`; those that have run to their end do not count. */
export function readyPods(pods: readonly LabelledPod[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const pod of pods) {
    if (pod.status.phase === "Succeeded") continue;
    const { namespace, name, labels = {} } = pod.metadata;
    const workload = `${namespace}/${labels.app ?? labels["k8s-app"] ?? labels.component ?? name}`;
    counts[workload] = (counts[workload] ?? 0) + (podHealth(pod).problem === undefined ? 1 : 0);
  }
  return counts;
}

/** What is declared, of all pairs. */
export function edgesOf({ callees, allowed }: Matrix): Records["platform"]["edges"] {
  return allowed.map(({ from, to, port, operations }) => {
    const { protocol } = callees.find((callee) => callee.name === to && callee.port === port) ?? {};
    const requests = protocol !== undefined && hasRequests(protocol);
    return { from, to, what: requests ? [...new Set(operations.map(inWords))].join("; ") : `port ${port}` };
  });
}

function inWords({ methods = ["any method"], paths = ["/"] }: Operation): string {
  return `${methods.join(", ")} ${paths.join(", ")}`;
}
