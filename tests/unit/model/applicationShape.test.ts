import { expect, test } from "vitest";
import type { ApplicationDeclaration } from "../../../model/application.ts";
import { checkApplications } from "../../../model/checks/check.ts";
import { defaultResilience } from "../../../model/resilience.ts";
import { declared, factsOf, httpPort, service, shop } from "../../lib/shop.ts";

/*
 * Applications as JavaScript sees them: what the compiler would say is said by the program as well, before anything is registered.
 */

/** A shop with a further key at a path, or another value there. */
function shopWith(path: readonly (string | number)[], value: unknown): ApplicationDeclaration[] {
  const changed = structuredClone(declared(shop())) as unknown;
  const last = path.at(-1) ?? "";
  const holder = path
    .slice(0, -1)
    .reduce((from, step) => (from as Record<string | number, object>)[step] ?? {}, changed as object);
  (holder as Record<string | number, unknown>)[last] = value;
  return changed as ApplicationDeclaration[];
}

const frontend = [0, "services", "frontend"] as const;
const problems = (path: readonly (string | number)[], value: unknown) =>
  checkApplications(shopWith(path, value), { gateways: factsOf("istio") }).problems;

test.each<[string, readonly (string | number)[], string]>([
  [
    "an application",
    [0, "servces"],
    "namespace prod servces is not a key; allowed: namespace, external, services, workers, jobs, databases, loadGenerators",
  ],
  [
    "a service",
    [...frontend, "protocol"],
    "prod/frontend protocol is not a key; allowed: image, command, args, container, initContainers, resources, env, calls, egress, ports, probes, replicas, versions, canary, resilience, rules, storage, exposed",
  ],
  [
    "its image",
    [...frontend, "image", "name"],
    "prod/frontend image.name is not a key; allowed: registry, repository, tag, digest, source",
  ],
  ["a probe", [...frontend, "probes", "live"], "prod/frontend probes.live is not a key; allowed: ready, health, startWithin"],
  [
    "a version",
    [...frontend, "versions", "v1", "replica"],
    "prod/frontend versions.v1.replica is not a key; allowed: image, command, args, env, resources, weight, replicas",
  ],
  [
    "a call",
    [...frontend, "calls", 0, "method"],
    "prod/frontend calls[0].method is not a key; allowed: to, port, methods, paths",
  ],
  [
    "what is exposed",
    [...frontend, "exposed", "page", "host"],
    "prod/frontend exposed.page.host is not a key; allowed: port, hosts, path, exact, methods, versioned, rewrite, redirect, timeout, stream, gateways, policies",
  ],
  [
    "a canary",
    [1, "services", "product", "canary", "weight"],
    "product/product canary.weight is not a key; allowed: header, value, version",
  ],
  [
    "a database",
    [0, "databases", "database", "port"],
    "prod/database port is not a key; allowed: image, database, user, storage",
  ],
  ["a load", [2, "loadGenerators", "generator", "rate"], "load/generator rate is not a key; allowed: image, calls, qps, url"],
])("a key that nobody knows of %s is refused by its place, with those that are known", (_what, path, sentence) => {
  expect(problems(path, "x")).toEqual([`apps: ${sentence}`]);
});

test("so it is further in, where keys have keys", () => {
  expect(
    problems([...frontend, "exposed", "page", "policies"], { rateLimit: { requests: 1, per: "second", burst: 2 }, waf: true }),
  ).toEqual([
    "apps: prod/frontend exposed.page.policies.rateLimit.burst is not a key; allowed: requests, per, by",
    expect.stringMatching(/^apps: prod\/frontend exposed\.page\.policies\.waf is not a key; allowed: rateLimit, jwt, cors, /),
  ]);
  const resilience = { ...defaultResilience, retries: { ...defaultResilience.retries, backoff: "1s" } };
  expect(problems([...frontend, "resilience"], resilience)).toEqual([
    "apps: prod/frontend resilience.retries.backoff is not a key; allowed: attempts, perTryTimeout, on, grpcOn, maxBodyBytes",
  ]);
  expect(problems([...frontend, "resources"], { limit: { cpu: "1" } })).toEqual([
    "apps: prod/frontend resources.limit is not a key; allowed: limits, requests",
  ]);
});

test.each<[string, readonly (string | number)[], unknown, string]>([
  [
    "a port as text",
    [...frontend, "ports", "http", "port"],
    "80",
    'prod/frontend ports.http.port is "80"; allowed: a whole number from 1 to 65535',
  ],
  [
    "a port that is none",
    [...frontend, "ports", "http"],
    80,
    "prod/frontend ports.http is 80; allowed: a mapping with port, target, protocol, idempotent",
  ],
  ["no ports", [...frontend, "ports"], undefined, "prod/frontend ports is not given; allowed: a mapping of names to ports"],
  [
    "no probes",
    [...frontend, "probes"],
    undefined,
    "prod/frontend probes.ready is not given; allowed: a path, none, or a mapping with http, tcp, grpc or exec, as the first port is of HTTP",
  ],
  [
    "probes as text",
    [...frontend, "probes"],
    "/ready",
    'prod/frontend probes is "/ready"; allowed: a mapping with ready, health, startWithin',
  ],
  [
    "a call as text",
    [...frontend, "calls"],
    ["backend"],
    'prod/frontend calls[0] is "backend"; allowed: a mapping with to, port, methods, paths',
  ],
  [
    "a variable as a number",
    [...frontend, "env"],
    { LIMIT: 3 },
    "prod/frontend env.LIMIT is refused; allowed: text, or a mapping with secret and key, configMap and key, setting, or field",
  ],
  [
    "memory in a unit that nobody knows",
    [...frontend, "resources"],
    { limits: { memory: "64MB" } },
    'prod/frontend resources.limits.memory is "64MB"; allowed: a quantity such as 250m or 128Mi, as text',
  ],
  ["services as a list", [0, "services"], [], "namespace prod services is []; allowed: a mapping of names to services"],
  [
    "parts of a millisecond",
    [...frontend, "resilience"],
    { ...defaultResilience, pool: { ...defaultResilience.pool, connectTimeout: "1.5ms" } },
    'prod/frontend resilience.pool.connectTimeout is "1.5ms"; allowed: a duration from 1ms to 1440m in whole milliseconds, such as 250ms, 1.5s or 1m',
  ],
  [
    "a limit of nothing",
    [...frontend, "exposed", "page", "policies"],
    { maxBodyBytes: 0 },
    "prod/frontend exposed.page.policies.maxBodyBytes is 0; allowed: a whole number from 1 to",
  ],
])("%s is refused by its place", (_what, path, value, sentence) => {
  expect(problems(path, value)).toEqual([expect.stringContaining(`apps: ${sentence}`)]);
});

test("keys that nobody knows are told together with everything else", () => {
  const wrong = service("a", { ports: [httpPort(80, 15_001)] });
  const applications = declared([{ namespace: "alone", services: [{ ...wrong, protocol: "grpc" } as typeof wrong] }]);
  const found = checkApplications(applications, { gateways: [] }).problems.join("\n");
  expect(found).toMatch(/apps: alone\/a ports\.http\.target is 15001; allowed: .*/);
  expect(found).toMatch(/apps: alone\/a protocol is not a key; allowed: image, .*/);
});

test("of a key of tokens that is refused, no half is printed", () => {
  const keys = [{ kty: "EC", crv: "P-256", x: "a", y: "b", d: "private-half" }];
  const found = problems([...frontend, "exposed", "page", "policies"], { jwt: { issuer: "i", keys } });
  expect(found.join()).toContain("exposed.page.policies.jwt.keys[0] is refused");
  expect(found.join()).not.toContain("private-half");
});
