import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { type Config, ConfigError, parseConfig } from "../../../config.ts";

const least = { "mesh:target": "kind", "mesh:sources": "built" };

/** The problems of a configuration, given as Pulumi gives it: structured values as JSON. */
function problems(changes: Record<string, unknown>): readonly string[] {
  try {
    parse(changes);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

function parse(changes: Record<string, unknown> = {}): Config {
  const entries = Object.entries({ ...least, ...changes }).map(([key, value]) => [
    key,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  return parseConfig(Object.fromEntries(entries), "local");
}

describe("what is not given has the defaults of the requirements", () => {
  test("cluster, mesh and copies", () => {
    expect(parse()).toMatchObject({
      cluster: { name: "mesh-demo", workers: 2, ports: { http: 80, https: 443, istio: 8080 } },
      istio: { tags: [], accessLogs: false },
      product: { versions: [{ name: "v1", weight: 100, replicas: 3 }], canary: { header: "x-canary", version: "v1" } },
    });
  });

  test("resilience", () => {
    expect(parse().product.resilience).toEqual({
      timeout: "5s",
      retries: { attempts: 3, perTryTimeout: "1200ms", on: "connect-failure,refused-stream,reset,5xx" },
      pool: { maxConnections: 100, maxPendingRequests: 1024, maxRequestsPerConnection: 10 },
      ejection: { consecutive5xx: 5, interval: "30s", time: "30s", maxPercent: 50 },
      balancing: "ROUND_ROBIN",
    });
  });

  test("one version may leave its weight out and takes the rest; the last is the canary", () => {
    const { versions, canary } = parse({
      "mesh:product": { replicas: 2, versions: [{ name: "v1" }, { name: "v2", weight: 10, replicas: 1 }] },
    }).product;
    expect(versions).toEqual([
      { name: "v1", weight: 90, replicas: 2 },
      { name: "v2", weight: 10, replicas: 1 },
    ]);
    expect(canary.version).toBe("v2");
  });

  test("keys of others are theirs to judge", () => {
    expect(problems({ "pulumi:disable-default-providers": '["kubernetes"]', "aws:region": "nowhere" })).toEqual([]);
  });
});

describe("refusals name the key, what was given, and what is allowed", () => {
  const product = (settings: Record<string, unknown>) => ({ "mesh:product": settings });
  const cluster = (settings: Record<string, unknown>) => ({ "mesh:cluster": settings });
  const v = (name: string, weight?: number) => ({ name, ...(weight === undefined ? {} : { weight }) });

  test.each<[string, Record<string, unknown>, string]>([
    [
      "an unknown key",
      { "mesh:porduct": "{}" },
      "mesh:porduct is not a setting; allowed: target, sources, cluster, istio, product",
    ],
    ["an unknown key further in", cluster({ nodes: 3 }), "mesh:cluster.nodes is not a setting; allowed: name, workers, ports"],
    ["an unknown target", { "mesh:target": "gke" }, 'mesh:target is "gke"; allowed: one of kind, eks, existing'],
    ["a target that is not there yet", { "mesh:target": "eks" }, 'mesh:target is "eks"; allowed: kind; this version'],
    ["unknown sources", { "mesh:sources": "found" }, 'mesh:sources is "found"; allowed: one of built, published'],
    [
      "a number where a mapping belongs",
      { "mesh:cluster": "3" },
      'mesh:cluster is "3"; allowed: a mapping with name, workers, ports',
    ],
    ["broken JSON", { "mesh:cluster": "{name" }, 'mesh:cluster is "{name"; allowed: a mapping'],
    ["an upper-case cluster name", cluster({ name: "Mesh" }), 'mesh:cluster.name is "Mesh"; allowed: lower-case letters'],
    ["a cluster name that is too long", cluster({ name: "m".repeat(50) }), "at most 49 long"],
    ["a cluster name of a hyphen too many", cluster({ name: "mesh-" }), 'mesh:cluster.name is "mesh-"'],
    ["no workers", cluster({ workers: 0 }), "mesh:cluster.workers is 0; allowed: a whole number from 1 to 9"],
    ["half a worker", cluster({ workers: 1.5 }), "mesh:cluster.workers is 1.5; allowed: a whole number"],
    [
      "a port out of range",
      cluster({ ports: { istio: 70000 } }),
      "mesh:cluster.ports.istio is 70000; allowed: a whole number from 1 to 65535",
    ],
    ["port 0", cluster({ ports: { http: 0 } }), "mesh:cluster.ports.http is 0"],
    [
      "one port twice",
      cluster({ ports: { https: 80 } }),
      "mesh:cluster.ports.https is 80; allowed: a port that no other key has; http has it",
    ],
    [
      "a port that a default has",
      cluster({ ports: { http: 8080 } }),
      "mesh:cluster.ports.istio is 8080; allowed: a port that no other key has; http",
    ],
    ["a wrong revision", { "mesh:istio": { revision: "1.30" } }, 'mesh:istio.revision is "1.30"; allowed: lower-case letters'],
    [
      "tags that stand for nothing",
      { "mesh:istio": { tags: ["stable"] } },
      'mesh:istio.tags is ["stable"]; allowed: no tags without mesh:istio.revision',
    ],
    [
      "access logs that are neither on nor off",
      { "mesh:istio": { accessLogs: "yes" } },
      'mesh:istio.accessLogs is "yes"; allowed: true or false',
    ],
    ["no copies", product({ replicas: 0 }), "mesh:product.replicas is 0; allowed: a whole number from 1 to 50"],
    ["copies in words", product({ replicas: "many" }), 'mesh:product.replicas is "many"; allowed: a whole number'],
    ["no versions", product({ versions: [] }), "mesh:product.versions is []; allowed: at least one version"],
    ["a version without a name", product({ versions: [{}] }), "mesh:product.versions[0].name is not given; allowed: lower-case"],
    [
      "a version twice",
      product({ versions: [v("v1", 50), v("v1", 50)] }),
      'mesh:product.versions[1].name is "v1"; allowed: a name that no other',
    ],
    ["weights that do not sum", product({ versions: [v("v1", 80), v("v2", 10)] }), "allowed: weights that sum to 100, not 90"],
    [
      "weights beyond 100 beside an open one",
      product({ versions: [v("v1"), v("v2", 60), v("v3", 50)] }),
      "weights that sum to 100, not 110",
    ],
    ["two open weights", product({ versions: [v("v1"), v("v2")] }), "at most one version without a weight"],
    [
      "a weight below nothing",
      product({ versions: [v("v1", -1)] }),
      "mesh:product.versions[0].weight is -1; allowed: a whole number from 0",
    ],
    [
      "a canary that does not exist",
      product({ canary: { version: "v9" } }),
      'mesh:product.canary.version is "v9"; allowed: one of the versions v1',
    ],
    [
      "a header that is none",
      product({ canary: { header: "X Canary" } }),
      'mesh:product.canary.header is "X Canary"; allowed: the name of a header',
    ],
    [
      "a duration without a unit",
      product({ resilience: { timeout: "5" } }),
      'mesh:product.resilience.timeout is "5"; allowed: a duration above zero',
    ],
    [
      "no time at all",
      product({ resilience: { ejection: { time: "0s" } } }),
      'resilience.ejection.time is "0s"; allowed: a duration above zero',
    ],
    [
      "tries that do not fit into the timeout",
      product({ resilience: { timeout: "5s", retries: { attempts: 3, perTryTimeout: "2s" } } }),
      'mesh:product.resilience.timeout is "5s"; allowed: at least 8s, which 4 tries of 2s take',
    ],
    [
      "tries that do not fit into the timeout by default",
      product({ resilience: { retries: { attempts: 9 } } }),
      'mesh:product.resilience.timeout is "5s"; allowed: at least 12s, which 10 tries of 1200ms take',
    ],
    [
      "an ejection that never ejects",
      product({ resilience: { ejection: { maxPercent: 10 } } }),
      "mesh:product.resilience.ejection.maxPercent is 10; allowed: at least 34, or none of 3 pods is ever ejected",
    ],
    [
      "unknown balancing",
      product({ resilience: { balancing: "LUCK" } }),
      'balancing is "LUCK"; allowed: one of ROUND_ROBIN, LEAST_REQUEST, RANDOM',
    ],
    [
      "an unbounded pool",
      product({ resilience: { pool: { maxConnections: 0 } } }),
      "pool.maxConnections is 0; allowed: a whole number from 1",
    ],
  ])("%s", (_what, changes, sentence) => {
    expect(problems(changes)).toEqual([expect.stringContaining(sentence)]);
  });

  test("sources must be given: built and published differ too much to guess", () => {
    expect(() => parseConfig({ "mesh:target": "kind" }, "mine")).toThrow(
      /Pulumi\.mine\.yaml.*\n.*mesh:sources is not given; allowed: one of built, published/,
    );
  });

  test("all problems of a file at once, one line each", () => {
    const found = problems({
      "mesh:sources": "found",
      "mesh:what": "1",
      ...cluster({ name: "A", ports: { istio: 0, https: 80 } }),
      ...product({ replicas: 0 }),
    });
    expect(found.map((problem) => problem.split(" ")[0])).toEqual([
      "mesh:sources",
      "mesh:cluster.name",
      "mesh:cluster.ports.istio",
      "mesh:cluster.ports.https",
      "mesh:product.replicas",
      "mesh:what",
    ]);
  });
});

describe("for any versions", () => {
  const weights = fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 1, maxLength: 5 });
  const versionsOf = (given: number[]) => given.map((weight, index) => ({ name: `v${index + 1}`, weight }));

  test("accepted exactly when they sum to 100", () => {
    fc.assert(
      fc.property(weights, (given) => {
        const sum = given.reduce((total, weight) => total + weight, 0);
        expect(problems({ "mesh:product": { versions: versionsOf(given) } })).toHaveLength(sum === 100 ? 0 : 1);
      }),
    );
  });

  test("with the first one's left out, they sum to 100 whenever the others leave something", () => {
    fc.assert(
      fc.property(weights, (given) => {
        const versions = [{ name: "v0" }, ...versionsOf(given)];
        if (problems({ "mesh:product": { versions } }).length > 0)
          return given.reduce((total, weight) => total + weight, 0) > 100;
        const filled = parse({ "mesh:product": { versions } }).product.versions;
        return filled.reduce((total, { weight }) => total + weight, 0) === 100 && filled.every(({ weight }) => weight >= 0);
      }),
    );
  });

  test("no text, number or structure for any key ends in anything but a configuration or its problems", () => {
    fc.assert(
      fc.property(fc.constantFrom("target", "sources", "cluster", "istio", "product"), fc.jsonValue(), (key, value) => {
        for (const problem of problems({ [`mesh:${key}`]: value })) expect(problem).toMatch(/^mesh:.+ (is|is not a setting; )/);
      }),
    );
  });
});
