import { UserError } from "../../lib/errors.ts";
import type { KindSpec } from "../../model/kindSpec.ts";
import type { Kubectl } from "../kubernetes/kubectl.ts";
import { readPods } from "../kubernetes/pods.ts";
import { makeFor } from "../support/make.ts";
import { kubectl, notReady } from "./health.ts";
import { foreignMessage, isOurs } from "./owner.ts";
import { findRuntime, inNode, listNodes, type NodeContainer, type Runtime } from "./runtime.ts";

/** What can be told of a cluster by looking. */
export interface ClusterHealth {
  readonly state: "running" | "stopped" | "absent" | "foreign";
  readonly summary: string;
  /** One line for each node. */
  readonly nodes: readonly string[];
  /** What to type when it does not run. */
  readonly advice: string;
  readonly pods: { readonly all: number; readonly ready: number };
  /** Of all processes in the nodes, in bytes. */
  readonly memory: number;
  /** One sentence for each thing that is wrong. */
  readonly wrong: readonly string[];
}

const nothing = { nodes: [], pods: { all: 0, ready: 0 }, memory: 0, wrong: [] } as const;

/**
 * Looks at a cluster, whatever state it is in, without changing anything.
 *
 * @param ask - asks it, where that can be done without its nodes. @default in its control plane
 */
export async function readHealth(spec: KindSpec, ask?: Kubectl): Promise<ClusterHealth> {
  const found = await find(spec);
  if (!found) return { ...nothing, state: "absent", summary: "there is none", advice: `Try: ${makeFor(spec.stack, "up")}` };
  const { runtime, nodes } = found;
  if (!isOurs(spec.name, nodes)) {
    return { ...nothing, state: "foreign", summary: "not made here", advice: foreignMessage(spec.name, nodes, runtime.name) };
  }
  const stopped = nodes.filter(({ running }) => !running).map(({ name }) => name);
  if (stopped.length > 0) {
    const lines = nodes.map(({ name, running }) => `${name}: ${running ? "running" : "stopped"}`);
    const advice = `Try: ${makeFor(spec.stack, "up")}, which starts it again with all that is in it`;
    return { ...nothing, state: "stopped", summary: `${stopped.length} of ${nodes.length} nodes stopped`, nodes: lines, advice };
  }
  const [unready, pods, used] = await Promise.all([
    notReady(runtime, nodes, { ask }),
    readPods(ask ?? ((args) => kubectl(runtime, nodes[0], args))),
    memory(runtime, nodes),
  ]);
  return {
    state: "running",
    summary: `${nodes.length} nodes on ${runtime.name}`,
    nodes: nodes.map(({ name }) => unready.find((text) => text.startsWith(name)) ?? `${name}: ready`),
    advice: "",
    pods: { all: pods.length, ready: pods.filter(({ problem }) => !problem).length },
    memory: used,
    wrong: [...unready, ...pods.flatMap(({ problem }) => problem ?? [])],
  };
}

async function find({ name, sources }: KindSpec): Promise<{ runtime: Runtime; nodes: NodeContainer[] } | undefined> {
  try {
    const runtime = await findRuntime(sources);
    const nodes = await listNodes(runtime, name);
    return nodes.length > 0 ? { runtime, nodes } : undefined;
  } catch (error) {
    // What could run a cluster is not installed, so there is none.
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

/** Memory of all processes in the nodes. Files that the kernel keeps in memory are not counted: it gives those back. */
async function memory(runtime: Runtime, nodes: readonly NodeContainer[]): Promise<number> {
  const files = "cat /sys/fs/cgroup/memory/memory.stat /sys/fs/cgroup/memory.stat 2>/dev/null";
  const stats = await Promise.all(nodes.map((node) => inNode(runtime, node, ["sh", "-c", files])));
  return stats.reduce((sum, { stdout }) => sum + processMemory(stdout), 0);
}

/** Reads the memory of a control group's processes out of memory.stat, of version 1 or 2 of control groups. */
export function processMemory(stat: string): number {
  const value = (name: string) => Number(new RegExp(`^${name} (\\d+)$`, "m").exec(stat)?.[1] ?? 0);
  return value("total_rss") || value("anon");
}
