import { isMapping } from "../../lib/values.ts";
import { type Deployment, type Resource, secretKey } from "../pulumi/deployment.ts";
import type { Kind } from "./live.ts";

type Json = Readonly<Record<string, unknown>>;

/** An object of the state, in the words of the program and in the API server's. */
export interface ExpectedObject extends Kind {
  readonly urn: string;
  readonly namespace?: string;
  readonly name: string;
  readonly declared: Json;
  readonly deployed: Json;
  /** Whether its values are nobody's business. */
  readonly secret?: boolean;
}

/** A Helm release of the state. */
export interface ExpectedRelease {
  readonly urn: string;
  readonly namespace: string;
  readonly name: string;
  readonly revision?: number;
  /** Whether the last run did not bring it to an end: what it is then, no somebody has changed. */
  readonly unfinished: boolean;
  /** The kinds of its objects. */
  readonly kinds: readonly Kind[];
}

export interface Expected {
  readonly objects: readonly ExpectedObject[];
  readonly releases: readonly ExpectedRelease[];
}

const releaseType = "kubernetes:helm.sh/v3:Release";

/**
 * What the state says is in the cluster. What a run has under way, or has yet to delete, is left out: nobody knows how far it is.
 */
export function expectedOf({ resources = [], pending_operations: pending = [] }: Deployment): Expected {
  const underWay = new Set(pending.map(({ resource }) => resource.urn));
  const settled = resources.filter(
    (resource) =>
      resource.type.startsWith("kubernetes:") &&
      resource.custom !== false &&
      resource.id !== undefined &&
      !resource.external &&
      !resource.delete &&
      !underWay.has(resource.urn),
  );
  return {
    objects: settled.filter(({ type }) => type !== releaseType).flatMap(objectOf),
    releases: settled.filter(({ type }) => type === releaseType).flatMap(releaseOf),
  };
}

function objectOf({ urn, id = "", inputs: declared = {}, outputs: deployed = {} }: Resource): ExpectedObject[] {
  const { apiVersion, kind } = deployed;
  // Patches and lists are no objects of their own, and neither is what has no such fields.
  if (typeof apiVersion !== "string" || typeof kind !== "string" || !isMapping(deployed.metadata)) return [];
  const [first = "", second] = id.split("/");
  const place = second === undefined ? { name: first } : { namespace: first, name: second };
  return [{ urn, apiVersion, kind, ...place, declared, deployed }];
}

function releaseOf({ urn, id = "", outputs = {}, initErrors = [] }: Resource): ExpectedRelease[] {
  const [namespace, name] = id.split("/");
  if (namespace === undefined || name === undefined) return [];
  const revision = isMapping(outputs.status) ? outputs.status.revision : undefined;
  const names = isMapping(outputs.resourceNames) ? Object.keys(outputs.resourceNames) : [];
  const kinds = names.flatMap((text) => {
    // `Deployment.apps/apps/v1`, and `Service/v1` of the core group.
    const [groupKind = "", ...version] = text.split("/");
    const [kind = ""] = groupKind.split(".");
    return version.length > 0 ? [{ kind, apiVersion: version.join("/") }] : [];
  });
  return [{ urn, namespace, name, ...(typeof revision === "number" && { revision }), unfinished: initErrors.length > 0, kinds }];
}

/** Whether a part of an object is a secret of the state. */
export function hasSecrets({ declared, deployed }: ExpectedObject): boolean {
  return contains(declared) || contains(deployed);
}

function contains(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(contains);
  return isMapping(value) && (secretKey in value || Object.values(value).some(contains));
}

/** The object with its secrets as plain values. */
export function openSecrets(object: ExpectedObject): ExpectedObject {
  return {
    ...object,
    secret: hasSecrets(object),
    declared: opened(object.declared) as Json,
    deployed: opened(object.deployed) as Json,
  };
}

function opened(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(opened);
  if (!isMapping(value)) return value;
  if (secretKey in value && typeof value.plaintext === "string") return opened(JSON.parse(value.plaintext));
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, opened(inner)]));
}
