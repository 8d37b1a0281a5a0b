import type { Kubectl } from "../kubernetes/kubectl.ts";
import type { ManagedFields } from "./fieldOwners.ts";

/** A Kubernetes object, or the part of it that every kind has. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly managedFields?: readonly ManagedFields[];
  };
  readonly [field: string]: unknown;
}

export interface Kind {
  readonly apiVersion: string;
  readonly kind: string;
}

/** The objects of a cluster, of the kinds that were asked for. */
export class LiveObjects {
  readonly #objects = new Map<string, KubernetesObject>();
  readonly #kinds: ReadonlySet<string>;

  constructor(kinds: readonly Kind[], objects: readonly KubernetesObject[]) {
    this.#kinds = new Set(kinds.map(groupKindOf));
    for (const object of objects) this.#objects.set(keyOf(object, object.metadata), object);
  }

  /** Whether objects of this kind were looked for at all. */
  knows(kind: Kind): boolean {
    return this.#kinds.has(groupKindOf(kind));
  }

  /** An object by its name; undefined where it is not there, or is being deleted. */
  find(kind: Kind, place: { readonly namespace?: string | undefined; readonly name: string }): KubernetesObject | undefined {
    const object = this.#objects.get(keyOf(kind, place));
    return object?.metadata.deletionTimestamp === undefined ? object : undefined;
  }
}

/** Versions of a kind are different views of the same object. */
export function groupKindOf({ apiVersion, kind }: Kind): string {
  return `${apiVersion.includes("/") ? apiVersion.split("/")[0] : ""}/${kind}`;
}

function keyOf(kind: Kind, { namespace, name }: { readonly namespace?: string | undefined; readonly name: string }): string {
  return `${groupKindOf(kind)}/${namespace ?? ""}/${name}`;
}

/** Definitions of kinds are long, and nothing but their names is compared. */
const byNameOnly = "CustomResourceDefinition";

/**
 * Lists all objects of some kinds, in all namespaces. Kinds that the cluster does not know have no objects.
 *
 * @returns undefined where the cluster does not answer, or does not let its objects be listed.
 */
export async function listObjects(kubectl: Kubectl, kinds: readonly Kind[]): Promise<LiveObjects | undefined> {
  const whole = kinds.filter(({ kind }) => kind !== byNameOnly);
  const [objects, names] = await Promise.all([
    listAll(kubectl, whole),
    whole.length === kinds.length
      ? []
      : listNames(
          kubectl,
          kinds.find(({ kind }) => kind === byNameOnly),
        ),
  ]);
  return objects && names && new LiveObjects(kinds, [...objects, ...names]);
}

const unknownKind = /doesn't have a resource type|no matches for kind/;

async function listAll(kubectl: Kubectl, kinds: readonly Kind[]): Promise<KubernetesObject[] | undefined> {
  if (kinds.length === 0) return [];
  const types = kinds.map(resourceOf).join(",");
  // Helm keeps its releases in Secrets, of all revisions: they are long, and are asked for apart.
  const { ok, stdout, all } = await kubectl([
    "get",
    types,
    "--all-namespaces",
    "--selector=owner!=helm",
    "--show-managed-fields",
    "--output=json",
  ]);
  if (ok) return (JSON.parse(stdout) as { items: KubernetesObject[] }).items;
  if (!unknownKind.test(all)) return undefined;
  if (kinds.length === 1) return [];
  const halves = [kinds.slice(0, kinds.length >> 1), kinds.slice(kinds.length >> 1)];
  const [first, second] = await Promise.all(halves.map((half) => listAll(kubectl, half)));
  return first && second && [...first, ...second];
}

async function listNames(kubectl: Kubectl, kind: Kind | undefined): Promise<KubernetesObject[] | undefined> {
  if (!kind) return [];
  const { ok, stdout } = await kubectl(["get", resourceOf(kind), "--no-headers"]);
  if (!ok) return undefined;
  const names = stdout.split("\n").flatMap((line) => /^\S+/.exec(line)?.[0] ?? []);
  return names.map((name) => ({ ...kind, metadata: { name } }));
}

/** As kubectl takes it: kind, version and group; nothing after the last dot is the core group. */
function resourceOf({ apiVersion, kind }: Kind): string {
  const [group, version] = apiVersion.includes("/") ? apiVersion.split("/") : ["", apiVersion];
  return `${kind}.${version}.${group}`;
}
