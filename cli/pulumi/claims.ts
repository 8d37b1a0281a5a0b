import type { Deployment, Resource } from "./deployment.ts";

const claimType = "kubernetes:core/v1:PersistentVolumeClaim";
const setType = "kubernetes:apps/v1:StatefulSet";

interface SetInputs {
  readonly metadata?: { readonly name?: string; readonly namespace?: string };
  readonly spec?: { readonly volumeClaimTemplates?: readonly ClaimTemplate[] };
}

interface ClaimTemplate {
  readonly metadata?: { readonly name?: string; readonly labels?: unknown };
  readonly spec?: unknown;
}

/**
 * The deployment in which the claims of databases are resources of their own: earlier versions of this project left them to the
 * templates of StatefulSets, and to create what exists already would fail. A refresh then finds out what they are. The same
 * deployment where there is nothing to take in.
 */
export function withClaims(deployment: Deployment): Deployment {
  const { resources = [] } = deployment;
  const known = new Set(resources.map(({ urn }) => urn));
  const whole = resources.flatMap((resource) => {
    // A set that was replaced and is still to be deleted has its successor's URN.
    const claim = resource.delete ? undefined : claimFor(resource);
    if (!claim || known.has(claim.urn)) return [resource];
    known.add(claim.urn);
    return [claim, resource];
  });
  return whole.length === resources.length ? deployment : { ...deployment, resources: whole };
}

/** The claim that a database's StatefulSet has made from its template, as the program registers it now. */
function claimFor({ urn, type, inputs, parent, provider }: Resource): Resource | undefined {
  if (type !== setType || !urn.includes("mesh:app:Database$")) return undefined;
  const { metadata = {}, spec = {} } = (inputs ?? {}) as SetInputs;
  const [template] = spec.volumeClaimTemplates ?? [];
  const { name, namespace } = metadata;
  if (!template?.metadata?.name || !name || !namespace) return undefined;
  const claim = `${template.metadata.name}-${name}-0`;
  const properties = {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: claim, namespace, labels: template.metadata.labels },
    spec: template.spec,
  };
  return {
    urn: urn.replace(setType, claimType),
    type: claimType,
    custom: true,
    id: `${namespace}/${claim}`,
    inputs: properties,
    outputs: properties,
    ...(parent !== undefined && { parent }),
    ...(provider !== undefined && { provider }),
    retainOnDelete: true,
  };
}
