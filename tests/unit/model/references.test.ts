import { describe, expect, test } from "vitest";
import type { ApplicationDeclaration } from "../../../model/application.ts";
import { checkApplications } from "../../../model/checks/check.ts";
import { plan, problems as problemsOfStack } from "../support/config.ts";

/*
 * What pods name is there: a Secret of a database, what somebody else makes, or a value of the stack. A pod that names anything else
 * would never start.
 */

const image = { registry: "registry", repository: "shop", tag: "1" };
const services = { shop: { image, ports: { http: { port: 8080 } }, probes: { ready: "/ready" } } };
const stock = { database: "stock", user: "stock", storage: "1Gi" };

/** What is wrong with an application of one service, with options of its own, where these values are under `mesh:secrets`. */
function problems(shop: object, around: object = {}, secrets: readonly string[] | undefined = ["token", "login"]): string[] {
  const declared = { namespace: "stores", services: { shop: { ...services.shop, ...shop } }, ...around };
  const found = checkApplications([declared as unknown as ApplicationDeclaration], { gateways: [], secrets }).problems;
  return found.map((problem) => problem.replace(/^apps: stores\/shop /, ""));
}

const database = { databases: { stock } };
const external = { external: { secrets: ["partner"], configMaps: ["regions"] } };

describe("a Secret is", () => {
  test("a database's, by each of its keys, or one that the application says somebody makes, by any", () => {
    const keys = ["user", "password", "database"].map((key) => [key.toUpperCase(), { secret: "stock-credentials", key }]);
    const env = { ...Object.fromEntries(keys), KEY: { secret: "partner", key: "tls.key" } };
    expect(problems({ env }, { ...database, ...external })).toEqual([]);
  });

  test("no other one: those that are known are told, and no value of a variable is", () => {
    const env = { KEY: { secret: "unknown", key: "key" } };
    const told = (allowed: string) => [`env.KEY.secret is refused; allowed: ${allowed}`];
    expect(problems({ env })).toEqual(told("the name of a Secret that external.secrets has"));
    expect(problems({ env }, external)).toEqual(told("one of partner"));
    expect(problems({ env }, database)).toEqual(told("one of stock-credentials"));
    expect(problems({ env }, { ...database, ...external })).toEqual(told("one of stock-credentials, partner"));
  });

  test("none of another application's, whose namespace pods cannot look into", () => {
    const env = { KEY: { secret: "stock-credentials", key: "user" } };
    const other = { namespace: "other", databases: { stock } };
    const declared = { namespace: "stores", services: { shop: { ...services.shop, env } } };
    expect(checkApplications([declared, other] as unknown as ApplicationDeclaration[], { gateways: [] }).problems).toEqual([
      "apps: stores/shop env.KEY.secret is refused; allowed: the name of a Secret that external.secrets has",
    ]);
  });

  describe("that of a database elsewhere", () => {
    const env = (secret: string, key = "user") => ({ env: { KEY: { secret, key } } });
    const told = (shop: object, around: object = {}) => {
      const declared = { namespace: "stores", services: { shop: { ...services.shop, ...shop } }, ...around };
      const others = [
        { namespace: "other", databases: { stock } },
        { namespace: "third", databases: { stock } },
      ];
      return checkApplications([declared, ...others] as unknown as ApplicationDeclaration[], { gateways: [] }).problems;
    };
    const calls = [{ to: "other/stock" }];

    test("which a workload of the application calls, by each of its keys, in each workload", () => {
      for (const key of ["user", "password", "database"])
        expect(told({ ...env("other.stock-credentials", key), calls })).toEqual([]);
      const jobs = { jobs: { migrate: { image, calls } } };
      expect(told({ container: { files: { "/a": { secret: "other.stock-credentials", key: "user" } } } }, jobs)).toEqual([]);
      expect(told({ ...env("other.stock-credentials", "pasword"), calls })).toEqual([
        "apps: stores/shop env.KEY.key is refused; allowed: one of user, password, database",
      ]);
    });

    test("which nobody of the application calls, or by a name of its own namespace, is none", () => {
      const refused = (allowed: string) => [`apps: stores/shop env.KEY.secret is refused; allowed: ${allowed}`];
      const none = "the name of a Secret that external.secrets has";
      expect(told(env("other.stock-credentials"))).toEqual(refused(none));
      for (const secret of ["third.stock-credentials", "stock-credentials", "stores.stock-credentials"])
        expect(told({ ...env(secret), calls })).toEqual(refused("one of other.stock-credentials"));
      expect(told({ ...env("stores.stock-credentials"), calls: [{ to: "stock" }] }, database)).toEqual(
        refused("one of stock-credentials"),
      );
    });

    test("which another application calls, is that one's alone", () => {
      const caller = { namespace: "callers", services: { shop: { ...services.shop, calls } } };
      const declared = { namespace: "stores", services: { shop: { ...services.shop, ...env("other.stock-credentials") } } };
      const all = [declared, caller, { namespace: "other", databases: { stock } }] as unknown as ApplicationDeclaration[];
      expect(checkApplications(all, { gateways: [] }).problems).toHaveLength(1);
    });

    test("may itself be wrong, which is told alone", () => {
      const wrong = { namespace: "other", databases: { stock: { ...stock, storage: "1G" } } };
      const declared = {
        namespace: "stores",
        services: { shop: { ...services.shop, ...env("other.stock-credentials"), calls } },
      };
      const all = [declared, wrong] as unknown as ApplicationDeclaration[];
      expect(checkApplications(all, { gateways: [] }).problems).toEqual([
        'apps: other/stock storage is "1G"; allowed: a size such as 500Mi or 1Gi',
      ]);
    });

    test("is no login of a registry", () => {
      expect(told({ calls, container: { pullSecrets: ["other.stock-credentials"] } })).toEqual([
        'apps: stores/shop container.pullSecrets[0] is "other.stock-credentials"; allowed: the name of a Secret that external.secrets has',
      ]);
    });
  });

  test("asked for a key that it has, where it is a database's", () => {
    const file = { secret: "stock-credentials", key: "pasword" };
    expect(problems({ env: { KEY: file }, container: { files: { "/a": file } } }, database)).toEqual([
      "env.KEY.key is refused; allowed: one of user, password, database",
      'container.files./a.key is "pasword"; allowed: one of user, password, database',
    ]);
  });
});

describe("a ConfigMap is", () => {
  const env = (configMap: string) => ({ env: { HOME: { configMap, key: "home" } } });

  test("one that the application says somebody makes", () => {
    expect(problems(env("regions"), external)).toEqual([]);
    expect(problems(env("partner"), external)).toEqual(["env.HOME.configMap is refused; allowed: one of regions"]);
    expect(problems(env("regions"))).toEqual([
      "env.HOME.configMap is refused; allowed: the name of a ConfigMap that external.configMaps has",
    ]);
  });
});

describe("a setting is", () => {
  const env = { TOKEN: { setting: "tokn" } };
  const command = "a value of the stack: pulumi config set --secret --path mesh:secrets.<name>";

  test("a value of the stack", () => {
    expect(problems({ env: { TOKEN: { setting: "token" } } })).toEqual([]);
    expect(problems({ env })).toEqual(["env.TOKEN.setting is refused; allowed: one of token, login"]);
    expect(problems({ env }, {}, [])).toEqual([`env.TOKEN.setting is refused; allowed: ${command}`]);
  });

  test("any, where the stack's values cannot be read, which is told elsewhere", () => {
    const declared = { namespace: "stores", services: { shop: { ...services.shop, env } } } as ApplicationDeclaration;
    expect(checkApplications([declared], { gateways: [] }).problems).toEqual([]);
    expect(problemsOfStack({ "mesh:secrets": { tokn: "" } }, undefined, [declared])).toEqual([
      "mesh:secrets.tokn is a secret; allowed: text that is not empty",
    ]);
    expect(problemsOfStack({ "mesh:secrets": { other: "s" } }, undefined, [declared])).toEqual([
      "apps: stores/shop env.TOKEN.setting is refused; allowed: one of other",
    ]);
    expect(plan({ "mesh:secrets": { tokn: "s" } }, undefined, [declared]).config.secrets).toEqual({ tokn: "s" });
  });

  test("named at its place, where the stack's own file names it", () => {
    const declared = { namespace: "stores", services } as ApplicationDeclaration;
    expect(problemsOfStack({ "mesh:apps": { stores: { shop: { env } } } }, undefined, [declared])).toEqual([
      `mesh:apps.stores.shop.env.TOKEN.setting is refused; allowed: ${command}`,
    ]);
  });
});

describe("wherever it is named", () => {
  const wrong = { setting: "tokn" };
  const env = { TOKEN: wrong };
  const allowed = "allowed: one of token, login";
  const ofEnv = `env.TOKEN.setting is refused; ${allowed}`;

  test("in a version, whatever the others have in its place, and once where all have the same", () => {
    const text = { TOKEN: "text" };
    expect(problems({ versions: { v1: { env }, v2: { env: text, weight: 0 } } })).toEqual([ofEnv]);
    expect(problems({ versions: { v1: { env: text }, v2: { env, weight: 0 } } })).toEqual([ofEnv]);
    expect(problems({ env, versions: { v1: {}, v2: { image: { tag: "2" }, weight: 0 } } })).toEqual([ofEnv]);
  });

  test("in what runs before a container", () => {
    expect(problems({ initContainers: { prepare: { env } } })).toEqual([ofEnv]);
    expect(problems({ env: { TOKEN: "text" }, initContainers: { prepare: { env } } })).toEqual([ofEnv]);
  });

  test("in files", () => {
    const files = {
      "/a": wrong,
      "/b": { secret: "unknown", key: "k" },
      "/c": { configMap: "unknown", key: "k" },
      "/d": "text",
      "/e": { setting: "token" },
    };
    expect(problems({ container: { files } }, external)).toEqual([
      `container.files./a.setting is "tokn"; ${allowed}`,
      'container.files./b.secret is "unknown"; allowed: one of partner',
      'container.files./c.configMap is "unknown"; allowed: one of regions',
    ]);
  });

  test("in workers and jobs, each at its own place", () => {
    const around = {
      workers: { mailer: { image, env, container: { files: { "/a": wrong } } } },
      jobs: {
        migrate: { image, env, initContainers: { prepare: { env: { OTHER: wrong } } }, container: { pullSecrets: [wrong] } },
      },
    };
    expect(problems({}, around)).toEqual([
      `apps: stores/mailer ${ofEnv}`,
      `apps: stores/mailer container.files./a.setting is "tokn"; ${allowed}`,
      `apps: stores/migrate ${ofEnv}`,
      `apps: stores/migrate env.OTHER.setting is refused; ${allowed}`,
      `apps: stores/migrate container.pullSecrets[0].setting is "tokn"; ${allowed}`,
    ]);
  });
});

describe("what nodes show a registry is", () => {
  const pullSecrets = (...all: unknown[]) => ({ container: { pullSecrets: all } });

  test("a Secret that somebody else makes, or a value of the stack", () => {
    expect(problems(pullSecrets("partner", { setting: "login" }), external)).toEqual([]);
  });

  test("no other Secret, and none of a database, which has no login", () => {
    expect(problems(pullSecrets("unknown"))).toEqual([
      'container.pullSecrets[0] is "unknown"; allowed: the name of a Secret that external.secrets has',
    ]);
    expect(problems(pullSecrets("stock-credentials"), database)).toEqual([
      'container.pullSecrets[0] is "stock-credentials"; allowed: the name of a Secret that external.secrets has',
    ]);
    expect(problems(pullSecrets({ setting: "login" }, "stock-credentials"), { ...database, ...external })).toEqual([
      'container.pullSecrets[1] is "stock-credentials"; allowed: one of partner',
    ]);
    expect(problems(pullSecrets({ setting: "logn" }), {}, [])).toEqual([
      'container.pullSecrets[0].setting is "logn"; allowed: a value of the stack: pulumi config set --secret --path mesh:secrets.<name>',
    ]);
  });
});

describe("what somebody else makes", () => {
  const name = "lower-case letters, digits, hyphens and dots, beginning and ending with a letter or digit, at most 253 long";
  test.each<[string, object, string]>([
    ["by a name that is none", { secrets: ["Partner"] }, `external.secrets[0] is "Partner"; allowed: ${name}`],
    ["by a name that is none, of a ConfigMap", { configMaps: ["a_b"] }, `external.configMaps[0] is "a_b"; allowed: ${name}`],
    ["as text", { secrets: "partner" }, 'external.secrets is "partner"; allowed: a list of names of Secrets'],
    ["twice", { secrets: ["a.b", "a.b"] }, 'external.secrets[1] is "a.b"; allowed: what the list does not have already'],
    ["of a kind that nobody names", { volumes: [] }, "external.volumes is not a key; allowed: secrets, configMaps"],
  ])("is refused %s", (_what, external, sentence) => {
    expect(problems({}, { external })).toEqual([`apps: namespace stores ${sentence}`]);
  });
});
