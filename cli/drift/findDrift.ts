import { isMapping } from "../../lib/values.ts";
import type { Kubectl } from "../kubernetes/kubectl.ts";
import type { Deployment } from "../pulumi/deployment.ts";
import { type Difference, describeDifference, differences } from "./compare.ts";
import { type ExpectedObject, type ExpectedRelease, expectedOf, hasSecrets, openSecrets } from "./expected.ts";
import { groupKindOf, type Kind, type KubernetesObject, type LiveObjects, listObjects } from "./live.ts";
import { changedFields, type HelmRelease, listReleases } from "./releases.ts";

/** Something that the state knows and that somebody deleted or changed in the cluster. */
export interface Drift {
  /** The resource of the state. */
  readonly urn: string;
  /** `missing` when all of the resource is gone; a Helm release of which a part is gone is `changed`. */
  readonly kind: "missing" | "changed";
  /** One sentence, without a full stop. */
  readonly problem: string;
  /** The object, and where it differs, for what applying it again does not put right. */
  readonly object: Kind & { readonly namespace?: string; readonly name: string };
  readonly differences: readonly Difference[];
}

/** Kinds whose objects are what the program says and nothing else: no controller completes them. By group, and the rest by kind. */
const closedGroups = ["security.istio.io", "networking.istio.io", "rbac.authorization.k8s.io", "configuration.konghq.com"];
const closedKinds = ["/Secret", "/ConfigMap", "networking.k8s.io/NetworkPolicy"];

export interface Look {
  readonly kubectl: Kubectl;
  /** The same state with its secrets open; asked for only when an object that holds some was touched. */
  readonly reveal: () => Promise<Deployment>;
}

/**
 * Compares a stack's state with what its cluster has, by one listing.
 *
 * @returns undefined where the cluster cannot be looked at.
 */
export async function findDrift(deployment: Deployment, { kubectl, reveal }: Look): Promise<readonly Drift[] | undefined> {
  const { objects, releases } = expectedOf(deployment);
  if (objects.length === 0 && releases.length === 0) return [];
  const kinds = uniqueKinds([...objects, ...releases.flatMap((release) => release.kinds)]);
  const [live, deployed] = await Promise.all([listObjects(kubectl, kinds), releases.length > 0 ? listReleases(kubectl) : []]);
  if (!live || !deployed) return undefined;
  const closed = objects.some((object) => hasSecrets(object) && isTouched(object, live));
  const known = closed ? withSecrets(objects, expectedOf(await reveal()).objects) : objects;
  return [
    ...known.flatMap((object) => objectDrift(object, live)),
    ...releases.flatMap((release) => releaseDrift(release, deployed, live)),
  ];
}

function uniqueKinds(kinds: readonly Kind[]): Kind[] {
  return [...new Map(kinds.map(({ apiVersion, kind }) => [`${apiVersion} ${kind}`, { apiVersion, kind }])).values()];
}

/** Whether something has happened to an object since it was deployed, if only to its status. */
function isTouched(expected: ExpectedObject, live: LiveObjects): boolean {
  const found = live.find(expected, expected);
  return found !== undefined && !isUntouched(expected.deployed, found);
}

function withSecrets(objects: readonly ExpectedObject[], open: readonly ExpectedObject[]): ExpectedObject[] {
  const byUrn = new Map(open.map((object) => [object.urn, object]));
  return objects.map((object) => openSecrets(byUrn.get(object.urn) ?? object));
}

function objectDrift(expected: ExpectedObject, live: LiveObjects): Drift[] {
  const { urn, namespace, name, apiVersion, kind, deployed } = expected;
  const object = { apiVersion, kind, name, ...(namespace !== undefined && { namespace }) };
  const found = live.find(expected, { namespace, name });
  if (!found) return [{ urn, kind: "missing", problem: `${nameOf(object)} is missing`, object, differences: [] }];
  const failure = jobFailure(found);
  if (failure) return [{ urn, kind: "missing", problem: `${nameOf(object)} has failed: ${failure}`, object, differences: [] }];
  if (isUntouched(deployed, found)) return [];
  const changes = changesOf(expected, found);
  if (changes.length === 0 && isSame(deployed, found)) return [];
  if (changes.length === 0) {
    const problem = `${nameOf(object)} was deleted and created again by somebody else`;
    return [{ urn, kind: "changed", problem, object, differences: [] }];
  }
  const hidden = expected.secret === true || kind === "Secret";
  const problem = `${nameOf(object)} was changed: ${summary(changes.map((change) => describeDifference(change, hidden)))}`;
  return [{ urn, kind: "changed", problem, object, differences: changes }];
}

/** Why a Job has failed, which no update of it could put right: as if it were missing, it has to be made once more. */
function jobFailure(live: KubernetesObject): string | undefined {
  if (groupKindOf(live) !== "batch/Job" || !isMapping(live.status)) return undefined;
  const { conditions = [] } = live.status as { readonly conditions?: readonly JobCondition[] };
  const failed = conditions.find(({ type, status }) => type === "Failed" && status === "True");
  return failed && (failed.message ?? failed.reason ?? "it says no more");
}

interface JobCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

/** Whether nothing at all has happened to an object since it was deployed. */
function isUntouched({ metadata }: ExpectedObject["deployed"], live: KubernetesObject): boolean {
  const { uid, resourceVersion } = isMapping(metadata) ? metadata : {};
  return uid === live.metadata.uid && resourceVersion === live.metadata.resourceVersion;
}

function isSame({ metadata }: ExpectedObject["deployed"], live: KubernetesObject): boolean {
  const { uid } = isMapping(metadata) ? metadata : {};
  return uid === undefined || uid === live.metadata.uid;
}

const notCompared = new Set(["apiVersion", "kind", "metadata", "status", "stringData"]);

function changesOf(expected: ExpectedObject, live: KubernetesObject): Difference[] {
  const { declared, deployed } = expected;
  const [group = ""] = groupKindOf(expected).split("/");
  const closed = closedGroups.includes(group) || closedKinds.includes(groupKindOf(expected));
  const keys = closed ? [...Object.keys(declared), ...Object.keys(deployed), ...Object.keys(live)] : Object.keys(declared);
  const fields = [...new Set(keys)].filter((key) => !notCompared.has(key) && !key.startsWith("__"));
  const content = differences(pick(declared, fields), pick(deployed, fields), pick(live, fields), { closed });
  const metadata = ["labels", "annotations"].flatMap((key) =>
    differences(at(declared.metadata, key), at(deployed.metadata, key), at(live.metadata, key), { closed: false }, [
      "metadata",
      key,
    ]),
  );
  return [...content, ...metadata.filter(({ wanted }) => wanted !== undefined)];
}

function pick(object: Readonly<Record<string, unknown>>, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(keys.flatMap((key) => (key in object ? [[key, object[key]]] : [])));
}

function at(value: unknown, key: string): unknown {
  return (isMapping(value) && value[key]) || {};
}

function releaseDrift(expected: ExpectedRelease, deployed: readonly HelmRelease[], live: LiveObjects): Drift[] {
  const { urn, namespace, name, revision, unfinished } = expected;
  const object = { apiVersion: "helm.sh/v3", kind: "Release", namespace, name };
  const drift = (kind: Drift["kind"], problem: string): Drift => ({ urn, kind, problem, object, differences: [] });
  const revisions = deployed.filter((release) => release.name === name && release.namespace === namespace);
  const release = revisions.sort((a, b) => b.revision - a.revision)[0];
  if (!release) return [drift("missing", `Helm release ${namespace}/${name} is missing`)];
  if (unfinished) return [];
  if (revision !== undefined && release.revision !== revision) {
    const problem = `Helm release ${namespace}/${name} was changed: it is at revision ${release.revision}, not ${revision}`;
    return [drift("changed", problem)];
  }
  return release.objects.flatMap((manifest) => {
    if (!live.knows(manifest)) return [];
    // A manifest need not name its namespace, and some kinds have none.
    const own = manifest.metadata.name;
    const found =
      live.find(manifest, { namespace: manifest.metadata.namespace ?? namespace, name: own }) ??
      live.find(manifest, { name: own });
    const label = nameOf({
      ...manifest,
      ...manifest.metadata,
      namespace: manifest.metadata.namespace ?? found?.metadata.namespace,
    });
    if (!found) return [drift("changed", `${label} of the Helm release ${namespace}/${name} is missing`)];
    const changes = changedFields(manifest, found);
    return changes.length === 0
      ? []
      : [drift("changed", `${label} of the Helm release ${namespace}/${name} was changed: ${summary(changes)}`)];
  });
}

function nameOf({ kind, namespace, name }: { kind: string; namespace?: string | undefined; name: string }) {
  return `${kind} ${namespace === undefined ? "" : `${namespace}/`}${name}`;
}

/** The first few changes of an object tell what was done. */
function summary(changes: readonly string[]): string {
  const shown = changes.slice(0, 3).join(", ");
  return changes.length > 3 ? `${shown} and ${changes.length - 3} more` : shown;
}
