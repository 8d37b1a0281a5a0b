import { statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { sealed } from "../../config/clusters.ts";
import { projectDir } from "../../lib/paths.ts";
import type { ApplicationDeclaration } from "../../model/application.ts";
import { mostText } from "../../model/container.ts";
import { readPlan } from "../../plan.ts";

const stack = { "mesh:target": "kind", "mesh:sources": "built" };

/** An application of one service, of this image. */
function serviceOf(image: object): ApplicationDeclaration[] {
  const service = {
    image,
    ports: { http: { port: 8080 } },
    probes: { health: "/healthz", ready: "/readyz" },
    versions: { v1: {} },
  };
  return [{ namespace: "team", services: { orders: service } }];
}

test("a program that is no file of the repository is refused, unless its image comes from a registry", () => {
  const image = { source: "apps/orders/server.ts" };
  expect(readPlan(stack, "pulumi", serviceOf(image)).problems).toEqual([
    'apps: team/orders image.source is "apps/orders/server.ts"; allowed: the path of a file of this repository',
  ]);
  const there = { source: "apps/product/product/server.ts" };
  expect(readPlan(stack, "pulumi", serviceOf(there)).problems).toEqual([]);
  const pulled = { ...image, registry: "registry.example.com", repository: "team/orders", tag: "1" };
  expect(readPlan(stack, "pulumi", serviceOf(pulled)).problems).toEqual([]);
});

/** An application with workloads of each kind. */
const applicationOf = (options: object): ApplicationDeclaration[] => {
  const image = { registry: "registry.example.com", repository: "team/orders", tag: "1" };
  const [service] = serviceOf(image);
  return [{ ...service, ...options } as ApplicationDeclaration];
};
const nowhereElse = { registry: "registry.example.com", repository: "team/mailer", tag: "1" };
const nowhere = { source: "apps/orders/server.ts" };
const told = (workload: string, option: string, source = nowhere.source) =>
  `apps: team/${workload} ${option} is "${source}"; allowed: the path of a file of this repository`;

test("so are programs of workers and jobs, of versions and of what runs before them, each once", () => {
  const orders = {
    ...serviceOf({ source: "apps/product/product/server.ts" })[0]?.services?.orders,
    versions: { v1: {}, v2: { image: nowhere, weight: 0 } },
  };
  const declared = applicationOf({
    services: { orders },
    workers: { mailer: { image: nowhere, initContainers: { first: {}, second: { env: { A: "1" } } } } },
    jobs: { migrate: { image: { source: "apps/shop/jobs/main.ts" }, initContainers: { first: { image: nowhere } } } },
  });
  expect(readPlan(stack, "pulumi", declared).problems).toEqual(
    ["orders", "mailer", "migrate"].map((workload) => told(workload, "image.source")),
  );
});

test("so are files that are none", () => {
  const image = { source: "apps/shop/jobs/main.ts" };
  const files = { "/a": { source: "apps/none.json" }, "/b": { source: "apps/shop" }, "/c": { source: "apps/README.md" } };
  const declared = applicationOf({ jobs: { migrate: { image, container: { files } } } });
  expect(readPlan(stack, "pulumi", declared).problems).toEqual([
    told("migrate", "container.files./a.source", "apps/none.json"),
    told("migrate", "container.files./b.source", "apps/shop"),
  ]);
});

test("files that are too much together are refused, and where they come in", () => {
  const image = { source: "apps/shop/jobs/main.ts" };
  const files = { "/text": "x".repeat(999_000), "/a": { source: "apps/README.md" } };
  const declared = applicationOf({ jobs: { migrate: { image, container: { files } } } });
  expect(readPlan(stack, "pulumi", declared).problems).toEqual([
    'apps: team/migrate container.files./a.source is "apps/README.md"; allowed: a file with which all of them together hold at most 1000000 bytes',
  ]);
});

test("what nodes are to log in with is what docker login writes, and is never printed", () => {
  const declared = applicationOf({
    workers: { mailer: { image: nowhereElse, container: { pullSecrets: [{ setting: "login" }] } } },
  });
  const problems = (login: string) =>
    readPlan({ ...stack, "mesh:secrets": JSON.stringify({ login }) }, "pulumi", declared).problems;
  const refused = [
    "apps: team/mailer container.pullSecrets is refused; allowed: what docker login writes, JSON with auths, in mesh:secrets.login",
  ];
  expect(problems("user:password")).toEqual(refused);
  expect(problems(JSON.stringify({ user: "password" }))).toEqual(refused);
  expect(problems(JSON.stringify({ auths: { "registry.example.com": { auth: "dTpw" } } }))).toEqual([]);
});

test("so are files that are too much for a ConfigMap, together with the text beside them", () => {
  const image = { source: "apps/shop/jobs/main.ts" };
  const of = (text: number) => {
    const files = { "/a": "a".repeat(text), "/b": { source: "apps/README.md" } };
    return readPlan(stack, "pulumi", applicationOf({ jobs: { migrate: { image, container: { files } } } })).problems;
  };
  const most = mostText - statSync(join(projectDir, "apps/README.md")).size;
  expect(of(most)).toEqual([]);
  expect(of(most + 1)).toEqual([
    'apps: team/migrate container.files./b.source is "apps/README.md"; allowed: a file with which all of them together hold at most 1000000 bytes',
  ]);
});

test("a login is what docker login writes, as far as it can be read", () => {
  const image = { registry: "registry.example.com", repository: "team/mailer", tag: "1" };
  const declared = applicationOf({ workers: { mailer: { image, container: { pullSecrets: [{ setting: "login" }] } } } });
  const of = (login: string, from?: "file") =>
    readPlan({ ...stack, "mesh:secrets": JSON.stringify({ login }) }, from, declared).problems;
  expect(of('{"auths":{"registry.example.com":{"auth":"dTpw"}}}')).toEqual([]);
  expect(of(sealed, "file")).toEqual([]);
  for (const wrong of ["u:p", "{}", "null", "[]", '{"auths":[]}', '{"auths":"x"}']) {
    expect(of(wrong)).toEqual([
      "apps: team/mailer container.pullSecrets is refused; allowed: what docker login writes, JSON with auths, in mesh:secrets.login",
    ]);
  }
});

describe("a fault", () => {
  const cart = { cookie: "cart", ttl: "none" };
  const rules = { match: [{ query: { beta: "1" }, version: "v1" }], affinity: cart, mirror: { version: "v2" } };
  const versions = { v1: {}, v2: { image: { tag: "2" }, weight: 0 } };
  const orders = { ...applicationOf({})[0]?.services?.orders, versions };
  const other = { ...orders, rules: { ...rules, fault: { delay: "1s", until: "2027-06-30T12:00Z" } } };

  /** What is planned at a moment, of two services that have a fault. */
  function plannedAt(now: string, fault: object = { abort: 503, until: "2027-01-31" }) {
    const declared = applicationOf({ services: { orders: { ...orders, rules: { ...rules, fault } }, other } });
    const { applications, notices, problems } = readPlan(stack, "pulumi", declared, Date.parse(now));
    return { services: applications[0]?.services ?? [], notices, problems };
  }

  test("that is in force is told of, with its end", () => {
    for (const now of ["2026-12-01T00:00Z", "2027-01-31T23:59:59.999Z"]) {
      const { services, notices, problems } = plannedAt(now);
      expect(problems).toEqual([]);
      expect(notices).toEqual([
        "team/orders rules.fault is in force until 2027-01-31",
        "team/other rules.fault is in force until 2027-06-30T12:00Z",
      ]);
      expect(services.map(({ rules }) => rules?.fault)).toMatchObject([{ abort: 503, percent: 100 }, { delay: "1s" }]);
    }
  });

  test("that has ended is left out, which is told, and all else stays", () => {
    const before = plannedAt("2027-01-31T12:00Z").services;
    for (const now of ["2027-02-01T00:00Z", "2027-03-01T00:00Z"]) {
      const { services, notices } = plannedAt(now);
      expect(notices).toEqual([
        "team/orders rules.fault has ended (2027-01-31) and is left out",
        "team/other rules.fault is in force until 2027-06-30T12:00Z",
      ]);
      const [ended, lasting] = services;
      expect(ended).toEqual({ ...before[0], rules: { ...rules, mirror: { version: "v2", percent: 100 } } });
      expect(ended?.rules).not.toHaveProperty("fault");
      expect(lasting).toEqual(before[1]);
    }
  });

  test("ends at its moment, where it has one", () => {
    const { services, notices } = plannedAt("2027-06-30T12:00Z");
    expect(notices.map((notice) => notice.split(" (")[0])).toEqual([
      "team/orders rules.fault has ended",
      "team/other rules.fault has ended",
    ]);
    for (const { rules } of services) expect(rules).not.toHaveProperty("fault");
  });

  test("that has ended is still judged: it may be declared again", () => {
    expect(plannedAt("2030-01-01T00:00Z", { until: "2027-01-31" }).problems).toEqual([
      'apps: team/orders rules.fault is {"until":"2027-01-31"}; allowed: delay, abort or both',
    ]);
  });

  test("is judged by the time there is, unless another one is said", () => {
    const of = (until: string) =>
      readPlan(stack, "pulumi", applicationOf({ services: { orders: { ...orders, rules: { fault: { abort: 503, until } } } } }));
    expect(of("9999-12-31").applications[0]?.services[0]?.rules).toHaveProperty("fault");
    const { applications, notices } = of("2020-01-31");
    expect(applications[0]?.services[0]?.rules).toEqual({ match: [] });
    expect(notices).toEqual(["team/orders rules.fault has ended (2020-01-31) and is left out"]);
  });

  test("is told of nowhere where there is none", () => {
    const declared = applicationOf({ services: { orders: { ...orders, rules } } });
    expect(readPlan(stack, "pulumi", declared).notices).toEqual([]);
  });
});
