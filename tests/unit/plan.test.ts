import { statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
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
