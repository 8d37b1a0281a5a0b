import { describe, expect, test } from "vitest";
import { requireVolumes, volumeProblem } from "../../../cli/kubernetes/volumes.ts";
import { readStackFile } from "../../../cli/support/stack.ts";
import type { ApplicationDeclaration } from "../../../model/application.ts";
import { planStack } from "../../../plan.ts";
import { plan } from "../support/config.ts";

const claim = (storage: string, storageClassName = "standard", capacity = storage) => ({
  kind: "PersistentVolumeClaim",
  metadata: { name: "data-database-0", namespace: "prod" },
  spec: { storageClassName, resources: { requests: { storage } } },
  status: { capacity: { storage: capacity } },
});
const storageClass = (name: string, allowVolumeExpansion: boolean) => ({
  kind: "StorageClass",
  metadata: { name },
  allowVolumeExpansion,
});
const fixed = [claim("1Gi"), storageClass("standard", false)];
const growing = [claim("1Gi"), storageClass("standard", true)];

const wanted = (namespace: string, name: string) => ({
  ...{ owner: `${namespace}/${name}`, claim: `data-${name}-0` },
  setting: `mesh:apps.${namespace}.${name}.storage`,
});

describe("the size of a database's volume", () => {
  const problem = (storage: string, items: Parameters<typeof volumeProblem>[1], more = {}) =>
    volumeProblem({ ...wanted("prod", "database"), storage, ...more }, items);

  test("may stay, however it is written, and may be anything before there is a volume", () => {
    for (const storage of ["1Gi", "1024Mi"]) expect(problem(storage, fixed)).toBeUndefined();
    expect(problem("3Gi", [storageClass("standard", false)])).toBeUndefined();
  });

  test("grows where the class of the volume allows it", () => {
    expect(problem("3Gi", growing)).toBeUndefined();
  });

  test("is refused where it does not, with the setting, what was given, what there is and what to do", () => {
    expect(problem("3Gi", fixed)).toBe(
      "mesh:apps.prod.database.storage is 3Gi, and the volume of prod/database has 1Gi, which cannot grow: its StorageClass standard does not say allowVolumeExpansion. Put 1Gi back.",
    );
    expect(problem("3Gi", [claim("1Gi", "gone")])).toContain("StorageClass gone");
  });

  test("never shrinks, unless to take back a growth that was not carried out", () => {
    expect(problem("500Mi", growing)).toBe(
      "mesh:apps.prod.database.storage is 500Mi, and the volume of prod/database has 1Gi: no volume shrinks. Give 1Gi or more.",
    );
    const stuck = [claim("9Gi", "standard", "1Gi"), storageClass("standard", true)];
    expect(problem("2Gi", stuck)).toBeUndefined();
    expect(problem("1Gi", stuck)).toContain("no volume shrinks");
  });

  test("another class is refused", () => {
    expect(problem("1Gi", fixed, { storageClass: "fast" })).toContain("mesh:existing.storageClass is fast");
    expect(problem("1Gi", fixed, { storageClass: "standard" })).toBeUndefined();
  });

  test("of any other database is told by its own setting", () => {
    const items = [{ ...claim("1Gi"), metadata: { name: "data-stock-0", namespace: "stores" } }];
    expect(volumeProblem({ ...wanted("stores", "stock"), storage: "2Gi" }, items)).toMatch(
      /^mesh:apps\.stores\.stock\.storage is 2Gi, and the volume of stores\/stock has 1Gi/,
    );
  });
});

/** A cluster that has these, and what it was asked. */
const answering = (items: readonly object[], ok = true) => {
  const asked: string[] = [];
  const kubectl = async (args: readonly string[]) => {
    asked.push(args.join(" "));
    return { ok, stdout: ok ? JSON.stringify({ items }) : "", all: "", exitCode: ok ? 0 : 1 } as never;
  };
  return { asked, kubectl };
};

describe("the size of a service's volumes", () => {
  const declaration = (storage: Record<string, string>, replicas: number) =>
    ({
      namespace: "stores",
      services: {
        queue: {
          image: { registry: "registry", repository: "queue", tag: "1" },
          ports: { queue: { port: 6379, protocol: "tcp" } },
          ...{ storage, replicas },
        },
      },
    }) as const satisfies ApplicationDeclaration;
  const ofPods = (...given: (readonly [claim: string, storage: string])[]) =>
    given.map(([name, storage]) => ({ ...claim(storage), metadata: { name, namespace: "stores" } }));
  const require = (storage: Record<string, string>, items: readonly object[], replicas = 2) => {
    const context = { stack: "local", ...plan({}, undefined, [declaration(storage, replicas)]) };
    return requireVolumes(context, answering(items).kubectl);
  };
  const pods = ofPods(
    ...([
      ["volume-data-queue-0", "1Gi"],
      ["volume-log-queue-0", "2Gi"],
      ["volume-data-queue-1", "1Gi"],
      ["volume-log-queue-1", "2Gi"],
    ] as const),
  );
  const standard = (allowVolumeExpansion: boolean) => [...pods, storageClass("standard", allowVolumeExpansion)];
  const advice = "For another volume, dump the data, `make down`, then `make up`, and restore it. Nothing was changed.";

  test("may stay, and may be anything of a pod or folder that is new", async () => {
    await require({ "/data": "1Gi", "/log": "2Gi" }, standard(false));
    await require({ "/data": "1024Mi", "/log": "2Gi", "/more": "9Gi" }, standard(false), 4);
  });

  test("grows where its StorageClass lets it, and is refused elsewhere by its own setting, once for all pods", async () => {
    await require({ "/data": "3Gi", "/log": "2Gi" }, standard(true));
    await expect(require({ "/data": "3Gi", "/log": "2Gi" }, standard(false))).rejects.toMatchObject({
      message: [
        'mesh:apps.stores.queue.storage["/data"] is 3Gi, and the volume of stores/queue has 1Gi, which cannot grow: its StorageClass standard does not say allowVolumeExpansion. Put 1Gi back.',
        advice,
      ].join("\n"),
    });
  });

  test("never shrinks, whichever of its folders and pods it is of", async () => {
    await expect(require({ "/data": "500Mi", "/log": "1Gi" }, standard(true))).rejects.toMatchObject({
      message: [
        'mesh:apps.stores.queue.storage["/data"] is 500Mi, and the volume of stores/queue has 1Gi: no volume shrinks. Give 1Gi or more.',
        'mesh:apps.stores.queue.storage["/log"] is 1Gi, and the volume of stores/queue has 2Gi: no volume shrinks. Give 2Gi or more.',
        advice,
      ].join("\n"),
    });
    const last = [...ofPods(["volume-data-queue-1", "4Gi"]), storageClass("standard", true)];
    await expect(require({ "/data": "3Gi" }, last)).rejects.toThrow(/ has 4Gi: no volume shrinks\. Give 4Gi or more\.\n/);
  });

  test("is not compared with what is of other pods, services and namespaces, or of a pod that is gone", async () => {
    const others = [
      ...ofPods(["volume-data-other-0", "9Gi"], ["data-queue-0", "9Gi"], ["volume-data-queue-2", "9Gi"]),
      { ...claim("9Gi"), metadata: { name: "volume-data-queue-0", namespace: "other" } },
    ];
    await require({ "/data": "1Gi" }, [...others, storageClass("standard", false)]);
  });
});

describe("`make up`", () => {
  const context = (storage: string) => {
    const settings = { ...readStackFile("local"), "mesh:apps": JSON.stringify({ prod: { database: { storage } } }) };
    return { stack: "local", ...planStack(settings, "local") };
  };

  test("asks the cluster once, and refuses before it changes anything", async () => {
    const { asked, kubectl } = answering(fixed);
    await expect(requireVolumes(context("3Gi"), kubectl)).rejects.toThrow(
      /^mesh:apps\.prod\.database\.storage is 3Gi[^\n]*\nFor another volume, dump the data, `make down`, then `make up`, and restore it\. Nothing was changed\.$/,
    );
    expect(asked).toEqual(["get persistentvolumeclaims,storageclasses --all-namespaces --output=json --ignore-not-found"]);
    await requireVolumes(context("1Gi"), kubectl);
  });

  test("goes on where the cluster does not answer: the update says why", async () => {
    await requireVolumes(context("3Gi"), answering(fixed, false).kubectl);
  });
});
