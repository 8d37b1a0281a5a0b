import type { Kubectl } from "./kubectl.ts";

/** The part of a Pod that tells how it is. */
export interface Pod {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    /** Of one that is told to end: when it has to be gone (RFC 3339). */
    readonly deletionTimestamp?: string;
  };
  readonly status: {
    readonly phase: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[];
    readonly containerStatuses?: readonly ContainerStatus[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
  };
}

interface ContainerStatus {
  readonly name: string;
  readonly image: string;
  readonly state?: { readonly waiting?: { readonly reason?: string; readonly message?: string } };
}

export interface PodHealth {
  readonly problem?: string;
}

/** How every pod of a cluster is that stays there; none when the cluster does not answer. */
export async function readPods(kubectl: Kubectl): Promise<PodHealth[]> {
  return (await listPods(kubectl)).filter((pod) => !isLeaving(pod)).map(podHealth);
}

/** How long after its time a pod may take to be gone, in milliseconds. */
const mostDelay = 60_000;

/** Whether a pod ends, and has the time for it: after an update some still answer what they had begun. */
export function isLeaving({ metadata: { deletionTimestamp } }: Pod, now = Date.now()): boolean {
  return deletionTimestamp !== undefined && now < Date.parse(deletionTimestamp) + mostDelay;
}

/** Every pod of a cluster; none when the cluster does not answer. */
export async function listPods(kubectl: Kubectl): Promise<readonly Pod[]> {
  const { ok, stdout } = await kubectl(["get", "pods", "--all-namespaces", "--output=json"]);
  return ok ? (JSON.parse(stdout) as { items: Pod[] }).items : [];
}

/** Why a pod is not ready: what its containers wait for says more than its conditions. */
export function podHealth({ metadata, status }: Pod): PodHealth {
  const { namespace, name, deletionTimestamp } = metadata;
  if (deletionTimestamp !== undefined) return { problem: `${namespace}/${name} should be gone since ${deletionTimestamp}` };
  if (status.phase === "Succeeded") return {};
  const condition = (type: string) => status.conditions?.find((one) => one.type === type);
  if (condition("Ready")?.status === "True") return {};
  const waiting = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])].find(
    ({ state }) => state?.waiting?.reason && state.waiting.reason !== "PodInitializing",
  );
  const { reason, message } = waiting?.state?.waiting ?? {};
  const why = waiting
    ? `${waiting.name}: ${reason}${message ? `, ${message}` : ""}`
    : (condition("PodScheduled")?.status === "False" && condition("PodScheduled")?.message) ||
      condition("Ready")?.message ||
      status.phase;
  return { problem: `${namespace}/${name} is not ready: ${why}`.slice(0, 240) };
}
