import { setTimeout as pause } from "node:timers/promises";
import { UserError } from "../../lib/errors.ts";
import type { Finished } from "../../lib/process.ts";
import type { KindSpec } from "../../model/kindSpec.ts";
import type { Kubectl } from "../kubernetes/kubectl.ts";
import { makeAnew, makeFor } from "../support/make.ts";
import { findRuntime, inNode, listNodes, type NodeContainer, type Runtime } from "./runtime.ts";

/** A node as the API server knows it. */
interface KubernetesNode {
  readonly metadata: { readonly name: string };
  readonly status: {
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly message?: string;
      readonly lastHeartbeatTime?: string;
    }[];
  };
}

/** Runs kubectl in the control plane, which works before there is a kubeconfig and without kubectl on this machine. */
export async function kubectl(
  runtime: Runtime,
  controlPlane: NodeContainer | undefined,
  args: readonly string[],
): Promise<Finished> {
  if (!controlPlane) return { ok: false, stdout: "", all: "There is no control plane." };
  const base = ["kubectl", "--kubeconfig=/etc/kubernetes/admin.conf", "--request-timeout=5s"];
  return inNode(runtime, controlPlane, [...base, ...args], { timeout: 15_000 });
}

/** The same for a cluster by its name, which may not be there. */
export function kubectlOf({ name, sources }: KindSpec): Kubectl {
  return async (args) => {
    const runtime = await findRuntime(sources);
    const nodes = await listNodes(runtime, name);
    if (nodes.length === 0) return { ok: false, stdout: "", all: `There is no cluster ${name}.` };
    return kubectl(runtime, controlPlaneOf(nodes), args);
  };
}

function controlPlaneOf(nodes: readonly NodeContainer[]): NodeContainer | undefined {
  return nodes.find(({ role }) => role === "control-plane");
}

interface Lease {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly renewTime?: string };
}

export interface WaitOptions {
  /** Whose cluster it is. */
  readonly stack: string | undefined;
  /** In seconds. */
  readonly timeout: number;
  readonly detail: (text: string) => void;
  /**
   * When nodes were started again: the API server remembers them and their pods as ready from before, so each node must have been
   * heard of since then, and requests would be sent where its pods were.
   */
  readonly heardSince?: number;
}

/**
 * Waits until the API server answers and every node is ready.
 *
 * @throws UserError with the nodes that are not ready, why, and what to type.
 */
export async function untilNodesReady(runtime: Runtime, nodes: readonly NodeContainer[], options: WaitOptions): Promise<void> {
  const end = Date.now() + options.timeout * 1_000;
  for (;;) {
    const missing = await notReady(runtime, nodes, options);
    if (missing.length === 0) return;
    options.detail(missing.join(", "));
    if (Date.now() > end) {
      throw new UserError(
        `After ${options.timeout} s the cluster is not ready: ${missing.join(", ")}. \`${makeFor(options.stack, "status")}\` shows more; ${makeAnew(options.stack)} makes it anew.`,
      );
    }
    await pause(500);
  }
}

/**
 * What is not ready, in words.
 *
 * @param options - `ask` asks the cluster where that can be done without its nodes; `heardSince` as in {@link WaitOptions}.
 */
export async function notReady(
  runtime: Runtime,
  nodes: readonly NodeContainer[],
  { ask, heardSince }: Pick<WaitOptions, "heardSince"> & { readonly ask?: Kubectl | undefined } = {},
): Promise<string[]> {
  const controlPlane = controlPlaneOf(nodes);
  const inside: Kubectl = (args) => kubectl(runtime, controlPlane, args);
  const known = await (ask ?? inside)(["get", "nodes", "--output=json"]);
  if (!known.ok) return [`the API server does not answer (${known.all.trim().split("\n").at(-1) ?? ""})`];
  const byName = new Map(
    (JSON.parse(known.stdout) as { items: KubernetesNode[] }).items.map((node) => [node.metadata.name, node]),
  );
  const since = async (find: typeof silentSince) =>
    heardSince === undefined ? new Set<string>() : find(runtime, controlPlane, heardSince);
  const [silent, outdated] = await Promise.all([since(silentSince), since(outdatedSince)]);
  return nodes.flatMap(({ name, running }) => {
    const node = byName.get(name);
    if (!node) return [`${name} has not joined`];
    const ready = node.status.conditions?.find(({ type }) => type === "Ready");
    if (ready?.status !== "True") return [`${name} is not ready${ready?.message ? ` (${ready.message.slice(0, 80)})` : ""}`];
    if (silent.has(name)) return [`${name} has not been heard of yet`];
    return !running && outdated.has(name) ? [`${name} has not told of its pods yet`] : [];
  });
}

/** The nodes whose kubelet has not renewed its lease since then. */
async function silentSince(runtime: Runtime, controlPlane: NodeContainer | undefined, since: number): Promise<Set<string>> {
  const leases = await kubectl(runtime, controlPlane, ["get", "leases", "--namespace=kube-node-lease", "--output=json"]);
  const { items } = JSON.parse(leases.ok ? leases.stdout : '{"items":[]}') as { items: Lease[] };
  return new Set(items.filter(({ spec }) => Date.parse(spec.renewTime ?? "") < since).map(({ metadata }) => metadata.name));
}

/** A pod as the API server knows it. */
interface KubernetesPod {
  readonly spec: { readonly nodeName?: string };
  readonly status?: {
    readonly containerStatuses?: readonly { readonly state?: { readonly running?: { readonly startedAt: string } } }[];
  };
}

/** The nodes with pods of which the API server believes that they run since before then. */
async function outdatedSince(runtime: Runtime, controlPlane: NodeContainer | undefined, since: number): Promise<Set<string>> {
  const pods = await kubectl(runtime, controlPlane, ["get", "pods", "--all-namespaces", "--output=json"]);
  const { items } = JSON.parse(pods.ok ? pods.stdout : '{"items":[]}') as { items: KubernetesPod[] };
  const wholeSecond = since - (since % 1_000);
  const isOutdated = ({ status }: KubernetesPod) =>
    (status?.containerStatuses ?? []).some(({ state }) => Date.parse(state?.running?.startedAt ?? "") < wholeSecond);
  return new Set(items.filter(isOutdated).flatMap(({ spec }) => spec.nodeName ?? []));
}
