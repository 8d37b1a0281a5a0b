import { describe, expect, test } from "@jest/globals";
import { corsPolicy } from "../../../components/gateway/policies/cors.ts";
import { IstioPolicies } from "../../../components/gateway/policies/IstioPolicies.ts";
import { istioProblems } from "../../../components/gateway/policies/istioProblems.ts";
import { describeConflictingKeys } from "../../../components/gateway/policyProblems.ts";
import type { Jwt, Route, RoutePolicies } from "../../../components/gateway/route.ts";
import { at, type Inputs, record } from "../../support/mocks.ts";
import { routeOf } from "./support/routes.ts";

const authorization = "kubernetes:security.istio.io/v1:AuthorizationPolicy";
const authentication = "kubernetes:security.istio.io/v1:RequestAuthentication";
const envoyFilter = "kubernetes:networking.istio.io/v1alpha3:EnvoyFilter";

const selector = { istio: "ingressgateway" };
const jwt: Jwt = { issuer: "https://issuer.test", keys: [{ kty: "EC", crv: "P-256", x: "x", y: "y" }] };

const recordPolicies = (...routes: Route[]) =>
  record(() => new IstioPolicies("gate", { namespace: "istio-ingress", selector, routes }));

/** Products below a shop that has no policies, and what a policy of theirs comes to. */
function products(policies: RoutePolicies): Route[] {
  const route = routeOf("products", "/api/products", { versioned: "/api/{version}/products", versions: ["v1"], policies });
  return [routeOf("shop", "/"), route];
}
const paths = ["/api/products", "/api/products/*", "/api/v1/products", "/api/v1/products/*"];
const ports = ["8080", "8443"];

type Rule = { from?: object[]; to: { operation: Inputs }[]; when?: { key: string; notValues: string[] }[] };
async function rulesOf(routes: Route[], name = "gate-shop-products"): Promise<Rule[]> {
  const { inputs } = await recordPolicies(...routes);
  return at<Rule[]>(inputs(authorization, name), "spec.rules");
}

test("without a policy only forged headers are dropped; and no object is for what another gateway offers", async () => {
  const kong = routeOf("kong", "/kong", {
    gateways: ["kong"],
    policies: { jwt, maxBodyBytes: 1, apiKeys: { consumers: ["a"] } },
  });
  const { resources } = await recordPolicies(routeOf("shop", "/"), kong);
  expect(resources.map(({ type }) => type)).toEqual(["mesh:gateway:IstioPolicies", envoyFilter]);
});

test("what callers say in the name of a proxy is dropped before anything else, and their address is what the gateway knows", async () => {
  const { inputs } = await recordPolicies(routeOf("shop", "/"));
  const filter = inputs(envoyFilter, "gate-headers");
  expect(filter).toMatchObject({
    metadata: { name: "gateway-headers", namespace: "istio-ingress" },
    spec: {
      workloadSelector: { labels: selector },
      configPatches: [{ applyTo: "HTTP_FILTER", patch: { operation: "INSERT_FIRST" } }],
    },
  });
  const mutations = at<object[]>(filter, "spec.configPatches.0.patch.value.typed_config.mutations.request_mutations");
  expect(mutations).toEqual(expect.arrayContaining([{ remove: "x-forwarded-host" }, { remove: "x-envoy-external-address" }]));
  expect(mutations.at(-1)).toEqual({
    append: {
      header: { key: "x-forwarded-for", value: "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%" },
      append_action: "OVERWRITE_IF_EXISTS_OR_ADD",
    },
  });
});

describe("tokens", () => {
  test("are read by the issuer's keys, each issuer once, and handed on to the service", async () => {
    const other = routeOf("other", "/other", { policies: { jwt: { ...jwt, audiences: ["a"] } } });
    const { inputs, all } = await recordPolicies(...products({ jwt }), other);
    expect(all(authentication)).toHaveLength(1);
    expect(inputs(authentication, "gate-tokens")).toMatchObject({
      metadata: { name: "gateway-tokens", namespace: "istio-ingress" },
      spec: {
        selector: { matchLabels: selector },
        jwtRules: [{ issuer: jwt.issuer, jwks: JSON.stringify({ keys: jwt.keys }), forwardOriginalToken: true }],
      },
    });
  });

  test("are demanded at the path, below it and of each version, before anything else is known of the caller", async () => {
    const { inputs, waits } = await recordPolicies(...products({ jwt }));
    expect(inputs(authorization, "gate-shop-products")).toMatchObject({
      metadata: { name: "shop-products", namespace: "istio-ingress" },
      spec: {
        selector: { matchLabels: selector },
        action: "DENY",
        rules: [{ to: [{ operation: { ports, paths } }], when: [{ key: "request.auth.claims[iss]", notValues: [jwt.issuer] }] }],
      },
    });
    expect(waits([authorization, "gate-shop-products"], [authentication, "gate-tokens"])).toBe(true);
  });

  test("are demanded nowhere else: not at paths of other routes below, and not of their services", async () => {
    const { all } = await recordPolicies(...products({ jwt }));
    expect(all(authorization).map(({ name }) => name)).toEqual(["gate-shop-products"]);
    const [shop, route] = [routeOf("shop", "/", { policies: { jwt } }), routeOf("products", "/api/products")];
    const [rule] = await rulesOf([shop, route], "gate-shop-shop");
    expect(rule?.to[0]?.operation).toEqual({ ports, paths: ["/*"], notPaths: ["/api/products", "/api/products/*"] });
  });

  test("must be for one of the audiences where there are any", async () => {
    const rules = await rulesOf(products({ jwt: { ...jwt, audiences: ["shop", "app"] } }));
    expect(rules.map(({ when }) => when?.[0])).toEqual([
      { key: "request.auth.claims[iss]", notValues: [jwt.issuer] },
      { key: "request.auth.audiences", notValues: ["shop", "app"] },
    ]);
  });

  test("are not demanded of preflights that the gateway answers itself, and of no other OPTIONS", async () => {
    const rules = await rulesOf(products({ jwt, cors: { origins: ["https://a.test"], methods: ["GET"] } }));
    expect(rules.map(({ to, when }) => [to[0]?.operation.methods ?? "-", to[0]?.operation.notMethods ?? "-", when?.[1]])).toEqual(
      [
        ["-", ["OPTIONS"], undefined],
        [["OPTIONS"], "-", { key: "request.headers[origin]", notValues: ["https://a.test"] }],
        [["OPTIONS"], "-", { key: "request.headers[access-control-request-method]", notValues: ["GET"] }],
      ],
    );
    const any = await rulesOf(products({ jwt, cors: { origins: ["*"] } }));
    expect(any.map(({ when }) => when?.[1]?.notValues)).toEqual([undefined, ["http://*", "https://*"], ["GET", "HEAD"]]);
  });
});

test("addresses: all but the allowed are refused, and the denied, by the address that cannot be made up", async () => {
  const rules = await rulesOf(products({ addresses: { allow: ["192.0.2.0/24"], deny: ["192.0.2.7"] } }));
  expect(rules).toEqual([
    { from: [{ source: { notRemoteIpBlocks: ["192.0.2.0/24"] } }], to: [{ operation: { ports, paths } }] },
    { from: [{ source: { remoteIpBlocks: ["192.0.2.7"] } }], to: [{ operation: { ports, paths } }] },
  ]);
  const { all } = await recordPolicies(...products({ addresses: {} }));
  expect(all(authorization)).toEqual([]);
});

describe("limits", () => {
  const filters = async (...routes: Route[]) => {
    const { inputs } = await recordPolicies(...routes);
    const patches = at<Inputs[]>(inputs(envoyFilter, "gate-limits"), "spec.configPatches");
    return patches.map((patch) => at<Inputs>(patch, "patch.value"));
  };
  const own = "(/api/products|/api/v1/products)([/?].*)?";

  test("are filters of the gateway's proxies alone, in front of the router", async () => {
    const { inputs } = await recordPolicies(...products({ maxBodyBytes: 1 }));
    const spec = at<Inputs>(inputs(envoyFilter, "gate-limits"), "spec");
    expect(spec).toMatchObject({ workloadSelector: { labels: selector }, priority: 10 });
    expect(spec.configPatches).toMatchObject([
      {
        applyTo: "HTTP_FILTER",
        match: {
          context: "GATEWAY",
          listener: { filterChain: { filter: { subFilter: { name: "envoy.filters.http.router" } } } },
        },
        patch: { operation: "INSERT_BEFORE" },
      },
    ]);
  });

  test("of rates: one bucket for a route and its versions, which fills in the time that was said", async () => {
    const [filter] = await filters(...products({ rateLimit: { requests: 10, per: "minute" } }));
    expect(at<object>(filter, "typed_config")).toMatchObject({
      "@type": "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
      filter_enabled: { default_value: { numerator: 100, denominator: "HUNDRED" } },
      filter_enforced: { default_value: { numerator: 100, denominator: "HUNDRED" } },
      enable_x_ratelimit_headers: "DRAFT_VERSION_03",
      rate_limits: [
        {
          actions: [
            {
              header_value_match: {
                descriptor_key: "route",
                descriptor_value: "shop/products",
                headers: [{ name: ":path", string_match: { safe_regex: { regex: own } } }],
              },
            },
          ],
        },
      ],
      descriptors: [
        {
          entries: [{ key: "route", value: "shop/products" }],
          token_bucket: { max_tokens: 10, tokens_per_fill: 10, fill_interval: "60s" },
        },
      ],
    });
    // Requests to other paths take from no bucket.
    expect(at<object>(filter, "typed_config")).not.toHaveProperty("token_bucket");
  });

  test("of rates by address: a bucket for each", async () => {
    const [filter] = await filters(...products({ rateLimit: { requests: 1, per: "second", by: "address" } }));
    expect(at<object[]>(filter, "typed_config.rate_limits.0.actions")[1]).toEqual({ remote_address: {} });
    expect(at<object[]>(filter, "typed_config.descriptors.0.entries")[1]).toEqual({ key: "remote_address" });
    expect(at<object>(filter, "typed_config")).toMatchObject({ max_dynamic_descriptors: 10_000 });
  });

  test("of bodies: at the route's paths, each with its own size, and not of WebSockets", async () => {
    const other = routeOf("a.b", "/a.b", { policies: { maxBodyBytes: 7 } });
    const [filter] = await filters(...products({ maxBodyBytes: 1_000 }), other);
    const matchers = at<Inputs[]>(filter, "typed_config.xds_matcher.matcher_list.matchers");
    const limit = "on_match.action.typed_config.typed_config.typed_config.config.root_id";
    const regex = "single_predicate.value_match.safe_regex.regex";
    const predicates = matchers.map((matcher) => at<Inputs[]>(matcher, "predicate.and_matcher.predicate"));
    expect(matchers.map((matcher, index) => [at(predicates[index]?.[0], regex), at(matcher, limit)])).toEqual([
      [own, "1000"],
      ["(/a\\.b)([/?].*)?", "7"],
    ]);
    const [upgrade, ...withBody] = at<Inputs[]>(predicates[0]?.at(-1), "not_matcher.and_matcher.predicate");
    expect(upgrade).toMatchObject({ single_predicate: { input: { name: "upgrade" } } });
    expect(withBody).toMatchObject([
      { not_matcher: { single_predicate: { input: { name: "content-length" } } } },
      { not_matcher: { single_predicate: { input: { name: "transfer-encoding" } } } },
    ]);
  });

  test("end where another route begins", async () => {
    const policies = { maxBodyBytes: 1, rateLimit: { requests: 1, per: "hour" } } as const;
    const [rate, body] = await filters(routeOf("shop", "/", { policies }), routeOf("products", "/api/products"));
    const headers = at<object>(rate, "typed_config.rate_limits.0.actions.0.header_value_match.headers");
    expect(headers).toMatchObject([
      { string_match: { safe_regex: { regex: "()([/?].*)?" } } },
      { string_match: { safe_regex: { regex: "(/api/products)([/?].*)?" } }, invert_match: true },
    ]);
    const predicates = at<object[]>(body, "typed_config.xds_matcher.matcher_list.matchers.0.predicate.and_matcher.predicate");
    expect(predicates).toMatchObject([
      { single_predicate: { value_match: { safe_regex: { regex: "()([/?].*)?" } } } },
      { not_matcher: { single_predicate: { value_match: { safe_regex: { regex: "(/api/products)([/?].*)?" } } } } },
      { not_matcher: { and_matcher: {} } },
    ]);
  });
});

describe("CORS", () => {
  test("says what pages may do, and nothing that was not asked for", () => {
    expect(corsPolicy({ origins: ["https://a.test"] })).toEqual({
      allowOrigins: [{ exact: "https://a.test" }],
      allowMethods: ["GET", "HEAD"],
      allowCredentials: false,
      maxAge: "600s",
      unmatchedPreflights: "IGNORE",
    });
  });

  test("takes every option", () => {
    const all = { methods: ["PUT"], headers: ["x-a"], expose: ["x-b"], credentials: true, maxAge: "30s" };
    expect(corsPolicy({ origins: ["*"], ...all })).toMatchObject({
      allowOrigins: [{ regex: ".*" }],
      allowMethods: ["PUT"],
      allowHeaders: ["x-a"],
      exposeHeaders: ["x-b"],
      allowCredentials: true,
      maxAge: "30s",
    });
  });
});

describe("what this gateway cannot hold", () => {
  const route = (policies: RoutePolicies, path = "/") => routeOf("products", path, { policies });

  test.each<[string, RoutePolicies, string]>([
    ["apiKeys", { apiKeys: { consumers: ["a"] } }, "apiKeys: not on Istio's gateway; allowed: none, or gateways: [kong]"],
    ["bots", { bots: {} }, "bots: not on Istio's gateway; allowed: none, or gateways: [kong]"],
    [
      "a limit for each consumer",
      { rateLimit: { requests: 1, per: "hour", by: "consumer" } },
      "rateLimit.by: consumer, not on Istio's gateway; allowed: everyone, address, or gateways: [kong]",
    ],
  ])("%s is named, with the service", (_what, policies, problem) => {
    expect(istioProblems(route(policies))).toEqual([`shop/products exposed.policies.${problem}`]);
    expect(istioProblems({ ...route(policies), gateways: ["kong"] })).toEqual([]);
  });

  test("one issuer with other keys for another service is named once", () => {
    const other = route({ jwt: { ...jwt, keys: [{ kty: "RSA" }] } }, "/other");
    const routes = [routeOf("shop", "/shop", { policies: { jwt } }), other, route({ jwt }, "/same")];
    expect(describeConflictingKeys(routes)).toEqual([
      "shop/products exposed.policies.jwt.keys: not those that shop/shop exposed.policies.jwt has for https://issuer.test; allowed: the same",
    ]);
  });

  test("what it can hold is no problem", () => {
    const rateLimit = { requests: 1, per: "hour", by: "address" } as const;
    expect(istioProblems(route({ jwt, rateLimit, maxBodyBytes: 1, addresses: {}, cors: { origins: ["*"] } }))).toEqual([]);
  });

  test("nothing of it is registered", async () => {
    await expect(recordPolicies(route({ bots: {}, apiKeys: { consumers: ["a"] } }))).rejects.toThrow(/apiKeys[\s\S]*bots/);
  });
});
