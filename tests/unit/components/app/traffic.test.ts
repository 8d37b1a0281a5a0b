import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Traffic, type TrafficArgs } from "../../../../components/app/Traffic.ts";
import { defaultResilience, resilience } from "../../../../model/resilience.ts";
import { at, type Recording, record } from "../../../lib/mocks.ts";

const istio = "kubernetes:networking.istio.io/v1";
const host = "shop.stores.svc.cluster.local";
const two: TrafficArgs = {
  service: "shop",
  namespace: "stores",
  versions: [
    { name: "v1", weight: 90 },
    { name: "v2", weight: 10 },
  ],
  canary: { header: "x-canary", version: "v2" },
};

interface Match {
  readonly headers?: Record<string, unknown>;
  readonly method?: { readonly regex: string };
  readonly uri?: { readonly exact?: string; readonly prefix?: string };
}

interface Rule {
  readonly name: string;
  readonly match?: readonly Match[];
  readonly route: readonly { destination: { host: string; subset: string }; weight: number }[];
  readonly retries: Record<string, unknown>;
  readonly timeout: string;
  readonly rewrite?: { uriRegexRewrite: { match: string; rewrite: string } };
}

function recordTraffic(args: TrafficArgs): Promise<Recording> {
  return record(() => new Traffic("shop", args));
}

function rulesOf(recording: Recording, name = "shop-routes"): readonly Rule[] {
  return at<Rule[]>(recording.inputs(`${istio}:VirtualService`, name), "spec.http");
}

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
      expect(ruleFor(rules, method, true)?.route).toEqual([{ destination: { host, subset: "v2" }, weight: 100 }]);
      expect(ruleFor(rules, method, false)?.route).toEqual([
        { destination: { host, subset: "v1" }, weight: 90 },
        { destination: { host, subset: "v2" }, weight: 10 },
      ]);
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
