import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Traffic, type TrafficArgs } from "../../../../components/app/Traffic.ts";
import type { Port } from "../../../../model/ports.ts";
import { defaultResilience, resilience } from "../../../../model/resilience.ts";
import { at, type Recording, record } from "../../../lib/mocks.ts";
import { httpPort } from "../../../lib/shop.ts";

const istio = "kubernetes:networking.istio.io/v1";
const host = "shop.stores.svc.cluster.local";
const two: TrafficArgs = {
  service: "shop",
  namespace: "stores",
  ports: [httpPort(8080)],
  versions: [
    { name: "v1", weight: 90 },
    { name: "v2", weight: 10 },
  ],
  canary: { header: "x-canary", version: "v2" },
};

const grpc: Port = { name: "rpc", protocol: "grpc", port: 50051, target: 9090 };
const tcp: Port = { name: "raw", protocol: "tcp", port: 5000, target: 5001 };
const tls: Port = { name: "secure", protocol: "tls", port: 443, target: 8443 };

interface Match {
  readonly port?: number;
  readonly headers?: Record<string, unknown>;
  readonly method?: { readonly regex: string };
  readonly uri?: { readonly exact?: string; readonly prefix?: string };
}

interface Destination {
  readonly host: string;
  readonly subset: string;
  readonly port: { readonly number: number };
}

interface Rule {
  readonly name: string;
  readonly match?: readonly Match[];
  readonly route: readonly { destination: Destination; weight: number }[];
  readonly retries: Record<string, unknown>;
  readonly timeout?: string;
  readonly rewrite?: { uriRegexRewrite: { match: string; rewrite: string } };
}

function recordTraffic(args: TrafficArgs): Promise<Recording> {
  return record(() => new Traffic("shop", args));
}

function rulesOf(recording: Recording, name = "shop-routes"): readonly Rule[] {
  return at<Rule[]>(recording.inputs(`${istio}:VirtualService`, name), "spec.http");
}

/** Where a rule sends the share of a version, on a port of the Service. */
const to = (subset: string, weight: number, number = 8080) => ({ destination: { host, subset, port: { number } }, weight });

/** The rule that a request meets first, as Envoy reads them. */
function ruleFor(rules: readonly Rule[], method: string, canary: boolean): Rule | undefined {
  const meets = ({ match = [{}] }: Rule) =>
    match.some((one) => (!one.headers || canary) && (!one.method || new RegExp(`^(${one.method.regex})$`).test(method)));
  return rules.find(meets);
}

describe("a canary", () => {
  test("gets every request with its header, and its weight of the others", async () => {
    const rules = rulesOf(await recordTraffic(two));
    for (const method of ["GET", "POST"]) {
      expect(ruleFor(rules, method, true)?.route).toEqual([to("v2", 100)]);
      expect(ruleFor(rules, method, false)?.route).toEqual([to("v1", 90), to("v2", 10)]);
    }
    expect(rules[0]?.match?.[0]?.headers).toEqual({ "x-canary": { exact: "true" } });
  });

  test("without one no header matters", async () => {
    const { canary: _, ...without } = two;
    const rules = rulesOf(await recordTraffic(without));
    expect(rules.map(({ name }) => name)).toEqual(["weighted-repeatable", "weighted"]);
    expect(JSON.stringify(rules)).not.toContain("headers");
  });
});

describe("retries", () => {
  test("keep as much of a body as they may send again, in every caller's proxy", async () => {
    const filter = "kubernetes:networking.istio.io/v1alpha3:EnvoyFilter";
    const retries = { ...defaultResilience.retries, maxBodyBytes: 5_000_000 };
    const { inputs } = await recordTraffic({ ...two, resilience: { ...defaultResilience, retries } });
    expect(inputs(filter, "shop-retried-bodies")).toMatchObject({
      metadata: { name: "retried-bodies-stores-shop", namespace: "istio-system" },
      spec: {
        configPatches: [
          {
            applyTo: "VIRTUAL_HOST",
            match: { context: "SIDECAR_OUTBOUND", routeConfiguration: { vhost: { domainName: host } } },
            patch: { operation: "MERGE", value: { request_body_buffer_limit: 5_000_000 } },
          },
        ],
      },
    });
    expect((await recordTraffic(two)).all(filter)).toEqual([]);
  });

  test.each(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])("%s is tried again on failures that are named", async (method) => {
    expect(ruleFor(rulesOf(await recordTraffic(two)), method, false)?.retries).toEqual({
      attempts: 3,
      perTryTimeout: "1.2s",
      retryOn: "connect-failure,refused-stream,reset,5xx",
    });
  });

  test.each(["POST", "PATCH"])("%s is not: it may have been done already", async (method) => {
    const rules = rulesOf(await recordTraffic(two));
    // Named outright, as without a word Istio retries twice by itself.
    expect(ruleFor(rules, method, false)?.retries).toEqual({ attempts: 0 });
    expect(ruleFor(rules, method, true)?.retries).toEqual({ attempts: 0 });
  });

  test("none at all when there are to be none", async () => {
    const untried = { ...defaultResilience, retries: { ...defaultResilience.retries, attempts: 0 } };
    for (const { retries } of rulesOf(await recordTraffic({ ...two, resilience: untried })))
      expect(retries).toEqual({ attempts: 0 });
  });

  test("every request ends in time", async () => {
    for (const { timeout } of rulesOf(await recordTraffic(two))) expect(timeout).toBe("5s");
  });
});

test("a connection is closed after as many requests as a service says; by default after any number", async () => {
  const cap = async (args: TrafficArgs) => {
    const { inputs } = await recordTraffic(args);
    const path = "spec.trafficPolicy.connectionPool.http.maxRequestsPerConnection";
    return at<number | undefined>(inputs(`${istio}:DestinationRule`, "shop-subsets"), path);
  };
  expect(await cap(two)).toBeUndefined();
  expect(await cap({ ...two, resilience: resilience.parse({ pool: { maxRequestsPerConnection: 10 } }) })).toBe(10);
});

test("the breaker, the ejection and the balancing of the requirements", async () => {
  const recording = await recordTraffic(two);
  expect(recording.inputs(`${istio}:DestinationRule`, "shop-subsets")).toMatchObject({
    metadata: { name: "shop", namespace: "stores" },
    spec: {
      host,
      trafficPolicy: {
        loadBalancer: { simple: "ROUND_ROBIN" },
        connectionPool: {
          tcp: { maxConnections: 100, connectTimeout: "1s" },
          http: { http1MaxPendingRequests: 1024 },
        },
        outlierDetection: { consecutive5xxErrors: 5, interval: "30s", baseEjectionTime: "30s", maxEjectionPercent: 50 },
      },
      subsets: [
        { name: "v1", labels: { version: "v1" } },
        { name: "v2", labels: { version: "v2" } },
      ],
    },
  });
  // Encryption between sidecars is the mesh's business; a policy here would only be a way to switch it off.
  expect(JSON.stringify(recording.inputs(`${istio}:DestinationRule`, "shop-subsets"))).not.toContain("tls");
});

test("without an end, a request is not cut off, and neither is one try of it", async () => {
  const endless = { ...two, ports: [{ ...grpc, idempotent: true }], resilience: resilience.parse({ timeout: "none" }) };
  const rules = rulesOf(await recordTraffic(endless));
  expect(rules).toHaveLength(2);
  for (const { timeout, retries } of rules) {
    expect(timeout ?? "0s").toBe("0s");
    expect(retries).toMatchObject({ attempts: 3 });
    expect(retries).not.toHaveProperty("perTryTimeout");
  }
  const http = rulesOf(await recordTraffic({ ...endless, ports: [httpPort(8080)] }));
  for (const { timeout } of http) expect(timeout ?? "0s").toBe("0s");
});

test("where one connection carries many requests, it is the requests that are bounded", async () => {
  const boundOf = async (...ports: Port[]) => {
    const { inputs } = await recordTraffic({ ...two, ports, resilience: resilience.parse({ pool: { maxRequests: 77 } }) });
    return at<Record<string, number>>(
      inputs(`${istio}:DestinationRule`, "shop-subsets"),
      "spec.trafficPolicy.connectionPool.http",
    );
  };
  expect(await boundOf(grpc)).toMatchObject({ http2MaxRequests: 77, http1MaxPendingRequests: 1024 });
  expect(await boundOf({ ...httpPort(80), protocol: "http2" })).toMatchObject({ http2MaxRequests: 77 });
  expect(await boundOf(tcp, grpc)).toMatchObject({ http2MaxRequests: 77 });
  for (const port of [httpPort(80), tcp, tls]) expect(await boundOf(port)).not.toHaveProperty("http2MaxRequests");
});

describe("a port of gRPC", () => {
  const called = (port: Port, more: Partial<TrafficArgs> = {}) => recordTraffic({ ...two, ports: [port], ...more });

  test("has one rule for each match, as all its requests are alike", async () => {
    const rules = rulesOf(await called(grpc));
    expect(rules.map(({ name }) => name)).toEqual(["canary", "weighted"]);
    expect(rules[0]?.match).toEqual([{ headers: { "x-canary": { exact: "true" } } }]);
    expect(rules[0]?.route).toEqual([to("v2", 100, 50051)]);
    expect(rules[1]).not.toHaveProperty("match");
    expect(rules[1]?.route).toEqual([to("v1", 90, 50051), to("v2", 10, 50051)]);
    for (const { timeout } of rules) expect(timeout).toBe("5s");
  });

  test("tries nothing again: every call is a POST, of which nobody knows whether it was done", async () => {
    for (const port of [grpc, { ...grpc, idempotent: false }])
      for (const { retries } of rulesOf(await called(port))) expect(retries).toEqual({ attempts: 0 });
  });

  test("tries all again on the failures of gRPC, where it says that all may be", async () => {
    for (const { retries } of rulesOf(await called({ ...grpc, idempotent: true }))) {
      expect(retries).toEqual({
        attempts: 3,
        perTryTimeout: "1.2s",
        retryOn: "connect-failure,refused-stream,reset,unavailable,resource-exhausted",
      });
    }
    const own = resilience.parse({ retries: { attempts: 1, grpcOn: "cancelled" } });
    for (const { retries } of rulesOf(await called({ ...grpc, idempotent: true }, { resilience: own })))
      expect(retries).toMatchObject({ attempts: 1, retryOn: "cancelled" });
    const none = resilience.parse({ retries: { attempts: 0 } });
    for (const { retries } of rulesOf(await called({ ...grpc, idempotent: true }, { resilience: none })))
      expect(retries).toEqual({ attempts: 0 });
  });

  test("has the same rules for gateways", async () => {
    const recording = await called(grpc, { exposed: { path: "/shop.Catalog" } });
    expect(rulesOf(recording, "shop-delegate")).toEqual(rulesOf(recording));
  });
});

describe.each([tcp, tls])("a port of $protocol", (port) => {
  const spec = async (more: Partial<TrafficArgs> = {}) => {
    const { inputs } = await recordTraffic({ ...two, ports: [port], ...more });
    return at<{ http?: unknown; tcp?: unknown; tls?: unknown }>(inputs(`${istio}:VirtualService`, "shop-routes"), "spec");
  };

  test("splits connections by weight, and no proxy sees a request", async () => {
    expect(await spec()).toEqual({
      hosts: [host],
      gateways: ["mesh"],
      tcp: [{ match: [{ port: port.port }], route: [to("v1", 90, port.port), to("v2", 10, port.port)] }],
    });
  });

  test("is nothing for gateways, so that there is no delegate", async () => {
    const { all } = await recordTraffic({ ...two, ports: [port], exposed: { path: "/shop" } });
    expect(all(`${istio}:VirtualService`).map(({ name }) => name)).toEqual(["shop-routes"]);
  });

  test("is bounded and ejects as any other", async () => {
    const { inputs } = await recordTraffic({ ...two, ports: [port] });
    expect(inputs(`${istio}:DestinationRule`, "shop-subsets")).toMatchObject({
      spec: {
        trafficPolicy: {
          connectionPool: { tcp: { maxConnections: 100, connectTimeout: "1s" } },
          outlierDetection: { baseEjectionTime: "30s" },
        },
        subsets: [{ name: "v1" }, { name: "v2" }],
      },
    });
  });
});

describe("several ports", () => {
  const several: TrafficArgs = { ...two, ports: [httpPort(80, 8080), { ...grpc, idempotent: true }, tcp, tls] };

  test("have rules of their own, under names of their own, which hold on that port alone", async () => {
    const recording = await recordTraffic(several);
    const rules = rulesOf(recording);
    expect(rules.map(({ name }) => name)).toEqual([
      "http-canary-repeatable",
      "http-canary",
      "http-weighted-repeatable",
      "http-weighted",
      "rpc-canary",
      "rpc-weighted",
    ]);
    for (const { name, match = [], route } of rules) {
      const port = name.startsWith("http-") ? 80 : 50051;
      expect(match.length).toBeGreaterThan(0);
      for (const one of match) expect(one.port).toBe(port);
      for (const { destination } of route) expect(destination.port.number).toBe(port);
    }
    expect(rules.at(-1)?.match).toEqual([{ port: 50051 }]);
    expect(at(recording.inputs(`${istio}:VirtualService`, "shop-routes"), "spec.tcp")).toEqual([
      { match: [{ port: 5000 }], route: [to("v1", 90, 5000), to("v2", 10, 5000)] },
      { match: [{ port: 443 }], route: [to("v1", 90, 443), to("v2", 10, 443)] },
    ]);
  });

  test("each keep what their own match says beside the port", async () => {
    const rules = rulesOf(
      await recordTraffic({ ...several, exposed: { port: "http", path: "/shop", versioned: "/{version}/shop" } }),
    );
    const byName = new Map(rules.map(({ name, match }) => [name, match]));
    expect(byName.get("http-version-v1")).toEqual([
      { uri: { exact: "/v1/shop" }, port: 80 },
      { uri: { prefix: "/v1/shop/" }, port: 80 },
    ]);
    expect(byName.get("rpc-canary")).toEqual([{ headers: { "x-canary": { exact: "true" } }, port: 50051 }]);
  });

  test("with a single one, no rule asks for it: there is nothing to tell apart", async () => {
    expect(JSON.stringify(rulesOf(await recordTraffic(two)).map(({ match }) => match))).not.toContain("port");
  });

  test.each([
    ["http", 80, ["canary-repeatable", "canary", "weighted-repeatable", "weighted"]],
    ["rpc", 50051, ["canary", "weighted"]],
  ])("of which gateways are offered %s: its rules alone, whichever port of a gateway is asked", async (port, number, names) => {
    const recording = await recordTraffic({ ...several, exposed: { port, path: "/shop" } });
    const rules = rulesOf(recording, "shop-delegate");
    expect(rules.map(({ name }) => name)).toEqual(names);
    expect(JSON.stringify(rules.map(({ match }) => match))).not.toContain("port");
    for (const { route } of rules) for (const { destination } of route) expect(destination.port.number).toBe(number);
  });
});

describe("where the rules apply", () => {
  test("in the mesh alone, unless the service is exposed", async () => {
    const { all, inputs } = await recordTraffic(two);
    expect(inputs(`${istio}:VirtualService`, "shop-routes")).toMatchObject({ spec: { hosts: [host], gateways: ["mesh"] } });
    expect(all(`${istio}:VirtualService`)).toHaveLength(1);
  });

  test("the delegate for gateways has the same rules and, as a delegate must, neither hosts nor gateways", async () => {
    const recording = await recordTraffic({ ...two, exposed: { path: "/shop" } });
    const spec = at<object>(recording.inputs(`${istio}:VirtualService`, "shop-delegate"), "spec");
    expect(Object.keys(spec)).toEqual(["http"]);
    expect(rulesOf(recording, "shop-delegate")).toEqual(rulesOf(recording));
  });

  test("no route is there before its subsets", async () => {
    const { waits } = await recordTraffic({ ...two, exposed: { path: "/shop" } });
    for (const name of ["shop-routes", "shop-delegate"]) {
      expect(waits([`${istio}:VirtualService`, name], [`${istio}:DestinationRule`, "shop-subsets"])).toBe(true);
    }
    expect(waits([`${istio}:VirtualService`, "shop-routes"], [`${istio}:VirtualService`, "shop-delegate"])).toBe(false);
  });
});

describe("a version asked for by its path", () => {
  const exposed = { path: "/api/shop", versioned: "/api/{version}/shop" };

  /** What Envoy makes of a path: the first rule that takes it, and the path that the service sees. */
  function taken(rules: readonly Rule[], path: string) {
    const takes = ({ uri }: Match) => !uri || uri.exact === path || (uri.prefix !== undefined && path.startsWith(uri.prefix));
    const rule = rules.find(({ match = [{}] }) => match.some(takes));
    const { match = "$^", rewrite = "" } = rule?.rewrite?.uriRegexRewrite ?? {};
    return { versions: rule?.route.map(({ destination }) => destination.subset), path: path.replace(new RegExp(match), rewrite) };
  }

  test.each([
    ["/api/v1/shop", ["v1"], "/api/shop"],
    ["/api/v2/shop", ["v2"], "/api/shop"],
    ["/api/v2/shop/7", ["v2"], "/api/shop/7"],
    ["/api/shop/7", ["v1", "v2"], "/api/shop/7"],
    ["/api/v2/shop-of-others", ["v1", "v2"], "/api/v2/shop-of-others"],
  ])("%s leads to %j as %s, for gateways and in the mesh", async (path, versions, seen) => {
    const recording = await recordTraffic({ ...two, canary: { header: "x-canary", version: "v2" }, exposed });
    for (const name of ["shop-routes", "shop-delegate"]) {
      const rules = rulesOf(recording, name).filter((rule) => !rule.name.startsWith("canary"));
      expect(taken(rules, path)).toEqual({ versions, path: seen });
    }
  });

  test("below everything, no slash is doubled", async () => {
    const rules = rulesOf(await recordTraffic({ ...two, exposed: { path: "/", versioned: "/{version}" } }));
    expect(taken(rules, "/v1").path).toBe("/");
    expect(taken(rules, "/v1/page").path).toBe("/page");
  });

  test("a path's own characters mean themselves", async () => {
    const rules = rulesOf(await recordTraffic({ ...two, exposed: { ...exposed, versioned: "/a.b+/{version}" } }));
    expect(rules[0]?.rewrite?.uriRegexRewrite.match).toBe("^/a\\.b\\+/v1");
  });

  test("nothing of it where no such path is declared", async () => {
    const rules = rulesOf(await recordTraffic({ ...two, exposed: { path: "/api/shop" } }));
    expect(JSON.stringify(rules)).not.toMatch(/uri|version-/);
  });
});

test("only gateways answer pages of other origins", async () => {
  const exposed = { path: "/shop", policies: { cors: { origins: ["https://example.com"] } } };
  const recording = await recordTraffic({ ...two, exposed });
  for (const rule of rulesOf(recording, "shop-delegate")) expect(rule).toHaveProperty("corsPolicy.allowOrigins");
  for (const rule of rulesOf(recording)) expect(rule).not.toHaveProperty("corsPolicy");
  // Caches keep the answers to one origin from another, where they differ.
  const vary = { response: { add: { vary: "Origin" } } };
  for (const rule of rulesOf(recording, "shop-delegate")) expect(rule).toHaveProperty("headers", vary);
  const toAll = await recordTraffic({ ...two, exposed: { path: "/shop", policies: { cors: { origins: ["*"] } } } });
  for (const rule of rulesOf(toAll, "shop-delegate")) expect(rule).not.toHaveProperty("headers");
});

describe("refused when it is declared", () => {
  test.each<[string, Partial<TrafficArgs>, RegExp]>([
    [
      "weights that do not sum",
      { versions: [{ name: "v2", weight: 99 }] },
      /shop versions is wrong; allowed: weights that sum to 100, not 99/,
    ],
    [
      "a canary that does not exist",
      { canary: { header: "x-canary", version: "v3" } },
      /shop canary.version is wrong; allowed: one of the versions v1, v2/,
    ],
    [
      "tries without the time",
      { resilience: { ...defaultResilience, timeout: "2s" } },
      /shop resilience.timeout is wrong; allowed: at least 4.8s/,
    ],
  ])("%s", async (_what, changes, sentence) => {
    await expect(recordTraffic({ ...two, ...changes })).rejects.toThrow(sentence);
  });
});

test("for any split, every route's weights sum to 100 and lead to a subset that exists", async () => {
  const split = fc.uniqueArray(fc.integer({ min: 0, max: 100 }), { maxLength: 4 }).map((cuts) => {
    const edges = [0, ...cuts.sort((a, b) => a - b), 100];
    return edges.slice(1).map((edge, index) => ({ name: `v${index}`, weight: edge - (edges[index] ?? 0) }));
  });
  await fc.assert(
    fc.asyncProperty(split, fc.boolean(), async (versions, exposed) => {
      const canary = { header: "x-new", version: versions.at(-1)?.name ?? "" };
      const recording = await recordTraffic({ ...two, versions, canary, ...(exposed && { exposed: { path: "/shop" } }) });
      const subsets = at<{ name: string }[]>(recording.inputs(`${istio}:DestinationRule`, "shop-subsets"), "spec.subsets").map(
        ({ name }) => name,
      );
      for (const { inputs } of recording.all(`${istio}:VirtualService`)) {
        for (const { route } of at<Rule[]>(inputs, "spec.http")) {
          expect(route.reduce((total, { weight }) => total + weight, 0)).toBe(100);
          for (const { destination } of route) expect(subsets).toContain(destination.subset);
        }
      }
    }),
    { numRuns: 30 },
  );
});
