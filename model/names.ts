/** An account or a workload, by its namespace and name. */
export interface Account {
  readonly namespace: string;
  readonly name: string;
}

/** An account or workload as the matrix and messages write it. */
export function nameOf({ namespace, name }: Account): string {
  return `${namespace}/${name}`;
}

/** The workload that a call names: `name` is one of the caller's own namespace. */
export function resolveCall(namespace: string, to: string): Account {
  const [first = "", second] = to.split("/");
  return second === undefined ? { namespace, name: first } : { namespace: first, name: second };
}

export function same(a: Account, b: Account): boolean {
  return a.namespace === b.namespace && a.name === b.name;
}

/** The domain of the cluster's own names. */
const clusterDomain = "cluster.local";

/** The full name of a Service, by which every proxy of the mesh knows it, whichever namespace asks. */
export function serviceHost({ name, namespace }: Account): string {
  return `${name}.${namespace}.svc.${clusterDomain}`;
}

/**
 * The Service under which each pod of a stateful service has a name of its own, which stays when the pod is replaced:
 * `<service>-<ordinal>.<service>-headless.<namespace>.svc.cluster.local`.
 */
export function headlessOf({ name, namespace }: Account): Account {
  return { name: headlessName(name), namespace };
}

export const headlessName = (service: string) => `${service}-headless`;

/** A Service as a Sidecar names it. */
export function scopeHost(service: Account): string {
  return `${service.namespace}/${serviceHost(service)}`;
}

/**
 * The VirtualService of an exposure, which route tables delegate to. The first one's is not named after the exposure: a table that names
 * another one answers 404 until the service's pods are ready. No service has a dot in its name.
 */
export function delegateOf(
  service: string,
  exposure: { readonly name: string; readonly isFirst: boolean },
  namespace: string,
): Account {
  return { name: exposure.isFirst ? `${service}-exposed` : `${service}.${exposure.name}`, namespace };
}

/** The Service of an exposure that is treated otherwise than its service, for gateways that tell both apart by whom they dial. */
export function entranceOf(service: string, exposure: string, namespace: string): Account {
  return { name: `${service}-${exposure}`, namespace };
}

/** Name of the Secret with the user of a database. */
export function credentialsOf(database: string): string {
  return `${database}-credentials`;
}

/** Name of the Secret with the same in another namespace, whose workloads call the database. No workload has a dot in its name. */
export function foreignCredentialsOf({ name, namespace }: Account): string {
  return `${namespace}.${credentialsOf(name)}`;
}

/** The keys of these Secrets. */
export const credentialKeys = { user: "user", password: "password", database: "database" } as const;

/** Name of a database's claim: the one that its StatefulSet would give it, and did where the claim is older than this program. */
export function claimOf(database: string): string {
  return `data-${database}-0`;
}
