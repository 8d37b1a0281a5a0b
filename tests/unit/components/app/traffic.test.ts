import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Traffic, type TrafficArgs } from "../../../../components/app/Traffic.ts";
import type { Exposed, Exposure } from "../../../../model/exposed.ts";
import type { Port } from "../../../../model/ports.ts";
import { requestRules } from "../../../../model/requestRules.ts";
import { defaultResilience, resilience } from "../../../../model/resilience.ts";
import { at, type Recording, type Registered, record } from "../../../lib/mocks.ts";
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
  canary: { header: "x-canary", value: "true", version: "v2" },
};

const grpc: Port = { name: "rpc", protocol: "grpc", port: 50051, target: 9090 };
const tcp: Port = { name: "raw", protocol: "tcp", port: 5000, target: 5001 };
const tls: Port = { name: "secure", protocol: "tls", port: 443, target: 8443 };

/** What a text is compared with. */
type TextMatch = Readonly<Partial<Record<"exact" | "prefix" | "regex", string>>>;

interface Match {
  readonly port?: number;
  readonly headers?: Readonly<Record<string, TextMatch>>;
  readonly queryParams?: Readonly<Record<string, TextMatch>>;
  readonly method?: TextMatch;
  readonly uri?: TextMatch;
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
  readonly mirrors?: readonly { destination: Destination; percentage: { value: number } }[];
  readonly fault?: Record<string, unknown>;
}

interface Request {
  /** @default GET */
  readonly method?: string;
  /** With its query. @default / */
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** @default 8080 */
  readonly port?: number;
}

function recordTraffic(args: TrafficArgs): Promise<Recording> {
  return record(() => new Traffic("shop", args));
}

function rulesOf(recording: Recording, name = "shop-routes"): readonly Rule[] {
  return at<Rule[]>(recording.inputs(`${istio}:VirtualService`, name), "spec.http");
}

/** Where a rule sends the share of a version, on a port of the Service. */
const to = (subset: string, weight: number, number = 8080) => ({ destination: { host, subset, port: { number } }, weight });

/** Whether Envoy takes a text, of which a regular expression is always that of the whole. */
function fits(text: string | undefined, { exact, prefix, regex }: TextMatch): boolean {
  if (text === undefined) return false;
  if (exact !== undefined) return text === exact;
  if (prefix !== undefined) return text.startsWith(prefix);
  return new RegExp(`^(?:${regex})$`).test(text);
}

/** The rule that a request meets first, as Envoy reads them. */
function ruleFor(rules: readonly Rule[], { method = "GET", path = "/", headers = {}, port = 8080 }: Request): Rule | undefined {
  const [pathname, query = ""] = path.split("?");
  // As they are sent: nothing is decoded.
  const parameters = new Map(query.split("&").map((one) => one.split("=", 2) as [string, string]));
  const meets = (one: Match) =>
    [port, undefined].includes(one.port) &&
    (!one.method || fits(method, one.method)) &&
    (!one.uri || fits(pathname, one.uri)) &&
    Object.entries(one.headers ?? {}).every(([name, text]) => fits(headers[name], text)) &&
    Object.entries(one.queryParams ?? {}).every(([name, text]) => fits(parameters.get(name), text));
  return rules.find(({ match = [{}] }) => match.some(meets));
}

/** The versions that a request may reach. */
const versionsFor = (rules: readonly Rule[], request: Request) =>
  ruleFor(rules, request)?.route.flatMap(({ destination, weight }) => (weight > 0 ? [destination.subset] : []));

const canaried = { "x-canary": "true" };

describe("a canary", () => {
  test("gets every request with its header, and its weight of the others", async () => {
    const rules = rulesOf(await recordTraffic(two));
    for (const method of ["GET", "POST"]) {
      expect(ruleFor(rules, { method, headers: canaried })?.route).toEqual([to("v2", 100)]);
      expect(ruleFor(rules, { method })?.route).toEqual([to("v1", 90), to("v2", 10)]);
    }
    expect(rules[0]?.match?.[0]?.headers).toEqual({ "x-canary": { exact: "true" } });
  });

  test("may ask for another value than true", async () => {
    const rules = rulesOf(await recordTraffic({ ...two, canary: { header: "x-canary", value: "on", version: "v2" } }));
    expect(versionsFor(rules, { headers: { "x-canary": "on" } })).toEqual(["v2"]);
    for (const value of ["true", "on2", "ON"]) expect(versionsFor(rules, { headers: { "x-canary": value } })).toHaveLength(2);
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
    expect(ruleFor(rulesOf(await recordTraffic(two)), { method })?.retries).toEqual({
      attempts: 3,
      perTryTimeout: "1.2s",
      retryOn: "connect-failure,refused-stream,reset,5xx",
    });
  });

  test.each(["POST", "PATCH"])("%s is not: it may have been done already", async (method) => {
    const rules = rulesOf(await recordTraffic(two));
    // Named outright, as without a word Istio retries twice by itself.
    expect(ruleFor(rules, { method })?.retries).toEqual({ attempts: 0 });
    expect(ruleFor(rules, { method, headers: canaried })?.retries).toEqual({ attempts: 0 });
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
    const recording = await called(grpc, { exposed: { page: { path: "/shop.Catalog" } } });
    expect(rulesOf(recording, "shop.page")).toEqual(rulesOf(recording));
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
    const { all } = await recordTraffic({ ...two, ports: [port], exposed: { page: { path: "/shop" } } });
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
      await recordTraffic({ ...several, exposed: { page: { port: "http", path: "/shop", versioned: "/{version}/shop" } } }),
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
    const recording = await recordTraffic({ ...several, exposed: { page: { port, path: "/shop" } } });
    const rules = rulesOf(recording, "shop.page");
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
    const recording = await recordTraffic({ ...two, exposed: { page: { path: "/shop" } } });
    const spec = at<object>(recording.inputs(`${istio}:VirtualService`, "shop.page"), "spec");
    expect(Object.keys(spec)).toEqual(["http"]);
    expect(rulesOf(recording, "shop.page")).toEqual(rulesOf(recording));
  });

  test("no route is there before its subsets", async () => {
    const { waits } = await recordTraffic({ ...two, exposed: { page: { path: "/shop" } } });
    for (const name of ["shop-routes", "shop.page"]) {
      expect(waits([`${istio}:VirtualService`, name], [`${istio}:DestinationRule`, "shop-subsets"])).toBe(true);
    }
    expect(waits([`${istio}:VirtualService`, "shop-routes"], [`${istio}:VirtualService`, "shop.page"])).toBe(false);
  });
});

/** What Envoy makes of a path: the versions that the first rule which takes it leads to, and the path that they see. */
function taken(rules: readonly Rule[], path: string) {
  const takes = ({ uri }: Match) => !uri || fits(path, uri);
  const rule = rules.find(({ match = [{}] }) => match.some(takes));
  const { match = "$^", rewrite = "" } = rule?.rewrite?.uriRegexRewrite ?? {};
  return {
    versions: rule?.route.map(({ destination }) => destination.subset),
    path: path.replace(new RegExp(match, "g"), rewrite),
  };
}

describe("a version asked for by its path", () => {
  const exposed = { page: { path: "/api/shop", versioned: "/api/{version}/shop" } };

  test.each([
    ["/api/v1/shop", ["v1"], "/api/shop"],
    ["/api/v2/shop", ["v2"], "/api/shop"],
    ["/api/v2/shop/7", ["v2"], "/api/shop/7"],
    ["/api/shop/7", ["v1", "v2"], "/api/shop/7"],
    ["/api/v2/shop-of-others", ["v1", "v2"], "/api/v2/shop-of-others"],
  ])("%s leads to %j as %s, for gateways and in the mesh", async (path, versions, seen) => {
    const recording = await recordTraffic({ ...two, canary: { header: "x-canary", value: "true", version: "v2" }, exposed });
    for (const name of ["shop-routes", "shop.page"]) {
      const rules = rulesOf(recording, name).filter((rule) => !rule.name.startsWith("canary"));
      expect(taken(rules, path)).toEqual({ versions, path: seen });
    }
  });

  test("below everything, no slash is doubled", async () => {
    const rules = rulesOf(await recordTraffic({ ...two, exposed: { page: { path: "/", versioned: "/{version}" } } }));
    expect(taken(rules, "/v1").path).toBe("/");
    expect(taken(rules, "/v1/page").path).toBe("/page");
  });

  test("a path's own characters mean themselves", async () => {
    const rules = rulesOf(await recordTraffic({ ...two, exposed: { page: { ...exposed.page, versioned: "/a.b+/{version}" } } }));
    expect(rules[0]?.rewrite?.uriRegexRewrite.match).toBe("^/a\\.b\\+/v1");
  });

  test("nothing of it where no such path is declared", async () => {
    const rules = rulesOf(await recordTraffic({ ...two, exposed: { page: { path: "/api/shop" } } }));
    expect(JSON.stringify(rules)).not.toMatch(/uri|version-/);
  });
});

/** The shop with these rules, as its declaration has them. */
const ruled = (rules: unknown, more: Partial<TrafficArgs> = {}): TrafficArgs => ({
  ...two,
  rules: requestRules.parse(rules),
  ...more,
});

describe("several exposures", () => {
  const virtualService = `${istio}:VirtualService`;
  const exposed: Exposed = {
    page: { path: "/shop" },
    slow: { path: "/slow", timeout: "1m" },
    live: { path: "/live", stream: true },
    old: { path: "/old", rewrite: "/shop", policies: { cors: { origins: ["https://example.com"] } } },
    gone: { path: "/gone", redirect: { path: "/shop", code: 308 } },
  };
  const namesOf = (objects: readonly Registered[]) => objects.map(({ inputs }) => at<string>(inputs, "metadata.name")).toSorted();
  const without = (rules: readonly Rule[], ...keys: string[]) =>
    rules.map((rule) => Object.fromEntries(Object.entries(rule).filter(([key]) => !keys.includes(key))));

  test("have a delegate each, but where clients are sent elsewhere", async () => {
    const { all, waits } = await recordTraffic({ ...two, exposed });
    const delegates = all(virtualService).filter(({ name }) => name !== "shop-routes");
    expect(namesOf(delegates)).toEqual(["shop-exposed", "shop.live", "shop.old", "shop.slow"]);
    for (const { name, inputs } of delegates) {
      expect(Object.keys(at<object>(inputs, "spec"))).toEqual(["http"]);
      expect(waits([virtualService, name], [`${istio}:DestinationRule`, "shop-subsets"])).toBe(true);
    }
  });

  test.each<[string, Exposure, Pick<Rule, "timeout">, Rule["retries"]]>([
    ["nothing of it", { path: "/shop" }, { timeout: "5s" }, { attempts: 3, perTryTimeout: "1.2s" }],
    ["more", { path: "/shop", timeout: "1m" }, { timeout: "60s" }, { attempts: 3, perTryTimeout: "60s" }],
    [
      "less than one try may take elsewhere",
      { path: "/shop", timeout: "250ms" },
      { timeout: "0.25s" },
      { attempts: 3, perTryTimeout: "0.25s" },
    ],
    ["any", { path: "/shop", timeout: "none" }, {}, { attempts: 3 }],
    ["any, as a stream has, which is tried once", { path: "/shop", stream: true }, {}, { attempts: 0 }],
  ])("of which one says that time is %s has that for itself, and the mesh what it had", async (_what, page, time, retries) => {
    const recording = await recordTraffic({ ...two, exposed: { page } });
    const rules = rulesOf(recording, "shop.page");
    for (const { timeout } of rules) expect({ ...(timeout !== undefined && { timeout }) }).toEqual(time);
    const retryOn = retries.attempts ? { retryOn: defaultResilience.retries.on } : {};
    expect(ruleFor(rules, {})?.retries).toEqual({ ...retries, ...retryOn });
    for (const headers of [{}, canaried]) expect(ruleFor(rules, { method: "POST", headers })?.retries).toEqual({ attempts: 0 });
    expect(without(rules, "timeout", "retries")).toEqual(without(rulesOf(recording), "timeout", "retries"));
    expect(rulesOf(recording)).toEqual(rulesOf(await recordTraffic(two)));
  });

  test("of which one is a stream have no copies of it, and of the others", async () => {
    const recording = await recordTraffic(ruled({ mirror: { version: "v2", notIdempotent: true } }, { exposed }));
    for (const name of ["shop-routes", "shop.page", "shop.slow"])
      expect(ruleFor(rulesOf(recording, name), {})?.mirrors).toHaveLength(1);
    for (const rule of rulesOf(recording, "shop.live")) expect(rule).not.toHaveProperty("mirrors");
  });

  test.each<[Exposure, string, string]>([
    [{ path: "/old", rewrite: "/shop" }, "/old", "/shop"],
    [{ path: "/old", rewrite: "/shop" }, "/old/a/old", "/shop/a/old"],
    [{ path: "/old", rewrite: "/" }, "/old", "/"],
    [{ path: "/old", rewrite: "/" }, "/old/a", "/a"],
    [{ path: "/", rewrite: "/shop" }, "/", "/shop/"],
    [{ path: "/", rewrite: "/shop" }, "/a/b", "/shop/a/b"],
    [{ path: "/", rewrite: "/" }, "/a", "/a"],
    [{ path: "/a.b", rewrite: "/shop" }, "/a.b/c", "/shop/c"],
    [{ path: "/old", exact: true, rewrite: "/" }, "/old", "/"],
    [{ path: "/", exact: true, rewrite: "/shop/index.html" }, "/", "/shop/index.html"],
    [{ path: "/shop", versioned: "/{version}/shop", rewrite: "/catalog" }, "/v2/shop/a", "/catalog/a"],
    [{ path: "/shop", versioned: "/{version}/shop", rewrite: "/catalog" }, "/shop/a", "/catalog/a"],
    [{ path: "/shop", versioned: "/{version}/shop", rewrite: "/" }, "/v2/shop/a", "/a"],
    [{ path: "/shop", versioned: "/{version}/shop", exact: true, rewrite: "/a" }, "/v2/shop", "/a"],
    [{ path: "/shop", versioned: "/{version}/shop", exact: true }, "/v2/shop", "/shop"],
  ])("of which one is %j show the service for %s the path %s, whichever rule takes it", async (page, path, seen) => {
    const match = [{ headers: { "end-user": "jason" }, version: "v1" }];
    const rules = rulesOf(await recordTraffic(ruled({ match }, { exposed: { page } })), "shop.page");
    expect(taken(rules, path).path).toBe(seen);
    if (path.startsWith("/v2/")) expect(taken(rules, path).versions).toEqual(["v2"]);
    for (const kind of ["match-1", "canary", "weighted"]) {
      const own = rules.filter(({ name }) => name.startsWith(kind)).map(({ match: _, ...rule }) => rule);
      expect(own).toHaveLength(2);
      if (!path.startsWith("/v2/")) for (const rule of own) expect(taken([rule], path).path).toBe(seen);
    }
  });

  test("of which two have paths for their versions: the mesh knows them all, and a delegate its own", async () => {
    const versioned = {
      one: { path: "/one", versioned: "/one/{version}" },
      other: { path: "/other", versioned: "/other/{version}", rewrite: "/" },
    };
    const recording = await recordTraffic({ ...two, exposed: versioned });
    expect(taken(rulesOf(recording), "/one/v1/a")).toEqual({ versions: ["v1"], path: "/one/a" });
    expect(taken(rulesOf(recording), "/other/v2/a")).toEqual({ versions: ["v2"], path: "/a" });
    expect(JSON.stringify(rulesOf(recording, "shop.one"))).not.toContain("/other");
    expect(JSON.stringify(rulesOf(recording, "shop.other"))).not.toContain("/one");
    // What is asked for inside the mesh otherwise is by the service's own paths.
    expect(taken(rulesOf(recording).slice(-1), "/other/a").path).toBe("/other/a");
  });

  test("of which some have a Service of their own: the rules hold for that in the mesh as well, but for pages, which ask no proxy there", async () => {
    const { all, inputs, waits } = await recordTraffic({ ...two, exposed, entrances: ["slow", "old", "gone"] });
    const entrances = all(virtualService).filter(({ name }) => name.endsWith(".entrance"));
    expect(namesOf(entrances)).toEqual(["shop-old", "shop-slow"]);
    for (const name of ["slow", "old"]) {
      const { hosts, gateways, http } = at<{ hosts: string[]; gateways: string[]; http: Rule[] }>(
        inputs(virtualService, `shop.${name}.entrance`),
        "spec",
      );
      expect([hosts, gateways]).toEqual([[`shop-${name}.stores.svc.cluster.local`], ["mesh"]]);
      const delegate = at<Rule[]>(inputs(virtualService, `shop.${name}`), "spec.http");
      expect(http).toEqual(without(delegate, "corsPolicy", "headers"));
      // The pods are the service's.
      for (const { route } of http) for (const { destination } of route) expect(destination.host).toBe(host);
      expect(waits([virtualService, `shop.${name}.entrance`], [`${istio}:DestinationRule`, "shop-subsets"])).toBe(true);
    }
    expect(JSON.stringify(inputs(virtualService, "shop.old"))).toContain("corsPolicy");
    expect(JSON.stringify(inputs(virtualService, "shop.old.entrance"))).not.toContain("corsPolicy");
  });
});

describe("requests by what is in them", () => {
  const match = [
    { headers: { "end-user": "jason" }, version: "v3" },
    { query: { beta: "1" }, version: "v1" },
    { headers: { "end-user": { prefix: "ja" } }, version: "v2" },
  ];
  const three: TrafficArgs = {
    ...ruled({ match }),
    versions: [...two.versions, { name: "v3", weight: 0 }],
    exposed: { page: { path: "/shop", versioned: "/{version}/shop" } },
  };
  const jason = { "end-user": "jason" };

  test.each<[string, Request, string[]]>([
    ["the version of its path before that of a match", { path: "/v1/shop?beta=1", headers: { ...jason, ...canaried } }, ["v1"]],
    ["the first match before the second", { path: "/shop?beta=1", headers: jason }, ["v3"]],
    ["the second match before the third", { path: "/shop?beta=1", headers: { "end-user": "jane" } }, ["v1"]],
    ["the third match where neither fits", { path: "/shop?beta=2", headers: { "end-user": "jane" } }, ["v2"]],
    ["a match before the canary", { path: "/shop?beta=1", headers: canaried }, ["v1"]],
    ["the canary before the weights", { path: "/shop", headers: canaried }, ["v2"]],
    ["the weights, where nothing else fits", { path: "/shop?alpha=1", headers: { "end-user": "bob" } }, ["v1", "v2"]],
  ])("a request gets %s", async (_what, request, versions) => {
    const recording = await recordTraffic(three);
    for (const name of ["shop-routes", "shop.page"]) {
      for (const method of ["GET", "POST"])
        expect(versionsFor(rulesOf(recording, name), { ...request, method })).toEqual(versions);
    }
  });

  test("of each match those that may be repeated are tried again, and no others", async () => {
    const rules = rulesOf(await recordTraffic(three));
    expect(rules.map(({ name }) => name).slice(6, 9)).toEqual(["match-1-repeatable", "match-1", "match-2-repeatable"]);
    expect(ruleFor(rules, { headers: jason })?.retries).toMatchObject({ attempts: 3 });
    expect(ruleFor(rules, { headers: jason, method: "POST" })?.retries).toEqual({ attempts: 0 });
  });

  /** Whether a request goes where a match sends it, and not where the weights do. */
  async function isMatched(match: object, request: Request): Promise<boolean> {
    const { canary: _, ...without } = ruled({ match: [{ ...match, version: "v2" }] });
    const versions = versionsFor(rulesOf(await recordTraffic(without)), request);
    expect(versions).toContain("v2");
    return versions?.length === 1;
  }

  test.each<[object, string | undefined, boolean]>([
    ["jason", "jason", true],
    ["jason", "jason2", false],
    ["jason", undefined, false],
    ["j.son", "jason", false],
    [{ prefix: "ja." }, "ja.son", true],
    [{ prefix: "ja." }, "jason", false],
    [{ prefix: "ja" }, "ninja", false],
    [{ regex: "ja|jo" }, "jo", true],
    [{ regex: "ja|jo" }, "jason", false],
    [{ regex: "j.*n" }, "jason", true],
    [{ regex: "j\\w+" }, "jason", true],
  ] as [object, string | undefined, boolean][])("a header that is to be %j and is %j: %j", async (wanted, given, matched) => {
    const headers = given === undefined ? {} : { "end-user": given };
    expect(await isMatched({ headers: { "end-user": wanted } }, { headers })).toBe(matched);
  });

  test.each([
    [{ user: "jason" }, "user=jason", true],
    [{ user: "jason" }, "a=b; user=jason; c=d", true],
    [{ user: "jason" }, "a=b;user=jason;c=d", true],
    [{ user: "jason" }, "user=jason2", false],
    [{ user: "jason" }, "user=jason2; c=d", false],
    [{ user: "jason" }, "user=not-jason", false],
    [{ user: "jason" }, "superuser=jason", false],
    [{ user: "jason" }, "a=b; superuser=jason", false],
    [{ user: "jason" }, "a=user=jason", false],
    [{ user: "jason" }, "User=jason", false],
    [{ user: "jason" }, "jason", false],
    [{ "a.b": "1+1=(2)" }, "x=y; a.b=1+1=(2)", true],
    [{ "a.b": "1+1=(2)" }, "axb=1+1=(2)", false],
    [{ "a.b": "1+1=(2)" }, "a.b=11=2", false],
    [{ user: { prefix: "ja." } }, "a=b; user=ja.son; c=d", true],
    [{ user: { prefix: "ja." } }, "user=ja.", true],
    [{ user: { prefix: "ja." } }, "user=jason", false],
    [{ user: { prefix: "ja" } }, "user=bob; other=ja", false],
    [{ user: { regex: "ja|jo" } }, "a=b; user=jo; c=d", true],
    [{ user: { regex: "ja|jo" } }, "user=jason", false],
    [{ user: { regex: "ja|jo" } }, "a=b; jo", false],
  ])("of the cookie %j among %j: %j", async (cookie, given, matched) => {
    expect(await isMatched({ cookie }, { headers: { cookie: given } })).toBe(matched);
  });

  test("a cookie is nowhere where no cookies are", async () => {
    expect(await isMatched({ cookie: { user: { regex: "\\w*" } } }, {})).toBe(false);
  });

  test.each([
    [{ q: "a.b" }, "/?q=a.b", true],
    [{ q: "a.b" }, "/shop?x=1&q=a.b", true],
    [{ q: "a.b" }, "/?q=axb", false],
    [{ q: "a.b" }, "/?q=a.bc", false],
    [{ q: "a.b" }, "/?qq=a.b", false],
    [{ q: "a.b" }, "/", false],
    [{ q: { prefix: "a." } }, "/?q=a.c", true],
    [{ q: { prefix: "a." } }, "/?q=a.", true],
    [{ q: { prefix: "a." } }, "/?q=ab", false],
    [{ q: { regex: "a|b" } }, "/?q=b", true],
    [{ q: { regex: "a|b" } }, "/?q=ab", false],
    [{ q: "1", r: "2" }, "/?r=2&q=1", true],
    [{ q: "1", r: "2" }, "/?q=1", false],
  ])("of the parameters %j in %s: %j", async (query, path, matched) => {
    expect(await isMatched({ query }, { path })).toBe(matched);
  });

  test("everything that a match names has to fit", async () => {
    const all = { headers: { "end-user": "jason", "x-beta": "1" }, cookie: { a: "b" }, query: { q: "1" } };
    const request = { path: "/?q=1", headers: { "end-user": "jason", "x-beta": "1", cookie: "a=b" } };
    expect(await isMatched(all, request)).toBe(true);
    expect(await isMatched(all, { ...request, path: "/?q=2" })).toBe(false);
    for (const name of Object.keys(request.headers))
      expect(await isMatched(all, { ...request, headers: { ...request.headers, [name]: "c" } })).toBe(false);
  });

  test("a port of gRPC has one rule for each match, and several ports have theirs, each on its own", async () => {
    const rules = rulesOf(await recordTraffic({ ...three, ports: [httpPort(8080), grpc, tcp] }));
    const names = rules.map(({ name }) => name);
    expect(names.filter((name) => name.includes("match"))).toEqual([
      ...[1, 2, 3].flatMap((one) => [`http-match-${one}-repeatable`, `http-match-${one}`]),
      ...[1, 2, 3].map((one) => `rpc-match-${one}`),
    ]);
    for (const port of [8080, 50051]) {
      const rule = ruleFor(rules, { headers: jason, method: "POST", port });
      expect(rule?.route).toEqual([to("v3", 100, port)]);
    }
    expect(ruleFor(rules, { headers: jason, port: 5000 })).toBeUndefined();
  });

  test("without any, there are no such rules", async () => {
    const without = await recordTraffic({ ...two, rules: requestRules.parse({}) });
    expect(rulesOf(without)).toEqual(rulesOf(await recordTraffic(two)));
  });
});

describe("affinity", () => {
  const balancing = async (affinity?: unknown) => {
    const { inputs } = await recordTraffic(ruled({ ...(affinity !== undefined && { affinity }) }));
    return at<unknown>(inputs(`${istio}:DestinationRule`, "shop-subsets"), "spec.trafficPolicy.loadBalancer");
  };

  test.each([
    ["address", { useSourceIp: true }],
    [{ header: "x-user" }, { httpHeaderName: "x-user" }],
    [{ cookie: "cart" }, { httpCookie: { name: "cart", path: "/", ttl: "0s" } }],
    [{ cookie: "cart", ttl: "10m" }, { httpCookie: { name: "cart", path: "/", ttl: "600s" } }],
  ])("by %j takes the place of the balancing", async (affinity, consistentHash) => {
    expect(await balancing(affinity)).toEqual({ consistentHash });
  });

  test("without one, requests are balanced", async () => {
    expect(await balancing()).toEqual({ simple: "ROUND_ROBIN" });
  });
});

describe("a mirror", () => {
  const copies = [{ destination: to("v2", 100).destination, percentage: { value: 100 } }];
  const mirrorsOf = async (mirror: object, request: Request, more: Partial<TrafficArgs> = {}) =>
    ruleFor(rulesOf(await recordTraffic(ruled({ mirror: { version: "v2", ...mirror } }, more))), request)?.mirrors;

  test("has copies of what may be made twice, and of nothing else", async () => {
    for (const method of ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]) expect(await mirrorsOf({}, { method })).toEqual(copies);
    for (const method of ["POST", "PATCH"]) expect(await mirrorsOf({}, { method })).toBeUndefined();
  });

  test("has copies of all where that is said, and of a share of them", async () => {
    for (const method of ["GET", "POST"])
      expect(await mirrorsOf({ notIdempotent: true, percent: 5 }, { method })).toEqual([
        { ...copies[0], percentage: { value: 5 } },
      ]);
    expect(await mirrorsOf({ notIdempotent: false }, { method: "POST" })).toBeUndefined();
  });

  test("of gRPC has copies where calls are idempotent, or where that is said", async () => {
    const call = { method: "POST", port: 50051 };
    const rpc = [{ ...copies[0], destination: to("v2", 100, 50051).destination }];
    expect(await mirrorsOf({}, call, { ports: [grpc] })).toBeUndefined();
    expect(await mirrorsOf({}, call, { ports: [{ ...grpc, idempotent: true }] })).toEqual(rpc);
    expect(await mirrorsOf({ notIdempotent: true }, call, { ports: [grpc] })).toEqual(rpc);
  });

  test("on each port is the same port of the version", async () => {
    const ports = [httpPort(8080), { ...grpc, idempotent: true }];
    for (const { port } of ports) {
      const mirrors = await mirrorsOf({}, { port }, { ports });
      expect(mirrors?.map(({ destination }) => destination)).toEqual([to("v2", 100, port).destination]);
    }
  });

  test("has no copy of a request that goes to its version alone", async () => {
    expect(await mirrorsOf({}, { headers: canaried })).toBeUndefined();
    expect(await mirrorsOf({ version: "v1" }, { headers: canaried })).toHaveLength(1);
    // Nor where the weights leave no request to others.
    const promoted = {
      versions: [
        { name: "v1", weight: 0 },
        { name: "v2", weight: 100 },
      ],
    };
    expect(await mirrorsOf({}, {}, promoted)).toBeUndefined();
    expect(await mirrorsOf({ version: "v1" }, {}, promoted)).toHaveLength(1);
  });

  test("is in the rules for gateways too", async () => {
    const recording = await recordTraffic(ruled({ mirror: { version: "v2" } }, { exposed: { page: { path: "/shop" } } }));
    expect(ruleFor(rulesOf(recording, "shop.page"), {})?.mirrors).toEqual(copies);
  });

  test("is none unless it is said", async () => {
    for (const rule of rulesOf(await recordTraffic(two))) expect(rule).not.toHaveProperty("mirrors");
  });
});

describe("a fault", () => {
  const until = "2027-01-31";
  const percentage = { value: 100 };
  const delay = { fixedDelay: "7s", percentage };
  const when = { headers: { "end-user": "jason" } };
  const jason = { "end-user": "jason" };
  const faulty = (fault: object, more: Partial<TrafficArgs> = {}, rules: object = {}) =>
    recordTraffic(ruled({ fault: { until, ...fault }, ...rules }, more));

  test.each([
    [{ delay: "7s" }, { delay }],
    [{ abort: 503 }, { abort: { httpStatus: 503, percentage } }],
    [
      { delay: "7s", abort: 503 },
      { delay, abort: { httpStatus: 503, percentage } },
    ],
    [{ delay: "250ms", percent: 5 }, { delay: { fixedDelay: "0.25s", percentage: { value: 5 } } }],
    [{ abort: 429, percent: 5 }, { abort: { httpStatus: 429, percentage: { value: 5 } } }],
  ])("of %j is in every rule, and changes nothing else of them", async (given, fault) => {
    const rules = rulesOf(await faulty(given));
    expect(rules).toEqual(rulesOf(await recordTraffic(two)).map((rule) => ({ ...rule, fault })));
  });

  test("for some requests is in a rule of theirs, each in front of its own", async () => {
    const rules = rulesOf(await faulty({ delay: "7s", when }, {}, { match: [{ query: { beta: "1" }, version: "v1" }] }));
    const own = ["match-1-repeatable", "match-1", "canary-repeatable", "canary", "weighted-repeatable", "weighted"];
    expect(rules.map(({ name }) => name)).toEqual(own.flatMap((name) => [`${name}-fault`, name]));
    for (const [index, { name, match: _, fault, ...rest }] of rules.entries()) {
      if (!name.endsWith("-fault")) continue;
      expect(fault).toEqual({ delay });
      const { name: __, match: ___, ...next } = rules[index + 1] ?? { name: "" };
      expect(next).toEqual(rest);
    }
  });

  test.each<[string, Request, string[]]>([
    ["the weights", {}, ["v1", "v2"]],
    ["the canary", { headers: canaried }, ["v2"]],
    ["a match", { path: "/?beta=1" }, ["v1"]],
    ["a version's path", { path: "/v2/shop" }, ["v2"]],
  ])("is for whom it is meant alone, whose requests still go where %s sends them", async (_what, request, versions) => {
    const match = [{ query: { beta: "1" }, version: "v1" }];
    const exposed = { page: { path: "/shop", versioned: "/{version}/shop" } };
    const recording = await faulty({ abort: 503, when }, { exposed }, { match });
    for (const name of ["shop-routes", "shop.page"]) {
      const rules = rulesOf(recording, name);
      for (const method of ["GET", "POST"]) {
        const other = { ...request, method };
        const met = { ...other, headers: { ...request.headers, ...jason } };
        for (const one of [met, other]) expect(versionsFor(rules, one)).toEqual(versions);
        expect(ruleFor(rules, met)?.fault).toEqual({ abort: { httpStatus: 503, percentage } });
        expect(ruleFor(rules, other)).not.toHaveProperty("fault");
      }
    }
  });

  test("within a match is for what both ask for", async () => {
    const match = [{ headers: { "x-beta": "1" }, cookie: { a: "b" }, query: { q: "1" }, version: "v1" }];
    const asked = { headers: { "x-user": { prefix: "j" } }, cookie: { a: "b" }, query: { r: "2" } };
    const rules = rulesOf(await faulty({ delay: "7s", when: asked }, {}, { match }));
    const both = { path: "/?q=1&r=2", headers: { "x-beta": "1", cookie: "a=b", "x-user": "jason" } };
    expect(ruleFor(rules, both)?.name).toBe("match-1-repeatable-fault");
    expect(ruleFor(rules, { ...both, path: "/?q=1" })?.name).toBe("match-1-repeatable");
    expect(ruleFor(rules, { ...both, path: "/?r=2" })?.name).toBe("weighted-repeatable-fault");
    expect(ruleFor(rules, { ...both, headers: { ...both.headers, "x-user": "bob" } })?.name).toBe("match-1-repeatable");
  });

  test("of what the canary asks for is in the canary's rules", async () => {
    const rules = rulesOf(await faulty({ delay: "7s", when: { headers: canaried } }));
    expect(ruleFor(rules, { headers: canaried })).toMatchObject({ name: "canary-repeatable-fault", route: [to("v2", 100)] });
    expect(ruleFor(rules, {})?.name).toBe("weighted-repeatable");
  });

  test("is on each port that has requests, and on no other", async () => {
    const recording = await faulty({ abort: 503, when }, { ports: [httpPort(8080), grpc, tcp] });
    const rules = rulesOf(recording);
    for (const port of [8080, 50051]) {
      expect(ruleFor(rules, { headers: jason, port })).toHaveProperty("fault");
      expect(ruleFor(rules, { port })).not.toHaveProperty("fault");
    }
    expect(JSON.stringify(at(recording.inputs(`${istio}:VirtualService`, "shop-routes"), "spec.tcp"))).not.toContain("fault");
  });

  test("is none unless it is said", async () => {
    for (const rule of rulesOf(await recordTraffic(two))) expect(rule).not.toHaveProperty("fault");
  });
});

test("only gateways answer pages of other origins", async () => {
  const exposed = { page: { path: "/shop", policies: { cors: { origins: ["https://example.com"] } } } };
  const recording = await recordTraffic({ ...two, exposed });
  for (const rule of rulesOf(recording, "shop.page")) expect(rule).toHaveProperty("corsPolicy.allowOrigins");
  for (const rule of rulesOf(recording)) expect(rule).not.toHaveProperty("corsPolicy");
  // Caches keep the answers to one origin from another, where they differ.
  const vary = { response: { add: { vary: "Origin" } } };
  for (const rule of rulesOf(recording, "shop.page")) expect(rule).toHaveProperty("headers", vary);
  const toAll = await recordTraffic({ ...two, exposed: { page: { path: "/shop", policies: { cors: { origins: ["*"] } } } } });
  for (const rule of rulesOf(toAll, "shop.page")) expect(rule).not.toHaveProperty("headers");
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
      { canary: { header: "x-canary", value: "true", version: "v3" } },
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

/** Rules as a service with a version v0 may declare them. */
const anyRules = () => {
  const text = fc.string({ unit: fc.constantFrom(..."aZ0.*+?()[]{}|^$/="), minLength: 1, maxLength: 20 });
  const compared = fc.oneof(
    text,
    text.map((prefix) => ({ prefix })),
    fc.constantFrom("a|b", "[a-z]{3}", "\\\\d+").map((regex) => ({ regex })),
  );
  const optional = { requiredKeys: [] };
  const of = (...names: string[]) => fc.dictionary(fc.constantFrom(...names), compared, { minKeys: 1, maxKeys: 2 });
  const parameter = fc.string({ unit: fc.constantFrom(..."aZ0.~+%-"), minLength: 1, maxLength: 20 });
  const query = fc.dictionary(fc.constantFrom("q", "r"), parameter, { minKeys: 1, maxKeys: 2 });
  const one = of("user").map((cookie) => ({ cookie }));
  const request = fc.oneof(
    fc.tuple(fc.record({ headers: of("x-a", "x-b"), query }, optional), one).map((both) => Object.assign({}, ...both)),
    of("x-a").map((headers) => ({ headers })),
  );
  const share = fc.record({ percent: fc.integer({ min: 1, max: 100 }) }, optional);
  const failing = fc.constantFrom({ delay: "1ms" }, { abort: 599 }, { delay: "1440m", abort: 400 });
  const rules = {
    match: fc.uniqueArray(
      request.map((match) => ({ ...match, version: "v0" })),
      { maxLength: 3, selector: JSON.stringify },
    ),
    affinity: fc.constantFrom("address", { cookie: "c" }, { cookie: "c", ttl: "1ms" }, { header: "x-a" }),
    mirror: fc.tuple(share, fc.boolean()).map(([some, notIdempotent]) => ({ ...some, notIdempotent, version: "v0" })),
    fault: fc
      .tuple(share, failing, fc.record({ when: request }, optional))
      .map(([...all]) => Object.assign({ until: "2027-01-31" }, ...all)),
  };
  return fc.record(rules, optional).map((given) => requestRules.parse(given));
};

test("any rules are what Istio's schema takes, and each rule of a fault is in front of its own", async () => {
  const ports = fc.subarray([httpPort(8080), grpc, tcp], { minLength: 1 });
  await fc.assert(
    fc.asyncProperty(anyRules(), ports, fc.boolean(), async (rules, ports, exposed) => {
      const versions = [{ name: "v0", weight: 100 }];
      const { canary: _, ...without } = two;
      const recording = await recordTraffic({
        ...without,
        versions,
        ports,
        rules,
        ...(exposed && { exposed: { page: { path: "/shop" } } }),
      });
      for (const { inputs } of recording.all(`${istio}:VirtualService`)) {
        const all = at<Rule[] | undefined>(inputs, "spec.http") ?? [];
        for (const [index, { name, fault }] of all.entries()) {
          if (name.endsWith("-fault")) expect(all[index + 1]?.name).toBe(name.replace(/-fault$/, ""));
          expect(fault !== undefined).toBe(rules.fault !== undefined && (!rules.fault.when || name.endsWith("-fault")));
        }
      }
    }),
    { numRuns: 60 },
  );
});

test("for any split, every route's weights sum to 100 and lead to a subset that exists", async () => {
  const split = fc.uniqueArray(fc.integer({ min: 0, max: 100 }), { maxLength: 4 }).map((cuts) => {
    const edges = [0, ...cuts.sort((a, b) => a - b), 100];
    return edges.slice(1).map((edge, index) => ({ name: `v${index}`, weight: edge - (edges[index] ?? 0) }));
  });
  await fc.assert(
    fc.asyncProperty(split, fc.boolean(), async (versions, exposed) => {
      const canary = { header: "x-new", value: "true", version: versions.at(-1)?.name ?? "" };
      const recording = await recordTraffic({
        ...two,
        versions,
        canary,
        ...(exposed && { exposed: { page: { path: "/shop" } } }),
      });
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
