import type { Deployment } from "../../../cli/pulumi/deployment.ts";
import { kubectl, pulumi } from "../../lib/runningStack.ts";
import { type Lasting, listLasting } from "./objects.ts";

/** The objects that differ between a stack's state and its cluster, as `Kind/namespace/name`. */
export interface StateDrift {
  /** In the state, and not in the cluster. */
  readonly lost: readonly string[];
  /** In the cluster, and neither in the state nor of somebody who is. */
  readonly stray: readonly string[];
}

/** What Kubernetes and Istio write into namespaces by themselves, and the namespaces that every cluster has. */
const theirs = [
  /^Namespace\/\/(default|kube-.*)$/,
  /^\w+\/(default|kube-[^/]*)\//,
  /^ServiceAccount\/.*\/default$/,
  /^PersistentVolumeClaim\//,
  /^ConfigMap\/.*\/(kube-root-ca\.crt|istio-ca-(root-cert|crl))$/,
  /^ConfigMap\/istio-system\/istio-(ip-autoallocate|leader|namespace-controller-election|gateway-.*)$/,
  /^Secret\/istio-system\/istio-ca-secret$/,
];

/** Compares the Kubernetes objects of the stack's state with all that stay in the cluster's namespaces until somebody removes them. */
export async function stateDrift(): Promise<StateDrift> {
  const [state, cluster] = await Promise.all([readState(), readCluster()]);
  const found = new Set(cluster.map(({ object }) => object));
  const isOurs = ({ object, release }: Lasting) => state.has(object) || (release !== undefined && state.has(release));
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

async function readCluster(): Promise<Lasting[]> {
  const lasting = await listLasting(kubectl, "namespaces");
  return lasting.map(({ object, release }) => ({ object: object.replace(storage, "Release/$1/$2"), release }));
}

/** Where Helm writes a release down: a Secret for each of its revisions. */
const storage = /^Secret\/([^/]+)\/sh\.helm\.release\.v1\.(.+)\.v\d+$/;
