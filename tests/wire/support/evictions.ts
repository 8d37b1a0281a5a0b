import { execa } from "execa";
import { eventually, run, stackEnvironment } from "../../lib/runningStack.ts";
import { listPods, type Pod } from "./pods.ts";

/** Asks for a pod to be evicted, as whoever drains a node does, and tells whether a budget forbade it. */
export async function evict({ namespace, name }: Pod): Promise<"evicted" | "refused"> {
  const path = `/api/v1/namespaces/${namespace}/pods/${name}/eviction`;
  const input = JSON.stringify({ apiVersion: "policy/v1", kind: "Eviction", metadata: { namespace, name } });
  const asked = await run("kubectl", ["create", "--raw", path, "--filename=-"], {
    env: await stackEnvironment(),
    stdin: "pipe",
    input,
  });
  if (asked.exitCode === 0) return "evicted";
  if (/TooManyRequests|disruption budget/.test(asked.all)) return "refused";
  throw new Error(`the eviction of ${name}: ${asked.all}`);
}

/** What disruption budgets said of themselves while something happened. */
export interface Budgets {
  /** Each state in which fewer pods were healthy than a budget demands. */
  readonly breaches: readonly string[];
  /** The budgets that at some time allowed no further disruption. */
  readonly exhausted: readonly string[];
}

const states =
  '{.metadata.namespace}/{.metadata.name} {.status.currentHealthy} {.status.desiredHealthy} {.status.disruptionsAllowed}{"\\n"}';

/** Watches every budget of the cluster while something happens. */
export async function budgetsDuring(use: () => Promise<void>): Promise<Budgets> {
  const args = ["get", "poddisruptionbudgets", "--all-namespaces", "--watch", `--output=jsonpath=${states}`];
  const watch = execa("kubectl", args, { env: await stackEnvironment(), stdin: "ignore", reject: false });
  try {
    await use();
  } finally {
    watch.kill();
  }
  const seen = (await watch).stdout.split("\n").filter(Boolean);
  const read = seen.map((line) => {
    const [name = "", healthy, desired, allowed] = line.split(" ");
    return { line, name, breach: Number(healthy) < Number(desired), exhausted: allowed === "0" };
  });
  return {
    breaches: read.filter(({ breach }) => breach).map(({ line }) => line),
    exhausted: [...new Set(read.filter(({ exhausted }) => exhausted).map(({ name }) => name))].sort(),
  };
}

/** What a pod is a replica of. Two versions of a service are two workloads. */
export function workloadOf({ namespace, labels: { app, version } }: Pod): string {
  return `${namespace}/${app}${version === undefined ? "" : `-${version}`}`;
}

/** The pods whose workload has several, by workload; those of the cluster itself left out. */
export async function replicated(): Promise<Map<string, Pod[]>> {
  const workloads = new Map<string, Pod[]>();
  for (const pod of await listPods("app")) {
    if (pod.namespace === "kube-system") continue;
    const workload = workloadOf(pod);
    workloads.set(workload, [...(workloads.get(workload) ?? []), pod]);
  }
  return new Map([...workloads].filter(([, pods]) => pods.length > 1).sort(([a], [b]) => a.localeCompare(b)));
}

/** How many of these pods each node has; those among the named that have none too. */
export function perNode(pods: readonly Pod[], nodes: readonly string[]): Map<string, number> {
  const counts = new Map(nodes.map((node) => [node, 0]));
  for (const { node } of pods) counts.set(node, (counts.get(node) ?? 0) + 1);
  return counts;
}

/**
 * Evicts pods from the node that has more of their workload than others until all are spread again: those that left a drained
 * node do not come back by themselves.
 */
export async function spreadAgain(nodes: readonly string[]): Promise<void> {
  await eventually("the pods to be on all nodes again", 180, async () => {
    const crowded = [...(await replicated()).values()].filter(
      (pods) => isCrowded(pods, nodes) || pods.some(({ ready }) => !ready),
    );
    if (crowded.length === 0) return;
    const movable = crowded.filter((pods) => pods.every(({ ready }) => ready));
    await Promise.all(movable.map((pods) => evict(fromFullest(pods, nodes))));
    throw new Error(`${crowded.length} workloads are not spread`);
  });
}

function isCrowded(pods: readonly Pod[], nodes: readonly string[]): boolean {
  const counts = [...perNode(pods, nodes).values()];
  return Math.max(...counts) - Math.min(...counts) > 1;
}

function fromFullest(pods: readonly Pod[], nodes: readonly string[]): Pod {
  const counts = perNode(pods, nodes);
  const [first, ...rest] = pods;
  if (!first) throw new Error("no pod to be moved");
  return rest.reduce((best, pod) => ((counts.get(pod.node) ?? 0) > (counts.get(best.node) ?? 0) ? pod : best), first);
}
