import { join } from "node:path";
import { stateDir } from "../../lib/paths.ts";
import type { NodeContainer } from "./runtime.ts";

/** What this checkout keeps of one of its clusters. */
export function clusterDir(cluster: string): string {
  return join(stateDir, "kind", cluster);
}

/** An empty folder that every node of the cluster mounts: its path says whose the cluster is, even when the folder is gone. */
export function ownerDir(cluster: string): string {
  return join(clusterDir(cluster), "owner");
}

/** Whether this checkout made these nodes. */
export function isOurs(cluster: string, nodes: readonly NodeContainer[]): boolean {
  return nodes.every(({ owner }) => owner === ownerDir(cluster));
}

/** The checkout that made a cluster, by the folder that its nodes mount; undefined where none did. */
export function checkoutOf(cluster: string, owner = ""): string | undefined {
  const tail = join(".state", "kind", cluster, "owner");
  return owner.endsWith(`/${tail}`) ? owner.slice(0, -tail.length - 1) : undefined;
}

/** Says whose cluster it is that has our name, and what to do about it. We never touch it ourselves. */
export function foreignMessage(cluster: string, nodes: readonly NodeContainer[], provider: string): string {
  const stranger = nodes.find(({ owner }) => owner !== ownerDir(cluster));
  const checkout = checkoutOf(cluster, stranger?.owner);
  const from = checkout ? `the checkout ${checkout}` : "somebody else";
  return [
    `There is a kind cluster ${cluster} that ${from} made (${stranger?.created.slice(0, 16) ?? "unknown"}); it is left alone.`,
    `Take it down where it was made, or with \`KIND_EXPERIMENTAL_PROVIDER=${provider} kind delete cluster --name ${cluster}\`,`,
    "or give this stack's cluster another name: mesh:cluster.name.",
  ].join(" ");
}
