import type { Deployment } from "../../../cli/pulumi/deployment.ts";
import { kubectl, pulumi } from "./stack.ts";

/** In what a stack's state and its cluster disagree, as `Kind/namespace/name`. */
export interface Disagreement {
  /** In the state, and not in the cluster. */
  readonly lost: readonly string[];
  /** In the cluster, and neither in the state nor of somebody who is. */
  readonly stray: readonly string[];
}

/** Kinds of which objects come and go by themselves, or belong to others that are looked at. */
const restless =
  /^(events|pods|leases|endpointslices|endpoints|bindings|replicasets|controllerrevisions|persistentvolumeclaims)(\.|$)/;

/** What Kubernetes and Istio write into namespaces by themselves, and the namespaces that every cluster has. */
const theirs = [
  /^Namespace\/\/(default|kube-.*)$/,
  /^\w+\/(default|kube-[^/]*)\//,
  /^ServiceAccount\/.*\/default$/,
  /^ConfigMap\/.*\/(kube-root-ca\.crt|istio-ca-(root-cert|crl))$/,
  /^ConfigMap\/istio-system\/istio-(ip-autoallocate|leader|namespace-controller-election|gateway-.*)$/,
  /^Secret\/istio-system\/istio-ca-secret$/,
];

/** Compares the Kubernetes objects of the stack's state with all that stay in the cluster's namespaces until somebody removes them. */
export async function disagreement(): Promise<Disagreement> {
  const [state, cluster] = await Promise.all([readState(), readCluster()]);
  const found = new Set(cluster.map(({ object }) => object));
  const isOurs = ({ object, release }: Found) => state.has(object) || (release !== undefined && state.has(release));
  const stray = cluster.filter((each) => !isOurs(each) && !theirs.some((kind) => kind.test(each.object)));
  return { lost: [...state].filter((object) => !found.has(object)), stray: stray.map(({ object }) => object) };
}

async function readState(): Promise<Set<string>> {
  const { stdout } = await pulumi("stack", "export");
  const { resources = [], pending_operations: pending = [] } = (JSON.parse(stdout) as { deployment: Deployment }).deployment;
  if (pending.length > 0) throw new Error(`the state has ${pending.length} operations under way`);
  const known = resources.filter(({ type }) => type.startsWith("kubernetes:"));
  return new Set(known.map(({ type, id = "" }) => `${type.split(":").at(-1)}/${id.includes("/") ? id : `/${id}`}`));
}

interface Found {
  readonly object: string;
  /** The Helm release that it is of. */
  readonly release: string | undefined;
}

async function readCluster(): Promise<Found[]> {
  const kinds = (await kubectl("api-resources", "--namespaced", "--verbs=list", "--output=name")).split("\n").filter(Boolean);
  const wanted = [...kinds.filter((kind) => !restless.test(kind)), "namespaces"].join(",");
  const fields = [".kind", ".metadata.namespace", ".metadata.name", ".metadata.annotations.meta\\.helm\\.sh/release-name"];
  const line = fields.map((field) => `{${field}}`).join('{"|"}');
  const listed = await kubectl("get", wanted, "--all-namespaces", `--output=jsonpath={range .items[*]}${line}{"\\n"}{end}`);
  return listed
    .split("\n")
    .filter(Boolean)
    .map((text) => {
      const [kind, namespace, name, release] = text.split("|");
      const object = `${kind}/${namespace}/${name}`.replace(storage, "Release/$1/$2");
      return { object, release: release ? `Release/${namespace}/${release}` : undefined };
    });
}

/** Where Helm writes a release down: a Secret for each of its revisions. */
const storage = /^Secret\/([^/]+)\/sh\.helm\.release\.v1\.(.+)\.v\d+$/;
