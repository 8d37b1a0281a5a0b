import { readdir, readFile } from "node:fs/promises";
import { basename } from "node:path";
import process from "node:process";
import { eventually, forgetUp, kubeGet } from "../../lib/runningStack.ts";

/** A pod as far as tests ask. */
export interface Pod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly node: string;
  /** Its ServiceAccount. */
  readonly account: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Whether it takes requests, and is to stay. */
  readonly ready: boolean;
  /** How often its containers were started again, all together. */
  readonly restarts: number;
}

interface PodItem {
  readonly metadata: {
    readonly namespace: string;
    readonly name: string;
    readonly uid: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
  };
  readonly spec: { readonly nodeName?: string; readonly serviceAccountName: string };
  readonly status: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly containerStatuses?: readonly ContainerStatus[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
  };
}

interface ContainerStatus {
  readonly restartCount: number;
}

/** The pods that a selector of labels selects, of one namespace or of all. */
export async function listPods(selector = "", namespace?: string): Promise<Pod[]> {
  const scope = namespace === undefined ? "--all-namespaces" : `--namespace=${namespace}`;
  const { items } = await kubeGet<{ items: PodItem[] }>("pods", scope, `--selector=${selector}`);
  return items.map(({ metadata: { namespace, name, uid, labels = {}, deletionTimestamp }, spec, status }) => {
    const isReady = status.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
    // Sidecars are among the containers that start first.
    const containers = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
    const restarts = containers.reduce((sum, { restartCount }) => sum + restartCount, 0);
    const ready = isReady && deletionTimestamp === undefined;
    return { namespace, name, uid, labels, node: spec.nodeName ?? "", account: spec.serviceAccountName, ready, restarts };
  });
}

export const productPods = () => listPods("app=product", "product");
export const gatewayPods = () => listPods("istio=ingressgateway", "istio-ingress");

/** Waits until exactly so many pods are there, all of them ready. */
export function untilReady(pods: () => Promise<Pod[]>, count: number, seconds = 90): Promise<void> {
  return eventually(`${count} pods ready`, seconds, async () => {
    const now = await pods();
    const ready = now.filter((pod) => pod.ready).length;
    if (now.length !== count || ready !== count) throw new Error(`${ready} of ${now.length} ready`);
  });
}

/** Waits until the pods that requests for products go through are ready: three of v1 and two of v2, and both of the gateway. */
export async function untilAllReady(): Promise<void> {
  await untilReady(productPods, 5);
  await untilReady(gatewayPods, 2);
}

/** Ends the processes of a pod at once, or those of one program in it. @throws Error when there is none. */
export function killIn({ uid }: Pod, program?: string): Promise<void> {
  return killProcesses(program, new RegExp(`pod${uid.replaceAll("-", "[-_]")}`));
}

/**
 * Ends the processes of a program at once, in whichever node they run: nodes are containers of this machine, which sees what is in
 * them.
 *
 * @param program - all of them where it is undefined.
 * @param group - matches the control groups of those that are meant. @default all
 * @throws Error when there is none.
 */
export async function killProcesses(program: string | undefined, group = /kubelet/): Promise<void> {
  await forgetUp();
  let killed = 0;
  for (const pid of (await readdir("/proc")).filter((entry) => /^\d+$/.test(entry))) {
    const read = (file: string) => readFile(`/proc/${pid}/${file}`, "utf8").catch(() => "");
    const [started = ""] = (await read("cmdline")).split("\0");
    if (started === "" || (program !== undefined && basename(started) !== program) || !group.test(await read("cgroup"))) continue;
    if (kill(Number(pid))) killed++;
  }
  if (killed === 0) throw new Error(`no process ${program ?? "of the pod"} to be killed`);
}

/** Whether it was still there: a container ends with its first process. */
function kill(pid: number): boolean {
  try {
    return process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw error;
  }
}
