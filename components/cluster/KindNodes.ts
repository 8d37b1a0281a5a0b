import * as pulumi from "@pulumi/pulumi";
import type { KindSpec } from "../../model/kindSpec.ts";
import { computed } from "../support/computed.ts";
import { type KindCliAnswer, runKindCli } from "./kindCli.ts";

interface Inputs {
  readonly spec: KindSpec;
}

interface Outputs extends Inputs {
  readonly kubeconfig: string;
  readonly context: string;
  /** Tells this cluster from an earlier or later one of the same name. */
  readonly instance: string;
  /** A cluster keeps its identity for as long as Pulumi does not replace it: the objects in it are then the same ones. */
  readonly identifier: string;
  readonly running: boolean;
}

async function outputs(spec: KindSpec, { kubeconfig, context }: KindCliAnswer, running: boolean): Promise<Outputs> {
  const { createHash } = await import("node:crypto");
  if (!kubeconfig) throw new Error(`the cluster ${spec.name} gave no kubeconfig`);
  // A cluster makes its own authority when it is created, and keeps it when its nodes are started again.
  const authority = /certificate-authority-data: *(\S+)/.exec(kubeconfig)?.[1] ?? kubeconfig;
  const identifier = `kind-${spec.name}`;
  return {
    spec,
    kubeconfig,
    context: context ?? identifier,
    instance: createHash("sha256").update(authority).digest("hex").slice(0, 12),
    identifier,
    running,
  };
}

/**
 * The part of a node image's name that the cluster's objects can tell: where it comes from and its Kubernetes version.
 * The rest is a digest or a key of sources, and an edit of those is no reason to throw away a running cluster; one that
 * is created anew gets the new image.
 */
function kubernetesOf(nodeImage: string): string {
  return /^(.*:v\d+\.\d+\.\d+)/.exec(nodeImage)?.[1] ?? nodeImage;
}

/**
 * Says what of a cluster would change that cannot while it lives; undefined when nothing would. Another cluster in its place would begin
 * without anything that is in this one, the databases' volumes too, so that is left to whoever types `make down`.
 */
function refusal(old: KindSpec, spec: KindSpec): string | undefined {
  const ports = (of: KindSpec) => of.ports.map(({ hostPort, nodePort }) => `${hostPort}:${nodePort}`).join(", ");
  const compared: [setting: string, given: string, has: string][] = [
    ["mesh:cluster.name", spec.name, old.name],
    ["mesh:cluster.workers", `${spec.workers}`, `${old.workers}`],
    ["mesh:cluster.ports", ports(spec), ports(old)],
    ["the image of its nodes", kubernetesOf(spec.nodeImage), kubernetesOf(old.nodeImage)],
  ];
  const changes = compared
    .filter(([, given, has]) => given !== has)
    .map(([what, given, has]) => `${what} is ${given}, was ${has}`);
  if (changes.length === 0) return undefined;
  const stack = !spec.stack || spec.stack === "local" ? "" : ` STACK=${spec.stack}`;
  const first = spec.name === old.name ? "" : "with the old name ";
  return (
    `The cluster ${old.name} keeps these as long as it lives: ${changes.join("; ")}. To replace it would delete all that is in it, ` +
    `databases too. Put them back; or type ${first}\`make down${stack}\`, then \`make up${stack}\`, which makes it anew without its data.`
  );
}

/** Thin on purpose: the cluster's command line does the work, for a user as well as for Pulumi. */
export const kindProvider: pulumi.dynamic.ResourceProvider<Inputs, Outputs> = {
  async check(olds: Partial<Inputs>, news) {
    const reason = olds.spec && refusal(olds.spec, news.spec);
    return { inputs: news, failures: reason === undefined ? [] : [{ property: "spec", reason }] };
  },

  async create({ spec }) {
    return { id: spec.name, outs: await outputs(spec, await runKindCli("ensure", spec), true) };
  },

  async read(id, props) {
    if (!props) return { id: "" };
    const { state, kubeconfig = props.kubeconfig } = await runKindCli("read", props.spec);
    // Without an id, Pulumi takes the cluster as gone and creates it again.
    if (state === "absent") return { id: "" };
    return { id, props: await outputs(props.spec, { kubeconfig, context: props.context }, state === "running") };
  },

  async diff(_id, olds, { spec }) {
    const replaces = [];
    if (olds.spec.name !== spec.name) replaces.push("spec.name");
    if (olds.spec.workers !== spec.workers) replaces.push("spec.workers");
    if (JSON.stringify(olds.spec.ports) !== JSON.stringify(spec.ports)) replaces.push("spec.ports");
    if (kubernetesOf(olds.spec.nodeImage) !== kubernetesOf(spec.nodeImage)) replaces.push("spec.nodeImage");
    // The name and the host's ports cannot be had twice.
    return { changes: replaces.length > 0 || !olds.running, replaces, deleteBeforeReplace: true };
  },

  async update(_id, _olds, { spec }) {
    return { outs: await outputs(spec, await runKindCli("ensure", spec), true) };
  },

  async delete(_id, { spec }) {
    await runKindCli("delete", spec);
  },
};

/** The nodes of a kind cluster, as containers of Docker or podman. */
export class KindNodes extends pulumi.dynamic.Resource {
  declare readonly kubeconfig: pulumi.Output<string>;
  declare readonly context: pulumi.Output<string>;
  declare readonly instance: pulumi.Output<string>;
  declare readonly identifier: pulumi.Output<string>;

  constructor(name: string, args: { readonly spec: KindSpec }, opts: pulumi.CustomResourceOptions) {
    const outputs = computed("kubeconfig", "context", "instance", "identifier", "running");
    const secret = { additionalSecretOutputs: ["kubeconfig"] };
    super(kindProvider, name, { ...args, ...outputs }, pulumi.mergeOptions(opts, secret), "kind", "Nodes");
  }
}
