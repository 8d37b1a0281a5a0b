import { gunzipSync } from "node:zlib";
import { parseDocument } from "yaml";
import { isMapping } from "../../lib/values.ts";
import type { Kubectl } from "../kubernetes/kubectl.ts";
import { owns } from "./fieldOwners.ts";
import { groupKindOf, type Kind, type KubernetesObject } from "./live.ts";

type Json = Readonly<Record<string, unknown>>;

/** A Helm release as Helm keeps it in the cluster. */
export interface HelmRelease {
  readonly name: string;
  readonly namespace: string;
  readonly revision: number;
  /** The objects that its chart was rendered to. */
  readonly objects: readonly KubernetesObject[];
}

/**
 * Reads the releases that are deployed in a cluster.
 *
 * @returns undefined where the cluster does not answer.
 */
export async function listReleases(kubectl: Kubectl): Promise<HelmRelease[] | undefined> {
  const { ok, stdout } = await kubectl([
    "get",
    "secrets",
    "--all-namespaces",
    "--selector=owner=helm,status=deployed",
    "--output=json",
  ]);
  if (!ok) return undefined;
  const { items } = JSON.parse(stdout) as { items: readonly { readonly data?: { readonly release?: string } }[] };
  return items.flatMap(({ data }) => (data?.release === undefined ? [] : [decodeRelease(data.release)]));
}

/** Helm writes a release as JSON, compressed and encoded, into a Secret, which encodes it again. */
export function decodeRelease(data: string): HelmRelease {
  const compressed = Buffer.from(Buffer.from(data, "base64").toString(), "base64");
  const { name, namespace, version, manifest } = JSON.parse(gunzipSync(compressed).toString()) as {
    name: string;
    namespace: string;
    version: number;
    manifest: string;
  };
  const documents = manifest.split(/^---(?:[ \t].*)?$/m).map(decodeObject);
  const objects = documents.filter((document) => isMapping(document) && isMapping(document.metadata));
  return { name, namespace, revision: version, objects: objects as KubernetesObject[] };
}

/** Of a definition only its name is compared, and the rest of Istio's takes a third of a second to read. */
function decodeObject(document: string): unknown {
  const head = /^kind: CustomResourceDefinition\s*$/m.test(document) ? document.split(/^spec:/m)[0] : undefined;
  const named = head === undefined ? undefined : parseDocument(head).toJS();
  return named?.apiVersion && isMapping(named.metadata) ? named : parseDocument(document).toJS();
}

/** Kinds whose objects controllers complete after Helm has made them: that they are there is all that is compared. */
const completedByOthers = [
  "admissionregistration.k8s.io/MutatingWebhookConfiguration",
  "admissionregistration.k8s.io/ValidatingWebhookConfiguration",
  "apiextensions.k8s.io/CustomResourceDefinition",
  "apiregistration.k8s.io/APIService",
];

const notCompared = new Set(["apiVersion", "kind", "metadata", "status", "stringData"]);

/**
 * Where an object of a release is not what Helm wrote: fields whose value differs from the manifest's and that Helm does not own any
 * more. A value that Helm still owns is only spelled in another way.
 */
export function changedFields(manifest: KubernetesObject, live: KubernetesObject): string[] {
  if (completedByOthers.includes(groupKindOf(manifest as Kind)) || "aggregationRule" in manifest) return [];
  const installers = (live.metadata.managedFields ?? []).filter(({ fieldsV1 }) =>
    owns(fieldsV1, ["metadata", "annotations", "meta.helm.sh/release-name"]),
  );
  const byInstaller = (path: readonly (string | Json)[]) => installers.some(({ fieldsV1 }) => owns(fieldsV1, path));
  const found: string[] = [];
  const walk = (wanted: unknown, is: unknown, path: readonly (string | Json)[], place: string): void => {
    if (wanted === is || isEmpty(wanted)) return;
    // The API server leaves out what says nothing.
    if (is === undefined && !wanted) return;
    if (isMapping(wanted) && isMapping(is)) {
      for (const [key, value] of Object.entries(wanted)) walk(value, is[key], [...path, key], `${place}.${key}`);
    } else if (Array.isArray(wanted) && Array.isArray(is) && wanted.every(isNamed)) {
      for (const element of wanted) {
        const other = is.find((each) => isMapping(each) && each.name === element.name);
        walk(element, other, [...path, isMapping(other) ? other : element], `${place}[${element.name}]`);
      }
    } else if (Array.isArray(wanted) && Array.isArray(is) && wanted.length === is.length && is.every(isMapping)) {
      for (const [index, element] of wanted.entries()) {
        walk(element, is[index], [...path, is[index] as Json], `${place}[${index}]`);
      }
    } else if (!(isDeepEqual(wanted, is) || byInstaller(path))) {
      const values = [is, wanted].map((value) => (value === undefined ? "missing" : JSON.stringify(value)));
      found.push(`${place} ${values.join("").length < 120 ? `is ${values[0]}, not ${values[1]}` : "is not what was deployed"}`);
    }
  };
  for (const [key, value] of Object.entries(manifest)) if (!notCompared.has(key)) walk(value, live[key], [key], key);
  return found;
}

function isNamed(element: unknown): element is Json & { readonly name: string } {
  return isMapping(element) && typeof element.name === "string";
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === "") return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}

function isDeepEqual(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
