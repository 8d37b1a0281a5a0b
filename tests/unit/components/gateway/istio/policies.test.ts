import { describe, expect, test } from "vitest";
import { corsPolicy } from "../../../../../components/app/corsRule.ts";
import { istioFacts } from "../../../../../components/gateway/istio/facts.ts";
import { IstioPolicies } from "../../../../../components/gateway/istio/IstioPolicies.ts";
import { kongFacts } from "../../../../../components/gateway/kong/facts.ts";
import { callerHeaderPattern } from "../../../../../model/callerHeaders.ts";
import { conflictingKeys } from "../../../../../model/checks/policies.ts";
import { unsupportedPolicies } from "../../../../../model/gateway.ts";
import type { Jwt, RoutePolicies } from "../../../../../model/policies.ts";
import type { Route } from "../../../../../model/route.ts";
import { at, type Inputs, record } from "../../../../lib/mocks.ts";
import { routeOf } from "../../../support/routes.ts";

const authorization = "kubernetes:security.istio.io/v1:AuthorizationPolicy";
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
/** Whom the gateway refuses, beside everybody while its filters are missing. */
async function rulesOf(...routes: Route[]): Promise<Rule[]> {
  const { inputs } = await recordPolicies(...routes);
  return at<Rule[]>(inputs(authorization, "gate-refusals"), "spec.rules").slice(1);
}

/** The patches of the gateway's proxies alone. */
async function patchesOf(...routes: Route[]): Promise<Inputs[]> {
  const { inputs } = await recordPolicies(...routes);
  return patchesIn(inputs(envoyFilter, "gate"));
}

function patchesIn(filter: Inputs): Inputs[] {
  expect(filter).toMatchObject({
    metadata: { name: "gateway-policies", namespace: "istio-ingress" },
    spec: { workloadSelector: { labels: selector }, priority: 10 },
  });
  return at<Inputs[]>(filter, "spec.configPatches");
}

/** What is patched in, by its name. */
async function filterOf(name: string, ...routes: Route[]): Promise<Inputs> {
  const filters = (await patchesOf(...routes)).map((patch) => at<Inputs>(patch, "patch.value"));
  return at<Inputs>(
    filters.find((filter) => filter.name === name),
    "typed_config",
  );
}

const everyPolicy: RoutePolicies = {
  jwt,
  cors: { origins: ["*"] },
  rateLimit: { requests: 1, per: "hour" },
  maxBodyBytes: 1,
  addresses: { deny: ["192.0.2.7"] },
};

test("without a policy there are the same two objects as with all of them, so that each goes with a change and not with a deletion", async () => {
  const kong = routeOf("kong", "/kong", { gateways: ["kong"], policies: { ...everyPolicy, apiKeys: { consumers: ["a"] } } });
  const own = ["mesh:gateway:IstioPolicies", envoyFilter, authorization];
  const none = await recordPolicies(routeOf("shop", "/"), kong);
  expect(none.resources.map(({ type }) => type)).toEqual(own);
  expect((await recordPolicies(...products(everyPolicy))).resources.map(({ type }) => type)).toEqual(own);
  expect(await rulesOf(routeOf("shop", "/"), kong)).toEqual([]);
  expect(JSON.stringify(none.inputs(envoyFilter, "gate"))).not.toMatch(/cors|jwt_authn|mesh\.(rate|body)-limits/);
});

test("while the filters that judge requests are missing, everybody is refused", async () => {
  const { inputs, waits } = await recordPolicies(routeOf("shop", "/"));
  const [mark] = patchesIn(inputs(envoyFilter, "gate")).filter(({ patch }) => JSON.stringify(patch).includes("set_metadata"));
  expect(mark).toMatchObject({
    patch: {
      operation: "INSERT_FIRST",
      value: {
        typed_config: { metadata: [{ metadata_namespace: "envoy.filters.http.mesh", value: { policies: "in-force" } }] },
      },
    },
  });
  expect(inputs(authorization, "gate-refusals")).toMatchObject({
    metadata: { name: "gateway-policies", namespace: "istio-ingress" },
    spec: {
      selector: { matchLabels: selector },
      action: "DENY",
      rules: [
        {
          to: [{ operation: { ports } }],
          when: [{ key: "experimental.envoy.filters.http.mesh[policies]", notValues: ["in-force"] }],
        },
      ],
    },
  });
  expect(waits([authorization, "gate-refusals"], [envoyFilter, "gate"])).toBe(true);
});

test("what callers say in the name of a proxy is dropped before a route is chosen, and their address is what the gateway knows", async () => {
  const [early, filter] = await patchesOf(routeOf("shop", "/"));
  const mutation = "http.early_header_mutation.header_mutation.v3.HeaderMutation";
  const regex = callerHeaderPattern([], ["x-forwarded-for", "x-forwarded-proto"]);
  expect(early).toMatchObject({
    applyTo: "NETWORK_FILTER",
    patch: {
      operation: "MERGE",
      value: {
        typed_config: {
          strip_trailing_host_dot: true,
          early_header_mutation_extensions: [
            {
              typed_config: {
                "@type": `type.googleapis.com/envoy.extensions.${mutation}`,
                mutations: [{ remove_on_match: { key_matcher: { safe_regex: { regex } } } }],
              },
            },
          ],
        },
      },
    },
  });
  const header = { key: "x-forwarded-for", value: "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%" };
  expect(filter).toMatchObject({
    applyTo: "HTTP_FILTER",
    patch: {
      operation: "INSERT_FIRST",
      value: {
        typed_config: {
          mutations: {
            request_mutations: [
              { append: { header, append_action: "OVERWRITE_IF_EXISTS_OR_ADD" } },
              { remove: "x-envoy-external-address" },
            ],
          },
        },
      },
    },
  });
  const more = await record(
    () => new IstioPolicies("gate", { namespace: "n", selector, routes: [], stripHeaders: ["x-acme-*"] }),
  );
  expect(JSON.stringify(more.inputs(envoyFilter, "gate"))).toContain("|x[-_]acme[-_].*");
});

test("forged headers go before CORS is asked for, that before tokens are read, and limits come after whatever else may refuse", async () => {
  const patches = await patchesOf(...products(everyPolicy));
  const operation = (patch: Inputs) => at<string>(patch, "patch.operation");
  const named = (wanted: string) =>
    patches.filter((patch) => operation(patch) === wanted).map((patch) => at<string>(patch, "patch.value.name"));
  // Each comes to be in front of those before it.
  expect(named("INSERT_FIRST")).toEqual([
    "envoy.filters.http.jwt_authn",
    "envoy.filters.http.cors",
    "mesh.trustworthy-headers",
    "mesh.policies-in-force",
  ]);
  expect(named("INSERT_BEFORE")).toEqual(["mesh.rate-limits", "mesh.body-limits"]);
});

describe("tokens", () => {
  const readerOf = (...routes: Route[]) => filterOf("envoy.filters.http.jwt_authn", ...routes);
  const name = "shop/products";

  test("hold by the keys and the issuer, need an end, and are handed on to the service", async () => {
    const { providers } = await readerOf(...products({ jwt }));
    expect(at<Inputs>(providers, name)).toEqual({
      issuer: jwt.issuer,
      local_jwks: { inline_string: JSON.stringify({ keys: jwt.keys }) },
      require_expiration: true,
      clock_skew_seconds: 60,
      forward: true,
      from_headers: [{ name: "authorization", value_prefix: " " }],
    });
  });

  test("are read where they are demanded and nowhere else, from the header alone", async () => {
    const config = await readerOf(...products({ jwt }));
    const bearer = { name: "authorization", string_match: { safe_regex: { regex: expect.stringContaining("(?i:bearer) +") } } };
    const demanded = (path: string) => [
      { match: { path_separated_prefix: path, headers: [bearer] }, requires: { provider_name: name } },
      { match: { path_separated_prefix: path }, requires: { provider_name: `${name}, no token` } },
    ];
    expect(config.rules).toEqual([...demanded("/api/v1/products"), ...demanded("/api/products"), { match: { prefix: "/" } }]);
    expect(config).not.toHaveProperty("bypass_cors_preflight");
    expect(JSON.stringify(config)).not.toContain("from_params");
  });

  test("are not demanded at paths of other routes below", async () => {
    const [shop, route] = [routeOf("shop", "/", { policies: { jwt } }), routeOf("products", "/api/products")];
    const { rules } = await readerOf(shop, route);
    expect(rules).toMatchObject([
      { match: { path_separated_prefix: "/api/products" } },
      { match: { prefix: "/", headers: [{}] }, requires: { provider_name: "shop/shop" } },
      { match: { prefix: "/" }, requires: { provider_name: "shop/shop, no token" } },
    ]);
    expect(at<Inputs[]>(rules, "0")).not.toHaveProperty("requires");
  });

  test("must be for one of the audiences where there are any", async () => {
    const { providers } = await readerOf(...products({ jwt: { ...jwt, audiences: ["shop", "app"] } }));
    expect(at(providers, name)).toMatchObject({ audiences: ["shop", "app"] });
  });
});

test("addresses: all but the allowed are refused, and the denied, by the address that cannot be made up", async () => {
  const rules = await rulesOf(...products({ addresses: { allow: ["192.0.2.0/24"], deny: ["192.0.2.7"] } }));
  expect(rules).toEqual([
    { from: [{ source: { notRemoteIpBlocks: ["192.0.2.0/24"] } }], to: [{ operation: { ports, paths } }] },
    { from: [{ source: { remoteIpBlocks: ["192.0.2.7"] } }], to: [{ operation: { ports, paths } }] },
  ]);
  expect(await rulesOf(...products({ addresses: {} }))).toEqual([]);
  // At one path alone, and not where another route begins.
  const [shop, route] = [routeOf("shop", "/", { policies: { addresses: { deny: ["192.0.2.7"] } } }), routeOf("a", "/a")];
  expect((await rulesOf(shop, route))[0]?.to[0]?.operation).toEqual({ ports, paths: ["/*"], notPaths: ["/a", "/a/*"] });
});

test("trusted proxies are believed as many hops as they are, and nobody else may connect", async () => {
  const addresses = ["192.0.2.0/24"];
  const trustedProxies = { count: 2, addresses };
  const { inputs } = await record(() => new IstioPolicies("gate", { namespace: "n", selector, routes: [], trustedProxies }));
  expect(at<object[]>(inputs(authorization, "gate-refusals"), "spec.rules")).toContainEqual({
    from: [{ source: { notIpBlocks: addresses } }],
    to: [{ operation: { ports } }],
  });
  const hops = (filter: Inputs) => at(filter, "spec.configPatches.0.patch.value.typed_config.xff_num_trusted_hops");
  expect(hops(inputs(envoyFilter, "gate"))).toBe(2);
  expect(hops((await recordPolicies()).inputs(envoyFilter, "gate"))).toBeUndefined();
});

describe("limits", () => {
  const filters = async (...routes: Route[]) => {
    const patches = (await patchesOf(...routes)).filter(({ patch }) => at(patch, "operation") === "INSERT_BEFORE");
    return patches.map((patch) => at<Inputs>(patch, "patch.value"));
  };
  const own = "(/api/products|/api/v1/products)([/?].*)?";

  test("are filters of the gateway's proxies alone, in front of the router", async () => {
    const patches = await patchesOf(...products({ maxBodyBytes: 1 }));
    const filter = { name: "envoy.filters.network.http_connection_manager", subFilter: { name: "envoy.filters.http.router" } };
    expect(patches).toContainEqual({
      applyTo: "HTTP_FILTER",
      match: { context: "GATEWAY", listener: { filterChain: { filter } } },
      patch: { operation: "INSERT_BEFORE", value: expect.objectContaining({ name: "mesh.body-limits" }) },
    });
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
    ["apiKeys", { apiKeys: { consumers: ["a"] } }, "apiKeys is not supported by Istio's gateway; allowed: none"],
    ["bots", { bots: {} }, "bots is not supported by Istio's gateway; allowed: none"],
    [
      "a limit for each consumer",
      { rateLimit: { requests: 1, per: "hour", by: "consumer" } },
      "rateLimit.by is not supported by Istio's gateway; allowed: everyone, address",
    ],
  ])("%s is named, with the service", async (_what, policies, problem) => {
    expect(unsupportedPolicies(istioFacts, policies)).toHaveLength(1);
    expect(unsupportedPolicies(kongFacts, { apiKeys: { consumers: ["a"] }, ...policies })).toEqual([]);
    await expect(recordPolicies(route(policies))).rejects.toThrow(new Error(`shop/products policies.${problem}`));
    await recordPolicies({ ...route(policies), gateways: ["kong"] });
  });

  test("one issuer with other keys for another service is named once", () => {
    const other = route({ jwt: { ...jwt, keys: [{ kty: "RSA" }] } }, "/other");
    const routes = [routeOf("shop", "/shop", { policies: { jwt } }), other, route({ jwt }, "/same")];
    const found = conflictingKeys(routes).map(({ service, first, issuer }) => [service.path, first.path, issuer]);
    expect(found).toEqual([["/other", "/shop", "https://issuer.test"]]);
  });

  test("what it can hold is no problem", () => {
    const rateLimit = { requests: 1, per: "hour", by: "address" } as const;
    expect(unsupportedPolicies(istioFacts, { jwt, rateLimit, maxBodyBytes: 1, addresses: {}, cors: { origins: ["*"] } })).toEqual(
      [],
    );
  });

  test("nothing of it is registered", async () => {
    await expect(recordPolicies(route({ bots: {}, apiKeys: { consumers: ["a"] } }))).rejects.toThrow(/bots[\s\S]*apiKeys/);
  });
});
