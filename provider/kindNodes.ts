import { createHash } from "node:crypto";
import type { KindSpec } from "../model/kindSpec.ts";
import type { ResourceKind } from "./resource.ts";

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

/** What outputs are made of. */
type Found = Pick<Outputs, "kubeconfig" | "context" | "running">;

/** What does the work: the command line's own functions. */
export interface KindWork {
  ensure(spec: KindSpec): Promise<{ readonly kubeconfig: string; readonly context: string }>;
  read(spec: KindSpec): Promise<{ readonly state: "running" | "stopped" | "absent"; readonly kubeconfig?: string }>;
  delete(spec: KindSpec): Promise<void>;
}

/** The nodes of a kind cluster. */
export function kindNodes(work: KindWork): ResourceKind<Inputs, Outputs> {
  const ensure = async (spec: KindSpec) => outputs(spec, { ...(await work.ensure(spec)), running: true });
  return {
    check({ spec: old }, { spec }) {
      const reason = old && refusal(old, spec);
      return reason === undefined ? [] : [{ property: "spec", reason }];
    },
    async create({ spec }) {
      return { id: spec.name, outputs: await ensure(spec) };
    },
    async read(olds) {
      const { state, kubeconfig = olds.kubeconfig } = await work.read(olds.spec);
      if (state === "absent") return undefined;
      return outputs(olds.spec, { kubeconfig, context: olds.context, running: state === "running" });
    },
    diff(olds, { spec }) {
      const replaces = [];
      if (olds.spec.name !== spec.name) replaces.push("spec.name");
      if (olds.spec.workers !== spec.workers) replaces.push("spec.workers");
      if (JSON.stringify(olds.spec.ports) !== JSON.stringify(spec.ports)) replaces.push("spec.ports");
      if (kubernetesOf(olds.spec.nodeImage) !== kubernetesOf(spec.nodeImage)) replaces.push("spec.nodeImage");
      // The name and the host's ports cannot be had twice.
      return { changes: replaces.length > 0 || !olds.running, replaces, deleteBeforeReplace: true };
    },
    update: (_olds, { spec }) => ensure(spec),
    delete: ({ spec }) => work.delete(spec),
  };
}

function outputs(spec: KindSpec, { kubeconfig, context, running }: Found): Outputs {
  // A cluster makes its own authority when it is created, and keeps it when its nodes are started again.
  const authority = /certificate-authority-data: *(\S+)/.exec(kubeconfig)?.[1] ?? kubeconfig;
  const instance = createHash("sha256").update(authority).digest("hex").slice(0, 12);
  return { spec, kubeconfig, context, instance, identifier: `kind-${spec.name}`, running };
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
