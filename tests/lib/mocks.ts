import { setTimeout as sleep } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";

/** A resource as the program registered it. */
export interface Registered {
  readonly type: string;
  readonly name: string;
  readonly inputs: Inputs;
}

export type Inputs = Readonly<Record<string, unknown>>;

/** What a resource was registered with beside its inputs. */
export interface Options {
  /** Of all resources that it depends on, by option or because an input is an output of theirs. */
  readonly dependencies: readonly string[];
  /** Its parent and its provider, where it has them: it comes after them, and goes before them, as with dependencies. */
  readonly holders: readonly string[];
  readonly ignoreChanges: readonly string[];
  readonly retainOnDelete: boolean;
  /** Undefined where the provider decides. */
  readonly deleteBeforeReplace: boolean | undefined;
  /** How long it may take to be there, such as `15m`; undefined where the provider decides. */
  readonly longestCreation: string | undefined;
}

export interface Recording {
  /** All of them, in the order in which they were registered. */
  readonly resources: readonly Registered[];
  /** The inputs of the only resource of this type and name. */
  inputs(type: string, name: string): Inputs;
  all(type: string): readonly Registered[];
  /** How the only resource of this type and name is to be handled, and what it depends on. */
  options(type: string, name: string): Options;
  /** Whether the first was registered only after the second was there: true when it depends on it, directly or not. */
  waits(first: Name, second: Name): boolean;
  /**
   * Whether the first was registered with the second as a dependency, its parent or its provider, or with one that depends on
   * it. Then it is created after it and deleted before it, however long each takes.
   */
  dependsOn(first: Name, second: Name): boolean;
}

export type Name = readonly [type: string, name: string];

/**
 * How long a resource takes to be there, in milliseconds: long enough that whatever does not wait for it is registered
 * meanwhile. A release takes longer than a chain of objects, as it does in a cluster.
 */
const creation = (type: string) => (type === "kubernetes:helm.sh/v3:Release" ? 40 : 4);

/** How long one takes that is to take longer than everything else together. */
const slowest = 250;

export interface RecordOptions {
  readonly preview?: boolean;
  readonly stack?: string;
  /** Whether objects of Kubernetes that the program does not name get {@link automaticName}, for others to refer to. */
  readonly autonames?: boolean;
  /** What takes longest of all, as a type or as type and name: what was registered after it surely waited for it. */
  readonly slow?: string;
  /**
   * What resources of a type compute, each by its name or all the same, or what a function of a provider answers, instead of
   * the words that stand for it otherwise.
   */
  readonly outputs?: Readonly<Record<string, Inputs | ((name: string) => Inputs)>>;
}

/** A registration, with the moments between which it was under way. */
interface Step {
  readonly resource: Registered;
  readonly options: Options;
  readonly started: number;
  done: number;
}

/**
 * Runs something that registers resources against mocks and returns what it registered. Nothing is created, and an
 * object's outputs are its inputs. It proves what is registered with which inputs and in which order, not that a cluster
 * takes it.
 */
export async function record(
  run: () => unknown,
  { preview = false, stack = "local", autonames = false, slow = "", outputs = {} }: RecordOptions = {},
): Promise<Recording> {
  const steps: Step[] = [];
  let options: Options | undefined;
  let clock = 0;
  await pulumi.runtime.setMocks(
    {
      newResource: async ({ type, name, inputs: { __provider, ...inputs } }) => {
        const step = {
          resource: { type, name, inputs: withoutResources(inputs) },
          options: options as Options,
          started: clock++,
          done: Number.POSITIVE_INFINITY,
        };
        steps.push(step);
        await sleep([type, `${type} ${name}`].includes(slow) ? slowest : creation(type));
        step.done = clock++;
        const metadata = { name: automaticName(name), ...(inputs.metadata as Inputs | undefined) };
        const named = autonames && type.startsWith("kubernetes:") ? { metadata } : {};
        const given = outputs[type];
        const own = typeof given === "function" ? given(name) : given;
        return { id: `${name}-id`, state: { ...ofAws(type, name), ...computed[type], ...own, ...inputs, ...named } };
      },
      call: ({ token, inputs }) => ({ ...answers[token], ...outputs[token], ...inputs }),
    },
    "mesh",
    stack,
    preview,
  );
  watchRequests((request) => {
    options = optionsOf(request);
  });
  await run();
  // Registrations go on after the constructors have returned: each waits for the outputs it is made of.
  await pulumi.runtime.disconnect();

  const byName = new Map<string, Step[]>();
  for (const one of steps) {
    const key = `${one.resource.type} ${one.resource.name}`;
    byName.set(key, [...(byName.get(key) ?? []), one]);
  }
  const step = ([type, name]: Name) => {
    const found = byName.get(`${type} ${name}`) ?? [];
    const [only] = found;
    if (found.length === 1 && only) return only;
    throw new Error(
      `${found.length} resources ${type} ${name} among:\n${steps.map(({ resource: r }) => `${r.type} ${r.name}`).join("\n")}`,
    );
  };
  const dependenciesOf = (name: Name, found = new Set<Step>()) => {
    const { dependencies, holders } = step(name).options;
    for (const dependency of [...dependencies, ...holders].map(nameIn)) {
      if (found.has(step(dependency))) continue;
      found.add(step(dependency));
      dependenciesOf(dependency, found);
    }
    return found;
  };
  const resources = steps.map(({ resource }) => resource);
  return {
    resources,
    inputs: (type, name) => step([type, name]).resource.inputs,
    options: (type, name) => step([type, name]).options,
    all: (type) => resources.filter((resource) => resource.type === type),
    waits: (first, second) => step(first).started > step(second).done,
    dependsOn: (first, second) => dependenciesOf(first).has(step(second)),
  };
}

/** What a resource is registered with. Mocks are handed a part of it alone. */
interface RegisterRequest {
  getDependenciesList(): string[];
  getParent(): string;
  getProvider(): string;
  getIgnorechangesList(): string[];
  getRetainondelete(): boolean;
  getDeletebeforereplace(): boolean;
  getDeletebeforereplacedefined(): boolean;
  getCustomtimeouts(): { getCreate(): string } | undefined;
}

/** Shows each request before the mock that answers it is asked, which happens at once. */
function watchRequests(see: (request: RegisterRequest) => void): void {
  const monitor = pulumi.runtime.getMonitor() as unknown as {
    registerResource(request: RegisterRequest, ...rest: unknown[]): unknown;
  };
  const register = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, ...rest) => {
    see(request);
    return register(request, ...rest);
  };
}

function optionsOf(request: RegisterRequest): Options {
  return {
    dependencies: request.getDependenciesList(),
    // A provider is named by its URN and its identifier.
    holders: [request.getParent(), request.getProvider().replace(/::[^:]*$/, "")].filter(Boolean),
    ignoreChanges: request.getIgnorechangesList(),
    retainOnDelete: request.getRetainondelete(),
    deleteBeforeReplace: request.getDeletebeforereplacedefined() ? request.getDeletebeforereplace() : undefined,
    longestCreation: request.getCustomtimeouts()?.getCreate() || undefined,
  };
}

/** Type and name of a resource, which are the end of its URN, behind the types of its parents. */
function nameIn(urn: string): Name {
  const [types = "", name = ""] = urn.split("::").slice(-2);
  return [types.slice(types.lastIndexOf("$") + 1), name];
}

/** What Pulumi would call an object that the program does not name; its suffix is always the same here. */
export function automaticName(name: string): string {
  return `${name}-00c0ffee`;
}

/** What is registered as a secret of Pulumi's, which its state has encrypted. */
export function opened(value: unknown): unknown {
  if (!pulumi.runtime.isRpcSecret(value)) throw new Error(`${JSON.stringify(value)} is no secret`);
  return pulumi.runtime.unwrapRpcSecret(value);
}

/** What is at a path such as `spec.http.0.route` of an object. The caller says what it takes it for. */
export function at<T>(object: unknown, path: string): T {
  return path.split(".").reduce((from, part) => (from as Record<string, unknown> | undefined)?.[part], object) as T;
}

/** What a real provider would add to a resource's outputs and the program computes with. */
const computed: Record<string, Inputs> = {
  "random:index/randomPassword:RandomPassword": { result: "the-password" },
  "mesh:kind:Nodes": {
    kubeconfig: "the-kubeconfig",
    context: "the-context",
    instance: "the-instance",
    identifier: "the-identifier",
    running: true,
  },
  // Of a gateway, which is asked for the address of its load balancer.
  "kubernetes:core/v1:Service": { status: { loadBalancer: { ingress: [{ hostname: "the-load-balancer" }] } } },
  "mesh:certificate:SelfSigned": {
    certificate: "the-certificate",
    key: "the-key",
    authority: "the-authority",
  },
  "eks:index:Cluster": {
    eksCluster: { name: "the-cluster" },
    clusterSecurityGroupId: "the-control-plane",
    kubeconfigJson: "the-kubeconfig",
  },
  "aws:ec2/launchTemplate:LaunchTemplate": { latestVersion: 7 },
};

/** A resource that is handed to another one, by its type and name: the rest of it has no end. */
function withoutResources(inputs: Inputs): Inputs {
  const entries = Object.entries(inputs).map(([key, value]) => {
    if (!pulumi.Resource.isInstance(value)) return [key, value];
    const { __pulumiType: type, __name: name } = value as pulumi.Resource & { __pulumiType: string; __name: string };
    return [key, `${type} ${name}`];
  });
  return Object.fromEntries(entries);
}

/** AWS names whatever it makes, twice. */
function ofAws(type: string, name: string): Inputs {
  return type.startsWith("aws:") ? { arn: `arn:${name}`, name } : {};
}

/** What a real provider would answer to questions of the program. */
const answers: Record<string, Inputs> = {
  "aws:index/getAvailabilityZones:getAvailabilityZones": { names: ["us-west-2a", "us-west-2b", "us-west-2c"] },
};
