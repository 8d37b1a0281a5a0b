import { describe, expect, test } from "vitest";
import { RefusedError } from "../../../config.ts";
import type { ApplicationDeclaration } from "../../../model/application.ts";
import { type Plan, planStack } from "../../../plan.ts";
import { plan, problems, product, serviceOf, shop } from "../support/config.ts";

/*
 * `mesh:apps`: what a stack overrides of applications. Mappings merge, lists replace, null removes; and the keys that these settings
 * had in earlier versions are refused with where they are now.
 */

describe("a setting that has moved is refused with where it is now", () => {
  test.each<[string, Record<string, unknown>, string]>([
    [
      "mesh:product",
      { "mesh:product": { versions: [{ name: "v1" }], replicas: -1 } },
      "mesh:apps.product.product (versions by name; gateways, methods and policies below exposed)",
    ],
    [
      "mesh:shop",
      { "mesh:shop": { frontend: { replicas: 2 } } },
      "mesh:apps.prod.frontend, mesh:apps.prod.backend and mesh:apps.prod.database",
    ],
    ["mesh:load", { "mesh:load": { qps: 5 } }, "mesh:apps.load.generator"],
    ["mesh:images.product", { "mesh:images": { product: { tag: "1" } } }, "mesh:apps.product.product.image"],
    ["mesh:images.frontend", { "mesh:images": { frontend: {} } }, "mesh:apps.prod.frontend.image"],
    ["mesh:images.backend", { "mesh:images": { backend: "x" } }, "mesh:apps.prod.backend.image"],
    ["mesh:istio.beside", { "mesh:istio": { beside: [{ revision: "a" }] } }, "mesh:istio.additionalRevisions"],
  ])("%s", (key, changes, place) => {
    expect(problems(changes)).toEqual([`${key} has moved; it is now ${place}`]);
  });

  test("beside what else is wrong in its section, and in others", () => {
    const changes = { "mesh:istio": { beside: [], drain: "0s" }, "mesh:load": {}, ...product({ replicas: 0 }) };
    expect(problems(changes).map((problem) => problem.split(" is ")[0])).toEqual([
      "mesh:istio.beside has moved; it",
      "mesh:load has moved; it",
      "mesh:istio.drain",
      "mesh:apps.product.product.replicas",
    ]);
  });
});

const store: ApplicationDeclaration = {
  namespace: "stores",
  services: {
    store: {
      image: { registry: "registry.example.com", repository: "store", tag: "1" },
      ports: { http: { port: 8080 } },
      probes: { ready: "/ready", health: "/health" },
      replicas: 4,
      versions: { v1: { replicas: 3 }, v2: { weight: 20, image: { tag: "2" } } },
      canary: { header: "x-try", version: "v2" },
      env: { MODE: "all", LEVEL: "info" },
      resilience: { timeout: "8s", retries: { attempts: 1, perTryTimeout: "2s" } },
      calls: [{ to: "stock" }],
      exposed: {
        api: {
          path: "/store",
          methods: ["GET", "PUT"],
          policies: { rateLimit: { requests: 10, per: "second" }, maxBodyBytes: 1_000 },
        },
      },
    },
    inner: {
      image: { source: "apps/shop/backend/server.ts" },
      ports: { http: { port: 3000 } },
      probes: { ready: "/ready", health: "/health" },
    },
  },
  databases: { stock: { database: "stock", user: "stock", storage: "1Gi" } },
};

const settings = (options: unknown) => ({ "mesh:apps": { stores: { store: options } } });
const storeWith = (options: unknown) => serviceOf(plan(settings(options), undefined, [store]), "store");

/** What runs as the versions of the store, unless a stack says otherwise. */
const runs = (tag: string) => ({
  image: { registry: "registry.example.com", repository: "store", tag },
  env: { MODE: "all", LEVEL: "info" },
});

describe("a mapping merges", () => {
  test("so the weight of one version is one number", () => {
    const { versions, canary } = serviceOf(plan(product({ versions: { v2: { weight: 50 } } })), "product");
    expect(versions).toMatchObject([
      { name: "v1", weight: 50, replicas: 3 },
      { name: "v2", weight: 50, replicas: 1 },
    ]);
    expect(canary).toEqual({ header: "x-canary", value: "true", version: "v2" });
    expect(storeWith({ versions: { v2: { weight: 60 } } }).versions).toEqual([
      { name: "v1", weight: 40, replicas: 3, ...runs("1") },
      { name: "v2", weight: 60, replicas: 4, ...runs("2") },
    ]);
  });

  test("and whatever is beside an option stays as it is declared", () => {
    const { resilience, canary, versions } = storeWith({
      resilience: { retries: { attempts: 2 } },
      canary: { header: "x-other" },
      env: { LEVEL: "debug", MORE: "1" },
    });
    expect(resilience).toMatchObject({ timeout: "8s", retries: { attempts: 2, perTryTimeout: "2s" } });
    expect(canary).toEqual({ header: "x-other", value: "true", version: "v2" });
    for (const { env } of versions) expect(env).toEqual({ MODE: "all", LEVEL: "debug", MORE: "1" });
  });

  test("in whichever order the file has it", () => {
    const named = (...names: string[]) => Object.fromEntries(names.map((name) => [name, { weight: 0, image: { tag: name } }]));
    const orders = [named("v3", "v4"), named("v4", "v3")].map((versions) => storeWith({ versions }));
    expect(orders[0]?.versions.map(({ name }) => name)).toEqual(["v1", "v2", "v3", "v4"]);
    expect(orders[1]).toEqual(orders[0]);
  });

  test("of one workload, and no other is touched, nor the declarations themselves", () => {
    const before = structuredClone(store);
    const [plain, changed] = [plan({}, undefined, [store]), plan(settings({ replicas: 9 }), undefined, [store])];
    expect(serviceOf(changed, "store")).not.toEqual(serviceOf(plain, "store"));
    expect(serviceOf(changed, "inner")).toEqual(serviceOf(plain, "inner"));
    expect(changed.applications[0]?.databases).toEqual(plain.applications[0]?.databases);
    expect(store).toEqual(before);
  });

  test("of databases and load generators too", () => {
    const apps = { prod: { database: { storage: "3Gi" } }, load: { generator: { qps: 7 } } };
    const { applications } = plan({ "mesh:apps": apps });
    expect(applications[1]?.databases).toEqual([{ name: "database", database: "shop", user: "shop", storage: "3Gi" }]);
    expect(applications[2]?.loadGenerators).toMatchObject([{ name: "generator", qps: 7 }]);
  });

  test("and without requests there is no load generator, and no namespace of it", () => {
    const { applications } = plan({ "mesh:apps": { load: { generator: { qps: 0 } } } });
    expect(applications.map(({ namespace }) => namespace)).toEqual(["product", "prod"]);
  });
});

describe("of each exposure that is declared, a stack sets where and for whom it is", () => {
  const several: ApplicationDeclaration = {
    ...store,
    services: {
      ...store.services,
      store: {
        ...(store.services?.store as NonNullable<typeof store.services>[string]),
        exposed: { api: { path: "/store" }, events: { path: "/events", stream: true, hosts: ["events.example.com"] } },
      },
    },
  };
  const tls = { "mesh:tls": { hosts: ["shop.example.com", "*.example.org"] } };
  const exposedWith = (exposed: unknown) =>
    serviceOf(plan({ ...tls, ...settings({ exposed }) }, undefined, [several]), "store").exposed;

  test("and leaves the others as they are", () => {
    const api = { hosts: ["a.example.org"], gateways: ["istio"], methods: ["POST"], policies: { maxBodyBytes: 1 } };
    expect(exposedWith({ api, events: { hosts: ["shop.example.com"] } })).toEqual({
      api: { path: "/store", ...api },
      events: { path: "/events", stream: true, hosts: ["shop.example.com"] },
    });
    expect(exposedWith({ events: { hosts: null } })).toEqual({
      api: { path: "/store" },
      events: { path: "/events", stream: true },
    });
  });

  test.each<[string, unknown, string]>([
    [
      "an exposure that is not declared",
      { page: { hosts: ["a.example.org"] } },
      "exposed.page is not a setting; allowed: api, events",
    ],
    [
      "what is no name of one",
      { constructor: { methods: ["GET"] } },
      "exposed.constructor is not a setting; allowed: api, events",
    ],
    ["the star that stands for names", { "*": { methods: ["GET"] } }, "exposed.* is not a setting; allowed: api, events"],
    [
      "no exposure of several",
      { events: null },
      "exposed.events is null; allowed: a mapping with hosts, gateways, methods, policies",
    ],
    ["what was of the only one", { methods: ["GET"] }, "exposed.methods is not a setting; allowed: api, events"],
    ...["port", "path", "exact", "versioned", "rewrite", "redirect", "timeout", "stream"].map(
      (option): [string, unknown, string] => [
        `its ${option}`,
        { api: { [option]: "x" } },
        `exposed.api.${option} is not a setting; allowed: hosts, gateways, methods, policies`,
      ],
    ),
    [
      "a host without a certificate",
      { api: { hosts: ["shop.example.net"] }, events: { hosts: ["shop.example.com"] } },
      'exposed.api.hosts[0] is "shop.example.net"; allowed: a host that has a certificate, by mesh:tls.hosts: shop.example.com, *.example.org',
    ],
  ])("not %s", (_what, exposed, sentence) => {
    const found = problems(
      { ...tls, ...settings({ exposed: { events: { hosts: ["shop.example.com"] }, ...(exposed as object) } }) },
      undefined,
      [several],
    );
    expect(found[0]).toBe(`mesh:apps.stores.store.${sentence}`);
  });

  test("and a declared host that has no certificate is told of the declaration", () => {
    expect(problems(tls, undefined, [several])).toEqual([
      'apps: stores/store exposed.events.hosts[0] is "events.example.com"; allowed: a host that has a certificate, by mesh:tls.hosts: shop.example.com, *.example.org',
    ]);
  });
});

test("a list replaces", () => {
  expect(storeWith({ exposed: { api: { methods: ["POST"] } } }).exposed).toEqual({
    api: { ...store.services?.store?.exposed?.api, methods: ["POST"] },
  });
});

describe("null removes", () => {
  test("a policy, and leaves the others", () => {
    expect(storeWith({ exposed: { api: { policies: { rateLimit: null } } } }).exposed?.api?.policies).toEqual({
      maxBodyBytes: 1_000,
    });
    expect(storeWith({ exposed: { api: { policies: null } } }).exposed).toEqual({
      api: { path: "/store", methods: ["GET", "PUT"] },
    });
  });

  test("a version, the canary, a variable", () => {
    const { versions, canary } = storeWith({ versions: { v1: null, v2: { weight: 100 } }, env: { MODE: null } });
    expect(versions).toEqual([{ name: "v2", weight: 100, replicas: 4, ...runs("2"), env: { LEVEL: "info" } }]);
    expect(canary).toEqual({ header: "x-try", value: "true", version: "v2" });
    expect(storeWith({ canary: null })).not.toHaveProperty("canary");
  });

  test("but not what is exposed as a whole, which an empty key would be: paths are not a stack's", () => {
    expect(problems({ "mesh:apps": { stores: { store: { exposed: null } } } }, undefined, [store])).toEqual([
      "mesh:apps.stores.store.exposed is null; allowed: a mapping with api",
    ]);
    expect(storeWith({ exposed: { api: { policies: null } } }).exposed?.api).not.toHaveProperty("policies");
  });

  test("a number, for which the default is back", () => {
    expect(storeWith({ replicas: null }).versions).toMatchObject([{ replicas: 3 }, { replicas: 2 }]);
    expect(storeWith({ resilience: { timeout: null } }).resilience.timeout).toBe("5s");
  });

  test("an image or a part of one, also of a database", () => {
    const image = { registry: "own.example.com", repository: "postgres", tag: "17", digest: `sha256:${"0".repeat(64)}` };
    const own: ApplicationDeclaration = {
      namespace: "own",
      databases: { db: { image, database: "a", user: "a", storage: "1Gi" } },
    };
    const imageOf = (override: unknown) =>
      plan({ "mesh:apps": { own: { db: { image: override } } } }, undefined, [own]).applications[0]?.databases?.[0]?.image;
    expect(imageOf({})).toEqual(image);
    expect(imageOf({ digest: null })).toEqual({ registry: "own.example.com", repository: "postgres", tag: "17" });
    expect(imageOf(null)).toBeUndefined();
  });
});

describe("a setting of nothing is one sentence, with what there is", () => {
  const ofServices = "image, resources, env, replicas, versions, canary, resilience, rules, storage, egress, exposed";
  test.each<[string, Record<string, unknown>, string]>([
    [
      "an unknown application",
      { "mesh:apps": { products: { product: { replicas: 1 } } } },
      "mesh:apps.products is not the namespace of an application; allowed: product, prod, load",
    ],
    [
      "an unknown workload",
      shop({ frontnd: { replicas: 1 } }),
      "mesh:apps.prod.frontnd is not declared; allowed: frontend, backend, recommendations, migrate, report, database",
    ],
    [
      "a workload by the name of what every mapping has",
      shop({ constructor: { replicas: 1 } }),
      "mesh:apps.prod.constructor is not declared; allowed: frontend, backend, recommendations, migrate, report, database",
    ],
    [
      "the calls of a service",
      shop({ frontend: { calls: [] } }),
      `mesh:apps.prod.frontend.calls is not a setting; allowed: ${ofServices}`,
    ],
    [
      "its ports, which others dial",
      product({ ports: { http: { port: 8081 } } }),
      `mesh:apps.product.product.ports is not a setting; allowed: ${ofServices}`,
    ],
    [
      "how it is asked how it is",
      product({ probes: { health: "none" } }),
      `mesh:apps.product.product.probes is not a setting; allowed: ${ofServices}`,
    ],
    [
      "what it is started with, other than of one version",
      product({ args: ["--verbose"] }),
      `mesh:apps.product.product.args is not a setting; allowed: ${ofServices}`,
    ],
    [
      "a misspelled option",
      product({ replica: 3 }),
      `mesh:apps.product.product.replica is not a setting; allowed: ${ofServices}`,
    ],
    [
      "the path of what is exposed",
      product({ exposed: { products: { path: "/x" } } }),
      "mesh:apps.product.product.exposed.products.path is not a setting; allowed: hosts, gateways, methods, policies",
    ],
    [
      "the policies of a service, where they were in earlier versions",
      product({ policies: {} }),
      `mesh:apps.product.product.policies is not a setting; allowed: ${ofServices}`,
    ],
    [
      "the owner of a database",
      shop({ database: { user: "me" } }),
      "mesh:apps.prod.database.user is not a setting; allowed: image, storage",
    ],
    [
      "a database for gateways",
      shop({ database: { exposed: { api: {} } } }),
      "mesh:apps.prod.database.exposed is not a setting; allowed: image, storage",
    ],
    [
      "whom a load generator asks",
      { "mesh:apps": { load: { generator: { calls: [] } } } },
      "mesh:apps.load.generator.calls is not a setting; allowed: image, qps",
    ],
  ])("%s", (_what, changes, sentence) => {
    expect(problems(changes)).toEqual([sentence]);
  });

  test("the gateways of a service that apps/ does not expose", () => {
    const changes = { "mesh:apps": { stores: { inner: { exposed: { api: { gateways: ["istio"] } } } } } };
    expect(problems(changes, undefined, [store])).toEqual([
      "mesh:apps.stores.inner.exposed is not a setting here: apps/ declares nothing of it",
    ]);
  });

  test.each<[string, unknown, string]>([
    ["no mapping of applications", "x", 'mesh:apps is "x"; allowed: a mapping of names to applications'],
    [
      "no mapping of workloads",
      { product: 1 },
      "mesh:apps.product is 1; allowed: a mapping of names to services, databases and load generators",
    ],
    ["no mapping of options", { product: { product: 3 } }, "mesh:apps.product.product is 3; allowed: a mapping of options"],
  ])("%s", (_what, apps, sentence) => {
    expect(problems({ "mesh:apps": apps })).toEqual([sentence]);
  });
});

describe("a value that Istio or Envoy would refuse later is refused first, wherever it stands", () => {
  const thrown = (changes: Record<string, unknown>, declared: readonly ApplicationDeclaration[]): unknown => {
    try {
      return plan(changes, undefined, declared);
    } catch (error) {
      return error;
    }
  };
  const duration = "allowed: a duration from 1ms to 1440m in whole milliseconds, such as 250ms, 1.5s or 1m";

  test.each<[string, object, string]>([
    ["a time to connect without a unit", { pool: { connectTimeout: "1" } }, `resilience.pool.connectTimeout is "1"; ${duration}`],
    [
      "a retry after a status that is none",
      { retries: { on: "5xx,499" } },
      'resilience.retries.on is "5xx,499"; allowed: conditions separated by commas, without spaces ("499" is none): 5xx, ',
    ],
    ["half a millisecond", { ejection: { interval: "0.5ms" } }, `resilience.ejection.interval is "0.5ms"; ${duration}`],
  ])("%s", (_what, resilience, sentence) => {
    const services = { ...store.services, store: { ...store.services?.store, resilience } };
    const inDeclaration = thrown({}, [{ ...store, services } as ApplicationDeclaration]);
    expect(inDeclaration).toBeInstanceOf(RefusedError);
    expect((inDeclaration as RefusedError).problems).toEqual([expect.stringContaining(`apps: stores/store ${sentence}`)]);
    const inSettings = thrown(settings({ resilience }), [store]);
    expect(inSettings).toBeInstanceOf(RefusedError);
    expect((inSettings as RefusedError).problems).toEqual([expect.stringContaining(`mesh:apps.stores.store.${sentence}`)]);
  });

  test("what a setting makes of a declaration is told by the setting, and what it leaves by the declaration", () => {
    const wrong = { ...store, databases: { stock: { database: "stock", user: "pg_stock", storage: "1Gi" } } };
    const error = thrown(settings({ resilience: { retries: { attempts: 5 } } }), [wrong]);
    expect((error as RefusedError).problems).toEqual([
      expect.stringMatching(
        /^mesh:apps\.stores\.store\.resilience\.timeout is "8s"; allowed: at least 12s, which 6 tries of 2s take/,
      ),
      expect.stringMatching(/^apps: stores\/stock user is "pg_stock"; allowed: /),
    ]);
  });

  test("the stack's file is named where a setting is wrong, and apps/ where no setting is", () => {
    const least = { "mesh:target": "kind", "mesh:sources": "built" };
    const of = (apps: unknown, declared: ApplicationDeclaration): (() => Plan) => {
      return () => planStack({ ...least, "mesh:apps": JSON.stringify(apps) }, "mine", "file", [declared]);
    };
    expect(of({ stores: { store: { replicas: 0 } } }, store)).toThrow(/^Pulumi\.mine\.yaml is refused:\n {2}- mesh:apps\./);
    expect(of({}, { ...store, namespace: "default" })).toThrow(/^The applications are refused:\n {2}- apps: namespace default /);
  });
});

test("an encrypted option is refused, as it would be plain text in the cluster, and no value of a variable or key is printed", () => {
  const secret = { "mesh:apps": { stores: { store: { env: { TOKEN: "[secret]" } } } } };
  expect(problems(secret, "file", [store])).toEqual([
    expect.stringMatching(/^mesh:apps holds an encrypted value, .*; allowed: env with/),
  ]);
  const wrong = { env: { TOKEN: ["hunter2"] }, exposed: { api: { policies: { jwt: [{ kty: "RSA", d: "hunter2" }] } } } };
  const told = problems({ "mesh:apps": { stores: { store: wrong } } }, undefined, [store]).join("\n");
  expect(told).toContain("mesh:apps.stores.store.env.TOKEN is refused");
  expect(told).toContain("mesh:apps.stores.store.exposed.api.policies.jwt is refused");
  expect(told).not.toContain("hunter2");
});

test("of what is exposed, a problem of the path is the declaration's, whatever the stack says beside it", () => {
  const other = { ...store, namespace: "others" };
  const changes = { "mesh:apps": { others: { store: { exposed: { api: { policies: {} } } } } } };
  expect(problems(changes, undefined, [store, other])).toContainEqual(
    expect.stringMatching(/^apps: others\/store exposed\.api\.path /),
  );
});

test("keys that objects have anyway are none", () => {
  const changes = JSON.parse('{"stores":{"store":{"exposed":{"policies":{"__proto__":{"maxBodyBytes":5}}}}}}') as object;
  expect(problems({ "mesh:apps": changes }, undefined, [store])).toHaveLength(1);
});
