/** By this key Pulumi marks a secret among the values of a state. */
export const secretKey = "4dabf18193072939515e22adb298388d";

/** What this reads and edits of an exported stack; all else passes through. */
export interface Resource {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly custom?: boolean;
  /** Belongs to somebody else; the state only reads it. */
  readonly external?: boolean;
  /** Was replaced, and is still to be deleted. */
  readonly delete?: boolean;
  /** Why the resource was not brought to an end; the next update goes on with it. */
  readonly initErrors?: readonly string[];
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly outputs?: Readonly<Record<string, unknown>>;
  readonly parent?: string;
  readonly provider?: string;
  readonly retainOnDelete?: boolean;
  readonly dependencies?: readonly string[];
  readonly propertyDependencies?: Readonly<Record<string, readonly string[] | null>>;
}

export interface Operation {
  readonly type: string;
  readonly resource: Resource;
}

export interface Deployment {
  readonly resources?: readonly Resource[];
  readonly pending_operations?: readonly Operation[];
}

/** The part of a type before its first colon says whose it is. */
const inCluster = ["kubernetes:", "pulumi:providers:kubernetes", "mesh:kind:", "pulumi-nodejs:dynamic/kind:"];

/** Whether a resource exists only inside a cluster, or is the cluster. */
export function livesInCluster({ type }: Resource): boolean {
  return inCluster.some((prefix) => type.startsWith(prefix));
}

/**
 * The deployment after its cluster is gone: all that was in it is gone too and will be created again. What is kept
 * elsewhere, such as passwords, stays.
 */
export function withoutCluster(deployment: Deployment): Deployment {
  return withoutResources({ ...deployment, pending_operations: [] }, livesInCluster);
}

/** The deployment after resources are gone, so that the next update creates them. */
export function withoutResources(deployment: Deployment, isGone: (resource: Resource) => boolean): Deployment {
  const kept = (deployment.resources ?? []).filter((resource) => !isGone(resource));
  const known = new Set(kept.map(({ urn }) => urn));
  const stays = (urn: string) => known.has(urn);
  return {
    ...deployment,
    resources: kept.map((resource) => ({
      ...resource,
      ...(resource.dependencies && { dependencies: resource.dependencies.filter(stays) }),
      ...(resource.propertyDependencies && {
        propertyDependencies: Object.fromEntries(
          Object.entries(resource.propertyDependencies).map(([property, urns]) => [property, (urns ?? []).filter(stays)]),
        ),
      }),
    })),
  };
}

/** The deployment in which resources count as not brought to an end, for the reasons given: the next update applies them again. */
export function withInitErrors(deployment: Deployment, reasons: ReadonlyMap<string, readonly string[]>): Deployment {
  return {
    ...deployment,
    resources: (deployment.resources ?? []).map((resource) => {
      const found = resource.delete ? undefined : reasons.get(resource.urn);
      return found ? { ...resource, initErrors: [...(resource.initErrors ?? []), ...found] } : resource;
    }),
  };
}

/**
 * The deployment after a run was killed: nobody knows how far the operations under way came. What was being created and
 * has a name in Kubernetes is taken in as if it were there, and a refresh then finds out; otherwise an object whose
 * creation was not recorded would stay behind, nobody's. All other creations can be done again as they are.
 */
export function withoutPending(deployment: Deployment): Deployment {
  const known = new Set((deployment.resources ?? []).map(({ urn }) => urn));
  const adopted = (deployment.pending_operations ?? [])
    .filter(({ type, resource }) => type === "creating" && !known.has(resource.urn))
    .flatMap(({ resource }) => {
      const id = kubernetesId(resource);
      return id === undefined ? [] : [{ ...resource, id, outputs: resource.inputs ?? {} }];
    });
  return { ...deployment, pending_operations: [], resources: [...(deployment.resources ?? []), ...adopted] };
}

/** What both Kubernetes providers call an object. A Helm release has no metadata: only Helm can tell of it. */
function kubernetesId({ type, inputs }: Resource): string | undefined {
  if (!type.startsWith("kubernetes:")) return undefined;
  const { name, namespace } = (inputs?.metadata ?? {}) as { name?: unknown; namespace?: unknown };
  if (typeof name !== "string") return undefined;
  return typeof namespace === "string" ? `${namespace}/${name}` : name;
}

const isRelease = (type: string) => type === "kubernetes:helm.sh/v3:Release";

/** A Helm release by its own name. */
export interface ReleaseName {
  readonly name: string;
  readonly namespace: string;
}

/** The Helm releases that were being installed or changed when the run was killed: Helm itself refuses to go on with them. */
export function pendingReleases({ pending_operations = [] }: Deployment): ReleaseName[] {
  return pending_operations
    .filter(({ resource }) => isRelease(resource.type))
    .flatMap(({ resource: { inputs } }) => {
      const { name, namespace } = inputs ?? {};
      return typeof name === "string" && typeof namespace === "string" ? [{ name, namespace }] : [];
    });
}
