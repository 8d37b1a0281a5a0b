import type { Kubectl } from "./kubectl.ts";

/** The part of a Pod that tells how it is. */
export interface Pod {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly creationTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
    /** Of one that is told to end: when it has to be gone (RFC 3339). */
    readonly deletionTimestamp?: string;
    readonly ownerReferences?: readonly { readonly kind: string }[];
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
  readonly state?: {
    readonly waiting?: { readonly reason?: string; readonly message?: string };
    readonly terminated?: { readonly exitCode: number };
  };
}

export interface PodHealth {
  readonly problem?: string;
}

/** How every pod of a cluster is that stays there; none when the cluster does not answer. */
export async function readPods(kubectl: Kubectl): Promise<PodHealth[]> {
  return lastTries(await listPods(kubectl))
    .filter((pod) => !isLeaving(pod))
    .map(podHealth);
}

/** Of the pods of each job, the last: those before it are tries that failed, or earlier runs of a schedule. */
function lastTries(pods: readonly Pod[]): Pod[] {
  const last = new Map<string, Pod>();
  for (const pod of pods.filter(isOfJob)) {
    const other = last.get(jobOf(pod));
    if (!other || createdAt(other) < createdAt(pod)) last.set(jobOf(pod), pod);
  }
  return pods.filter((pod) => !isOfJob(pod) || last.get(jobOf(pod)) === pod);
}

const isOfJob = ({ metadata }: Pod) => metadata.ownerReferences?.some(({ kind }) => kind === "Job") ?? false;
const jobOf = ({ metadata: { namespace, labels = {} } }: Pod) => `${namespace}/${labels.app ?? labels["job-name"]}`;
const createdAt = ({ metadata }: Pod) => metadata.creationTimestamp ?? "";

/** How long after its time a pod may take to be gone, in milliseconds. */
const mostDelay = 60_000;

/** Whether a pod should be gone by now, with some patience. */
function isOverdue({ deletionTimestamp }: Pod["metadata"]): boolean {
  return deletionTimestamp !== undefined && Date.now() > Date.parse(deletionTimestamp) + mostDelay;
}

/**
 * Whether a pod ends, has the time for it, and has a successor: after an update some still answer what they had begun. One of a
 * StatefulSet has none before it is gone.
 */
function isLeaving({ metadata }: Pod): boolean {
  const { deletionTimestamp, ownerReferences = [] } = metadata;
  return deletionTimestamp !== undefined && !isOverdue(metadata) && !ownerReferences.some(({ kind }) => kind === "StatefulSet");
}

/** Every pod of a cluster; none when the cluster does not answer. */
export async function listPods(kubectl: Kubectl): Promise<readonly Pod[]> {
  const { ok, stdout } = await kubectl(["get", "pods", "--all-namespaces", "--output=json"]);
  return ok ? (JSON.parse(stdout) as { items: Pod[] }).items : [];
}

/** How its containers ended that did not end well. */
function exitOf({ containerStatuses = [] }: Pod["status"]): string {
  const codes = containerStatuses.flatMap(({ name, state }) =>
    state?.terminated && state.terminated.exitCode !== 0 ? [`${name} ended with ${state.terminated.exitCode}`] : [],
  );
  return codes.length > 0 ? `: ${codes.join(", ")}` : "";
}

/** Why a pod is not ready: what its containers wait for says more than its conditions. */
export function podHealth({ metadata, status }: Pod): PodHealth {
  const { namespace, name, deletionTimestamp } = metadata;
  if (isOverdue(metadata)) return { problem: `${namespace}/${name} should be gone since ${deletionTimestamp}` };
  if (status.phase === "Succeeded") return {};
  if (status.phase === "Failed") return { problem: `${namespace}/${name} has failed${exitOf(status)}` };
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
