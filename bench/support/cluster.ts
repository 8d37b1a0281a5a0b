import { setTimeout as pause } from "node:timers/promises";
import { type BuiltImage, fullName, imageReference } from "../../airgap/names.ts";
import { UserError } from "../../lib/errors.ts";
import { builtProgram } from "../../stacks/images.ts";
import { applyObjects, kubectl, kubeGet } from "../../tests/lib/runningStack.ts";
import { type AtEnd, say } from "./topic.ts";

/*
 * The running cluster of the stack `local`, and namespaces of our own in it.
 */

/** On whatever is made here, so that what an earlier run left is found. */
const mark = { bench: "true" } as const;

interface Namespace {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
}

/**
 * Makes namespaces, in the mesh or not, in place of those of an earlier run, and removes them at the end.
 *
 * @param names - whether the pods of each get sidecars.
 * @throws UserError when the stack is not up.
 */
export async function ownNamespaces(names: Readonly<Record<string, boolean>>, atEnd: AtEnd): Promise<void> {
  const injection = await injectionLabels();
  await removeOurs();
  atEnd(async () => {
    say("removing what was made for it");
    await removeOurs();
  });
  await applyObjects(
    Object.entries(names).map(([name, meshed]) => ({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name, labels: { ...mark, ...(meshed ? injection : { "istio-injection": "disabled" }) } },
    })),
  );
}

async function removeOurs(): Promise<void> {
  const selector = Object.entries(mark).map(([key, value]) => `${key}=${value}`);
  await kubectl("delete", "namespaces", `--selector=${selector}`, "--wait", "--timeout=120s");
}

/** The labels by which the platform's own namespaces are in the mesh. */
async function injectionLabels(): Promise<Record<string, string>> {
  try {
    const { metadata } = await kubeGet<Namespace>("namespace", "product");
    const labels = Object.entries(metadata.labels ?? {});
    return Object.fromEntries(labels.filter(([label]) => ["istio-injection", "istio.io/rev"].includes(label)));
  } catch (error) {
    throw new UserError(`The stack local is not up, or not whole: make up. (${(error as Error).message.split("\n").at(-1)})`);
  }
}

/** Names of the nodes that take pods of ours. */
export async function workers(): Promise<string[]> {
  const { items } = await kubeGet<{
    readonly items: readonly {
      readonly metadata: { readonly name: string };
      readonly spec: { readonly taints?: readonly { readonly effect: string }[] };
    }[];
  }>("nodes");
  const open = items.filter(({ spec }) => !spec.taints?.some(({ effect }) => effect !== "PreferNoSchedule"));
  return open.map(({ metadata }) => metadata.name).sort();
}

export interface PodArgs {
  readonly namespace: string;
  readonly name: string;
  readonly image: "product" | "fortio";
  readonly args?: readonly string[];
  readonly node?: string | undefined;
  /** That it answers on. */
  readonly port: number;
  /** Answers 200 when it is ready. */
  readonly ready: string;
  /** @default none */
  readonly annotations?: Readonly<Record<string, string>>;
}

/** What pods run: nodes have both for the platform's own. */
const images: Readonly<Record<PodArgs["image"], () => BuiltImage>> = {
  product: () => builtProgram("apps/product/product/server.ts"),
  fortio: () => ({ name: "fortio" }),
};

/** A pod of one container without limits, which what is compared would reach at different times. */
export function podOf({ namespace, name, image, args, node, port, ready, annotations }: PodArgs) {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace, name, labels: { app: name }, ...(annotations && { annotations }) },
    spec: {
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: 1,
      ...(node && { nodeSelector: { "kubernetes.io/hostname": node } }),
      containers: [
        {
          name,
          image: fullName(imageReference(images[image]())),
          imagePullPolicy: "IfNotPresent",
          ...(args && { args }),
          ports: [{ name: "http", containerPort: port }],
          readinessProbe: { httpGet: { path: ready, port }, periodSeconds: 1, failureThreshold: 60 },
        },
      ],
    },
  };
}

export function serviceOf(namespace: string, name: string, port: number) {
  const spec = { selector: { app: name }, ports: [{ name: "http", port, appProtocol: "http" }] };
  return { apiVersion: "v1", kind: "Service", metadata: { namespace, name }, spec };
}

/** Waits until pods are ready. The injector may not know of a namespace that has just been made: such a pod is refused once. */
export async function untilReady(namespace: string, ...pods: string[]): Promise<void> {
  const names = pods.map((pod) => `pod/${pod}`);
  await kubectl("wait", `--namespace=${namespace}`, ...names, "--for=condition=Ready", "--timeout=90s");
}

/** A pod as the API server has it. */
export interface PodObject {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
  readonly spec: { readonly nodeName: string };
  readonly status: Readonly<Partial<Record<"containerStatuses" | "initContainerStatuses", readonly ContainerStatus[]>>>;
}

interface ContainerStatus {
  readonly name: string;
  readonly containerID?: string;
  readonly state: { readonly running?: object };
}

/** Ids of a pod's containers that run, by name: its own, and its sidecar. */
export function runningIn({ status }: PodObject): Readonly<Record<string, string>> {
  const all = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  const running = all.filter(({ state }) => state.running !== undefined);
  return Object.fromEntries(running.map(({ name, containerID = "" }) => [name, containerID.replace(/^.*:\/\//, "")]));
}

/** The same of the pod of that name. */
export async function containersOf(namespace: string, pod: string): Promise<Readonly<Record<string, string>>> {
  return runningIn(await kubeGet<PodObject>("pod", pod, `--namespace=${namespace}`));
}

/**
 * Asks until the answer is one, each tenth of a second.
 *
 * @throws Error when there is none in time.
 */
export async function until<T>(what: string, seconds: number, ask: () => Promise<T | undefined>): Promise<T> {
  for (const end = Date.now() + seconds * 1_000; Date.now() < end; await pause(100)) {
    const answer = await ask();
    if (answer !== undefined) return answer;
  }
  throw new Error(`not within ${seconds} s: ${what}`);
}
