import { describe, expect, test } from "vitest";
import type { ApplicationDeclaration } from "../../../model/application.ts";
import { checkApplications } from "../../../model/checks/check.ts";
import { claimsOf, volumeOf } from "../../../model/storage.ts";
import { plan, problems as problemsOfStack, serviceOf } from "../support/config.ts";
import { application, deployed, image, problems as problemsOf, program, queue, shop } from "../support/stores.ts";

/*
 * What a service keeps: folders that outlive its pods, and what follows from them for its pods, versions and names.
 */

/** What is wrong with a service with these options. */
const problems = (options: object) =>
  problemsOf({ services: { shop: { ...shop, ...options }, queue } }).map((problem) => problem.replace(/^shop /, ""));
const shopWith = (options: object) => deployed({ services: { shop: { ...shop, ...options }, queue } }).services[0];
const storage = { "/data": "1Gi" };

describe("a service with storage", () => {
  test("keeps its folders as they are declared, and has one pod unless it says how many", () => {
    const folders = { "/data": "1Gi", "/var/lib/shop": "500Mi", "/x": "2Ti" };
    expect(shopWith({ storage: folders })).toMatchObject({ storage: folders, versions: [{ name: "v1", replicas: 1 }] });
    expect(shopWith({ storage, replicas: 3 })).toMatchObject({ versions: [{ replicas: 3 }] });
    expect(shopWith({ storage, versions: { v7: { replicas: 4 } } })).toMatchObject({ versions: [{ name: "v7", replicas: 4 }] });
  });

  test("and no other one: without it there is none, and there are two pods", () => {
    expect(shopWith({})).toMatchObject({ versions: [{ replicas: 2 }] });
    expect(shopWith({})).not.toHaveProperty("storage");
  });

  test("has a single version: what one has written no other one has", () => {
    const versions = { v1: {}, v2: { image: { tag: "2" }, weight: 0 } };
    expect(problems({ storage, versions })).toEqual([
      'storage is {"/data":"1Gi"}; allowed: nothing with several versions, as what one has written no other one has',
    ]);
  });

  test("of one pod may eject any share of its pods, and of more as many as others", () => {
    const resilience = { ejection: { maxPercent: 10 } };
    expect(problems({ storage, resilience })).toEqual([]);
    expect(problems({ storage, resilience, replicas: 2 })).toEqual([
      "resilience.ejection.maxPercent is 10; allowed: at least 50, or none of 2 pods is ever ejected",
    ]);
  });

  test.each(["workers", "jobs"])("is none of %s", (kind) => {
    expect(problemsOf({ [kind]: { other: { image, storage } } })).toEqual([
      expect.stringMatching(/^other storage is not a key; allowed: image, /),
    ]);
  });
});

describe("a folder is refused", () => {
  const path = "the full path of a file outside /proc, /sys and /dev, in parts of letters, digits and . _ - alone";
  const size = "a size such as 500Mi or 1Gi";
  const long = `/${"a".repeat(50)}`;
  test.each<[string, unknown, string]>([
    ["as text", "/data", 'storage is "/data"; allowed: a mapping of paths of folders to sizes'],
    ["as a list", ["/data"], 'storage is ["/data"]; allowed: a mapping of paths of folders to sizes'],
    ["where there is none", {}, "storage is {}; allowed: at least one folder, or no storage at all"],
    ...["data", "/", "/data/", "/a/../b", "/proc/x", "/a b"].map((wrong): [string, unknown, string] => [
      `at ${wrong}`,
      { [wrong]: "1Gi" },
      `storage.${wrong} is not a key; allowed: ${path}`,
    ]),
    ...["1G", "0Gi", "1.5Gi", "100000Gi", "Gi", ""].map((wrong): [string, unknown, string] => [
      `of ${JSON.stringify(wrong)}`,
      { "/data": wrong },
      `storage./data is "${wrong}"; allowed: ${size}`,
    ]),
    ["of a number", { "/data": 1 }, `storage./data is 1; allowed: ${size}`],
    ["at a path too long for a name", { [long]: "1Gi" }, `storage.${long} is "1Gi"; allowed: a path of at most 50 characters`],
    [
      "at a path that has the name of another one",
      { "/var/lib": "1Gi", "/data": "1Gi", "/Var/lib": "2Gi", "/var-lib": "3Gi" },
      'storage./Var/lib is "2Gi"; allowed: a path that differs from /var/lib in its letters or digits, of which volumes are named',
    ],
  ])("%s", (_what, folders, sentence) => {
    expect(problems({ storage: folders })).toContain(sentence);
  });

  test("where pods have something else already", () => {
    const container = { scratch: { "/tmp": "1Mi", "/data/tmp": "1Mi" }, files: { "/etc/shop": "text", "/data/seed": "text" } };
    expect(problems({ container, storage: { "/tmp": "1Gi", "/etc/shop": "1Gi", "/etc/shop/data": "1Gi" } })).toEqual([
      'storage./tmp is "1Gi"; allowed: a path that is no scratch folder',
      'storage./etc/shop is "1Gi"; allowed: a path that is not that of the file /etc/shop, nor below it',
      'storage./etc/shop/data is "1Gi"; allowed: a path that is not that of the file /etc/shop, nor below it',
    ]);
    // What is mounted within a folder is there beside what the folder holds.
    expect(problems({ container, storage: { "/data": "1Gi", "/etc/shop-data": "1Gi", "/tmp/data": "1Gi" } })).toEqual([]);
  });

  test("where the program of image.source is, and nowhere else", () => {
    const folders = { "/app": "1Gi", "/app/data": "1Gi", "/apps": "1Gi" };
    const outside = "a path outside /app, where the program of image.source is";
    const told = [`storage./app is "1Gi"; allowed: ${outside}`, `storage./app/data is "1Gi"; allowed: ${outside}`];
    expect(problems({ storage: folders })).toEqual([]);
    expect(problems({ storage: folders, image: program })).toEqual(told);
    expect(problems({ storage: folders, initContainers: { prepare: { image: program } } })).toEqual(told);
  });
});

describe("names", () => {
  test("of a volume are made of its path, and fit into a label however long that is", () => {
    expect(["/data", "/var/lib/Shop_1.d", "/_"].map(volumeOf)).toEqual(["volume-data", "volume-var-lib-shop-1-d", "volume"]);
    for (const path of [`/${"a".repeat(49)}`, "/a".repeat(25)]) {
      expect(problems({ storage: { [path]: "1Gi" } })).toEqual([]);
      expect(volumeOf(path)).toMatch(/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/);
    }
  });

  test("of claims are those that a StatefulSet looks for, one for each folder of each pod", () => {
    expect(claimsOf("shop", { "/data": "1Gi", "/var/log": "2Gi" }, 2)).toEqual([
      { name: "volume-data-shop-0", size: "1Gi" },
      { name: "volume-var-log-shop-0", size: "2Gi" },
      { name: "volume-data-shop-1", size: "1Gi" },
      { name: "volume-var-log-shop-1", size: "2Gi" },
    ]);
    expect(claimsOf("shop", storage, 0)).toEqual([]);
  });

  const headless = (kind: string, declaration: object, more: object = {}) =>
    problemsOf({
      services: { shop: { ...shop, ...more }, ...(kind === "services" && { "shop-headless": declaration }) },
      ...(kind !== "services" && { [kind]: { "shop-headless": declaration } }),
    });
  const database = { database: "stock", user: "stock", storage: "1Gi" };

  test.each([
    ["a service", "services", queue],
    ["a database", "databases", database],
  ])("of the pods' own Service are those of no other, such as %s", (_what, kind, declaration) => {
    expect(headless(kind, declaration, { storage })).toEqual([
      'shop storage is {"/data":"1Gi"}; allowed: a name that no other Service has; stores/shop-headless name has it already',
    ]);
    expect(headless(kind, declaration)).toEqual([]);
  });

  test.each(["workers", "jobs"])("but may be those of %s, which have no Service", (kind) => {
    expect(headless(kind, { image }, { storage })).toEqual([]);
  });

  test("of the pods' own Service are those of no other after joining namespace and name", () => {
    const [one, other] = [
      { namespace: "stores", services: { shop: { ...shop, storage } } },
      { namespace: "stores-shop", services: { headless: queue } },
    ] as unknown as ApplicationDeclaration[];
    const told = (...applications: (ApplicationDeclaration | undefined)[]) =>
      checkApplications(
        applications.flatMap((given) => given ?? []),
        { gateways: [] },
      ).problems;
    expect(told(one)).toEqual([]);
    expect(told(other, one)).toEqual([
      'apps: stores/shop storage is {"/data":"1Gi"}; allowed: a name that no other Service has after joining namespace and name; stores-shop/headless name has it already',
    ]);
  });

  test("of claims are those of one service", () => {
    const services = (folder: string) => ({
      services: { shop: { ...shop, storage: { "/data/x": "1Gi" } }, "x-shop": { ...shop, storage: { [folder]: "1Gi" } } },
    });
    expect(problemsOf(services("/log"))).toEqual([]);
    expect(problemsOf(services("/data"))).toEqual([
      'x-shop storage./data is "1Gi"; allowed: a folder whose volume has a name that no other service\'s has; stores/shop storage./data/x has it already',
    ]);
  });

  test("are of one namespace: the same elsewhere is another one", () => {
    const other = { namespace: "other", services: { "shop-headless": queue } } as unknown as ApplicationDeclaration;
    const stores = application({ services: { shop: { ...shop, storage } } });
    expect(checkApplications([stores, other], { gateways: [] }).problems).toEqual([]);
  });
});

describe("a stack overrides", () => {
  const declared = application({ services: { shop: { ...shop, storage: { "/data": "1Gi", "/log": "1Gi" } }, queue } });
  const stack = (folders: unknown) => ({ "mesh:apps": { stores: { shop: { storage: folders } } } });
  const planned = (folders: unknown) => serviceOf(plan(stack(folders), undefined, [declared]), "shop");

  test("the size of a folder, and leaves the others", () => {
    expect(planned({ "/data": "5Gi" }).storage).toEqual({ "/data": "5Gi", "/log": "1Gi" });
    expect(planned({}).storage).toEqual({ "/data": "1Gi", "/log": "1Gi" });
  });

  test("which folders there are, and whether there are any", () => {
    expect(planned({ "/data": null, "/more": "2Gi" }).storage).toEqual({ "/log": "1Gi", "/more": "2Gi" });
    expect(planned(null)).not.toHaveProperty("storage");
    expect(planned(null).versions).toMatchObject([{ replicas: 2 }]);
  });

  test("but not to what is no size, nor a folder away from all, which is told by the setting", () => {
    expect(problemsOfStack(stack({ "/data": "5G" }), undefined, [declared])).toEqual([
      'mesh:apps.stores.shop.storage./data is "5G"; allowed: a size such as 500Mi or 1Gi',
    ]);
    expect(problemsOfStack(stack({ "/data": null, "/log": null }), undefined, [declared])).toEqual([
      "mesh:apps.stores.shop.storage is {}; allowed: at least one folder, or no storage at all",
    ]);
  });
});
