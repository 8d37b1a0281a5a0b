import { createHash } from "node:crypto";
import { makeAnew } from "../cli/support/make.ts";
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
      const replaces = changesOf(olds.spec, spec).map(({ property }) => property);
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

const portsOf = ({ ports }: KindSpec) => ports.map(({ hostPort, nodePort }) => `${hostPort}:${nodePort}`).join(", ");

/** What of a cluster cannot change while it lives, as a user knows it. */
const fixed = [
  { property: "spec.name", what: "mesh:cluster.name", of: ({ name }: KindSpec) => name },
  { property: "spec.workers", what: "mesh:cluster.workers", of: ({ workers }: KindSpec) => `${workers}` },
  { property: "spec.ports", what: "mesh:cluster.ports", of: portsOf },
  { property: "spec.nodeImage", what: "the image of its nodes", of: ({ nodeImage }: KindSpec) => kubernetesOf(nodeImage) },
];

function changesOf(old: KindSpec, spec: KindSpec) {
  return fixed.filter(({ of }) => of(old) !== of(spec));
}

/**
 * Says what of a cluster would change that cannot while it lives; undefined when nothing would. Another cluster in its place would begin
 * without anything that is in this one, the databases' volumes too, so that is left to whoever types `make down`.
 */
function refusal(old: KindSpec, spec: KindSpec): string | undefined {
  const changes = changesOf(old, spec).map(({ what, of }) => `${what} is ${of(spec)}, was ${of(old)}`);
  if (changes.length === 0) return undefined;
  const first = spec.name === old.name ? "" : "with the old name ";
  return (
    `The cluster ${old.name} keeps these as long as it lives: ${changes.join("; ")}. To replace it would delete all that is in it, ` +
    `databases too. Put them back; or type ${first}${makeAnew(spec.stack)}, which makes it anew without its data.`
  );
}
