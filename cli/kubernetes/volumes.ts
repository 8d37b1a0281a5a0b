import type { Config } from "../../config.ts";
import { UserError } from "../../lib/errors.ts";
import { claimOf, nameOf } from "../../model/names.ts";
import { claimsOf } from "../../model/storage.ts";
import type { Context } from "../context.ts";
import { makeAnew } from "../support/make.ts";
import type { Kubectl } from "./kubectl.ts";

/** What this reads of a cluster. */
interface Item {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly allowVolumeExpansion?: boolean;
  readonly spec?: {
    readonly storageClassName?: string;
    readonly resources?: { readonly requests?: { readonly storage?: string } };
  };
  readonly status?: { readonly capacity?: { readonly storage?: string } };
}

/** A volume as a stack asks for it. */
export interface WantedVolume {
  /** `namespace/name` of the database or service that has it. */
  readonly owner: string;
  /** Name of its claim. */
  readonly claim: string;
  /** Where its size is set. */
  readonly setting: string;
  readonly storage: string;
  /** @default the cluster's own */
  readonly storageClass?: string | undefined;
}

/**
 * Refuses a size or a class that a volume cannot have, before anything is changed: the API server would refuse it in
 * the middle of the update.
 *
 * @throws UserError with one sentence for each volume.
 */
export async function requireVolumes(
  { config, applications, stack }: Pick<Context, "config" | "applications" | "stack">,
  kubectl: Kubectl,
): Promise<void> {
  const { ok, stdout } = await kubectl([
    "get",
    "persistentvolumeclaims,storageclasses",
    "--all-namespaces",
    "--output=json",
    "--ignore-not-found",
  ]);
  // A cluster that does not answer has the update fail, with its own words.
  if (!ok || stdout.trim() === "") return;
  const { items } = JSON.parse(stdout) as { items: readonly Item[] };
  // Of a service's pods each has such a volume, which is told once.
  const problems = new Set(wantedVolumes(config, applications).flatMap((wanted) => volumeProblem(wanted, items) ?? []));
  if (problems.size === 0) return;
  const anew = config.target === "kind" ? makeAnew(stack) : "rename the database or service";
  const advice = `For another volume, dump the data, ${anew}, and restore it. Nothing was changed.`;
  throw new UserError([...problems, advice].join("\n"));
}

function wantedVolumes(config: Config, applications: Context["applications"]): WantedVolume[] {
  const storageClass = config.target === "existing" ? config.existing.storageClass : undefined;
  return applications.flatMap(({ namespace, services, databases = [] }) => {
    const placed = (name: string) => ({ owner: nameOf({ namespace, name }), storageClass });
    return [
      ...databases.map(({ name, storage }) => ({
        ...{ ...placed(name), claim: claimOf(name), storage },
        setting: `mesh:apps.${namespace}.${name}.storage`,
      })),
      ...services.flatMap(({ name, storage = {}, versions: [version] }) =>
        Object.entries(storage).flatMap(([path, size]) =>
          claimsOf(name, { [path]: size }, version?.replicas ?? 0).map((claim) => ({
            ...{ ...placed(name), claim: claim.name, storage: size },
            setting: `mesh:apps.${namespace}.${name}.storage["${path}"]`,
          })),
        ),
      ),
    ];
  });
}

/** What is wrong with what is asked for, in view of what the cluster has; undefined where there is no volume yet. */
export function volumeProblem(wanted: WantedVolume, items: readonly Item[]): string | undefined {
  const { owner, setting, storage, storageClass } = wanted;
  const [namespace] = owner.split("/");
  const claim = items.find(
    ({ kind, metadata }) =>
      kind === "PersistentVolumeClaim" && metadata.namespace === namespace && metadata.name === wanted.claim,
  );
  const has = claim?.spec?.resources?.requests?.storage;
  if (!claim || has === undefined) return undefined;
  const volume = `the volume of ${owner}`;
  const given = `${setting} is ${storage}, and ${volume} has ${has}`;

  const className = claim.spec?.storageClassName;
  if (storageClass !== undefined && className !== undefined && storageClass !== className) {
    return `mesh:existing.storageClass is ${storageClass}, and ${volume} is of ${className}: a volume keeps its class. Put ${className} back.`;
  }
  // An expansion that cannot be carried out may be taken back, to more than the volume has.
  if (bytes(storage) < bytes(has) && bytes(storage) <= bytes(claim.status?.capacity?.storage ?? has)) {
    return `${given}: no volume shrinks. Give ${has} or more.`;
  }
  const storageClassOf = items.find(({ kind, metadata }) => kind === "StorageClass" && metadata.name === className);
  if (bytes(storage) > bytes(has) && !storageClassOf?.allowVolumeExpansion) {
    return (
      `${given}, which cannot grow: its StorageClass ${className ?? "(none)"} does not say allowVolumeExpansion. ` +
      `Put ${has} back.`
    );
  }
  return undefined;
}

const units: Readonly<Record<string, number>> = {
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
};

/** A quantity of Kubernetes in bytes. */
function bytes(quantity: string): number {
  const [, number = "", unit = ""] = /^([\d.]+)([A-Za-z]*)$/.exec(quantity) ?? [];
  return Number(number) * (units[unit] ?? Number.NaN);
}
