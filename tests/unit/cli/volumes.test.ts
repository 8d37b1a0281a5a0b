import { describe, expect, test } from "vitest";
import { requireVolumes, volumeProblem } from "../../../cli/kubernetes/volumes.ts";
import { readStackFile } from "../../../cli/support/stack.ts";
import { planStack } from "../../../plan.ts";

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

describe("the size of a database's volume", () => {
  const problem = (storage: string, items: Parameters<typeof volumeProblem>[1], more = {}) =>
    volumeProblem({ database: "prod/database", storage, ...more }, items);

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
    expect(volumeProblem({ database: "stores/stock", storage: "2Gi" }, items)).toMatch(
      /^mesh:apps\.stores\.stock\.storage is 2Gi, and the volume of stores\/stock has 1Gi/,
    );
  });
});

describe("`make up`", () => {
  const answering = (items: readonly object[], ok = true) => {
    const asked: string[] = [];
    const kubectl = async (args: readonly string[]) => {
      asked.push(args.join(" "));
      return { ok, stdout: ok ? JSON.stringify({ items }) : "", all: "", exitCode: ok ? 0 : 1 } as never;
    };
    return { asked, kubectl };
  };
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
