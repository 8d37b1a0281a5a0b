import { setTimeout as sleep } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";

/** A resource as the program registered it. */
export interface Registered {
  readonly type: string;
  readonly name: string;
  readonly inputs: Inputs;
}

export type Inputs = Readonly<Record<string, unknown>>;

export interface Recording {
  /** All of them, in the order in which they were registered. */
  readonly resources: readonly Registered[];
  /** The inputs of the only resource of this type and name. */
  inputs(type: string, name: string): Inputs;
  all(type: string): readonly Registered[];
  /** Whether the first was registered only after the second was there: true when it depends on it, directly or not. */
  waits(first: readonly [type: string, name: string], second: readonly [type: string, name: string]): boolean;
}

/**
 * How long a resource takes to be there, in milliseconds: long enough that whatever does not wait for it is registered
 * meanwhile. A release takes longer than a chain of objects, as it does in a cluster.
 */
const creation = (type: string) => (type === "kubernetes:helm.sh/v3:Release" ? 40 : 4);

/**
 * Runs something that registers resources against mocks and returns what it registered. Nothing is created, and an
 * object's outputs are its inputs. It proves what is registered with which inputs and in which order, not that a cluster
 * takes it.
 */
export async function record(run: () => unknown, { preview = false, stack = "local" } = {}): Promise<Recording> {
  const steps: { readonly resource: Registered; readonly started: number; done: number }[] = [];
  let clock = 0;
  await pulumi.runtime.setMocks(
    {
      newResource: async ({ type, name, inputs: { __provider, ...inputs } }) => {
        const step = { resource: { type, name, inputs }, started: clock++, done: Number.POSITIVE_INFINITY };
        steps.push(step);
        await sleep(creation(type));
        step.done = clock++;
        return { id: `${name}-id`, state: { ...computed[type], ...inputs } };
      },
      call: ({ inputs }) => inputs,
    },
    "mesh",
    stack,
    preview,
  );
  await run();
  // Registrations go on after the constructors have returned: each waits for the outputs it is made of.
  await pulumi.runtime.disconnect();

  const step = ([type, name]: readonly [string, string]) => {
    const found = steps.filter(({ resource }) => resource.type === type && resource.name === name);
    const [only] = found;
    if (found.length === 1 && only) return only;
    throw new Error(
      `${found.length} resources ${type} ${name} among:\n${steps.map(({ resource: r }) => `${r.type} ${r.name}`).join("\n")}`,
    );
  };
  const resources = steps.map(({ resource }) => resource);
  return {
    resources,
    inputs: (type, name) => step([type, name]).resource.inputs,
    all: (type) => resources.filter((resource) => resource.type === type),
    waits: (first, second) => step(first).started > step(second).done,
  };
}

/** What is at a path such as `spec.http.0.route` of an object. The caller says what it takes it for. */
export function at<T>(object: unknown, path: string): T {
  return path.split(".").reduce((from, part) => (from as Record<string, unknown> | undefined)?.[part], object) as T;
}

/** What a real provider would add to a resource's outputs and the program computes with. */
const computed: Record<string, Inputs> = {
  "pulumi-nodejs:dynamic/kind:Nodes": {
    kubeconfig: "the-kubeconfig",
    context: "the-context",
    instance: "the-instance",
    identifier: "the-identifier",
    running: true,
  },
};
