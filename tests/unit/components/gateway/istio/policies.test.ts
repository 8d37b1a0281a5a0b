import { describe, expect, test } from "vitest";
import { corsPolicy } from "../../../../../components/app/corsRule.ts";
import { istioFacts } from "../../../../../components/gateway/istio/facts.ts";
import { IstioPolicies, type IstioPoliciesArgs } from "../../../../../components/gateway/istio/IstioPolicies.ts";
import type { HeaderMatcher } from "../../../../../components/gateway/istio/regions.ts";
import { kongFacts } from "../../../../../components/gateway/kong/facts.ts";
import { callerHeaderPattern } from "../../../../../model/callerHeaders.ts";
import { conflictingKeys } from "../../../../../model/checks/policies.ts";
import { unsupportedPolicies } from "../../../../../model/gateway.ts";
import type { Addresses, Jwt, RoutePolicies } from "../../../../../model/policies.ts";
import type { Route } from "../../../../../model/route.ts";
import { at, type Inputs, record } from "../../../../lib/mocks.ts";
import { oneHost, routeOf } from "../../../support/routes.ts";
import { holds, type Request } from "../../../support/takers.ts";

const authorization = "kubernetes:security.istio.io/v1:AuthorizationPolicy";
const envoyFilter = "kubernetes:networking.istio.io/v1alpha3:EnvoyFilter";

const selector = { istio: "ingressgateway" };
const jwt: Jwt = { issuer: "https://issuer.test", keys: [{ kty: "EC", crv: "P-256", x: "x", y: "y" }] };

const recordPolicies = (...routes: Route[]) => recordWith({ routes });
const recordWith = (changes: Partial<IstioPoliciesArgs>) =>
  record(() => new IstioPolicies("gate", { namespace: "istio-ingress", selector, routes: [], tls: oneHost, ...changes }));

/** Products below a shop that has no policies, and what a policy of theirs comes to. */
function products(policies: RoutePolicies): Route[] {
  const route = routeOf("products", "/api/products", { versioned: "/api/{version}/products", versions: ["v1"], policies });
  return [routeOf("shop", "/"), route];
}
const ports = ["8080", "8443"];

/** The patches of the gateway's proxies alone. */
async function patchesOf(...routes: Route[]): Promise<Inputs[]> {
  return patchesWith({ routes });
}

async function patchesWith(changes: Partial<IstioPoliciesArgs>): Promise<Inputs[]> {
  const { inputs } = await recordWith(changes);
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
  return filterIn(await patchesOf(...routes), name);
}

function filterIn(patches: readonly Inputs[], name: string): Inputs {
  const filters = patches.map((patch) => at<Inputs>(patch, "patch.value"));
  return at<Inputs>(
    filters.find((filter) => filter.name === name),
    "typed_config",
  );
}

/** A header of a request that has to be, or must not be, what a regular expression says. */
const header = (name: string, regex: string, invert = false): HeaderMatcher => ({
  name,
  string_match: { safe_regex: { regex } },
  ...(invert && { invert_match: true as const }),
});
/** The requests of {@link products}, as a policy of theirs has them. */
const regions = ["/api/v1/products", "/api/products"].map((path) => [header(":path", `${path}([/?].*)?`)]);

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
  expect(at(none.inputs(authorization, "gate-refusals"), "spec.rules")).toHaveLength(1);
  expect(JSON.stringify(none.inputs(envoyFilter, "gate"))).not.toMatch(/cors|jwt_authn|mesh\.(methods|addresses|rate|body)/);
});

test("of a guarded exposure other methods are refused, and everybody whose host is none", async () => {
  const guarded = routeOf("shop", "/shop", { methods: ["GET", "HEAD"], isGuarded: true });
  const patches = await patchesOf(guarded, routeOf("other", "/other", { methods: ["POST"] }));
  const rules = (name: string) => at<{ action: string; policies: Record<string, object> }>(filterIn(patches, name), "rules");
  const refused = (...headers: HeaderMatcher[]) => ({
    permissions: [{ and_rules: { rules: headers.map((one) => ({ header: one })) } }],
    principals: [{ any: true }],
  });
  const own = header(":path", "/shop([/?].*)?");
  expect(rules("mesh.methods")).toEqual({
    action: "DENY",
    policies: { "shop/shop.page": refused(own, header(":method", "GET|HEAD", true)) },
  });
  const { policies } = rules("mesh.hosts");
  const [host] = at<{ and_rules: { rules: { header: HeaderMatcher }[] } }[]>(policies.malformed as Inputs, "permissions").flatMap(
    ({ and_rules }) => and_rules.rules,
  );
  const isRefused = (text: string) => !new RegExp(`^(${host?.header.string_match.safe_regex.regex})$`).test(text);
  expect(host?.header).toMatchObject({ name: ":authority", invert_match: true });
  for (const written of ["a.example", "A.example:8443", "localhost:80", "192.0.2.1", "[2001:db8::1]:443", "a_b.svc"])
    expect([written, isRefused(written)]).toEqual([written, false]);
  for (const written of ["a.example:", "a.example:x", "a:1.example:1", "[x].example", "[a:b].example", "x]:1", ""])
    expect([written, isRefused(written)]).toEqual([written, true]);
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
  expect(JSON.stringify(await patchesWith({ stripHeaders: ["x-acme-*"] }))).toContain("|x[-_]acme[-_].*");
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
  expect(named("INSERT_BEFORE")).toEqual(["mesh.hosts", "mesh.addresses", "mesh.rate-limits", "mesh.body-limits"]);
});

/** The conditions of a limit of bodies: all of one of these alternatives hold. */
function alternatives(matcher: Inputs): Inputs[][] {
  const { predicate } = matcher as { readonly predicate: Inputs };
  const any = (predicate.or_matcher as { readonly predicate: Inputs[] } | undefined)?.predicate ?? [predicate];
  return any.map((one) => at<Inputs[]>(one, "and_matcher.predicate"));
}

describe("tokens", () => {
  const readerOf = (...routes: Route[]) => filterOf("envoy.filters.http.jwt_authn", ...routes);
  const name = "shop/products.page";

  test("hold by the keys and the issuer, need an end, and are handed on to the service", async () => {
    const { providers } = await readerOf(...products({ jwt }));
    expect((providers as Inputs)[name]).toEqual({
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
    const demanded = (headers: object[]) => [
      { match: { prefix: "/", headers: [...headers, bearer] }, requires: { provider_name: name } },
      { match: { prefix: "/", headers }, requires: { provider_name: `${name}, no token` } },
    ];
    expect(config.rules).toEqual(regions.flatMap(demanded));
    expect(config).not.toHaveProperty("bypass_cors_preflight");
    expect(JSON.stringify(config)).not.toContain("from_params");
  });

  test("must be for one of the audiences where there are any", async () => {
    const { providers } = await readerOf(...products({ jwt: { ...jwt, audiences: ["shop", "app"] } }));
    expect((providers as Inputs)[name]).toMatchObject({ audiences: ["shop", "app"] });
  });
});

describe("addresses", () => {
  const range = (address_prefix: string, prefix_len: number) => ({ remote_ip: { address_prefix, prefix_len } });
  const allBut = (...ids: object[]) => ({ not_id: { or_ids: { ids } } });

  test.each<[string, Addresses, object[]]>([
    [
      "that are allowed",
      { allow: ["192.0.2.0/24", "198.51.100.7/32"] },
      [allBut(range("192.0.2.0", 24), range("198.51.100.7", 32))],
    ],
    ["that are denied", { deny: ["192.0.2.7/32", "198.51.100.0/24"] }, [range("192.0.2.7", 32), range("198.51.100.0", 24)]],
    [
      "of both kinds",
      { allow: ["192.0.2.0/24"], deny: ["192.0.2.7/32"] },
      [allBut(range("192.0.2.0", 24)), range("192.0.2.7", 32)],
    ],
    [
      "of IPv6",
      { allow: ["2001:db8::/32"], deny: ["2001:db8::1/128"] },
      [allBut(range("2001:db8::", 32)), range("2001:db8::1", 128)],
    ],
  ])("%s decide who is refused, by the one that cannot be made up", async (_what, addresses, principals) => {
    expect(await filterOf("mesh.addresses", ...products({ addresses }))).toEqual({
      "@type": "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC",
      rules: {
        action: "DENY",
        policies: {
          "shop/products.page": {
            permissions: regions.map((region) => ({ and_rules: { rules: region.map((one) => ({ header: one })) } })),
            principals,
          },
        },
      },
    });
  });

  test("of several exposures are judged for each", async () => {
    const [one, other] = ["192.0.2.7/32", "192.0.2.8/32"].map((address) => ({ addresses: { deny: [address] } }));
    const routes = [
      routeOf("shop", "/", { policies: one ?? {} }),
      routeOf("shop", "/a", { exposure: "a", policies: other ?? {} }),
    ];
    const policies = at<object>(await filterOf("mesh.addresses", ...routes), "rules.policies");
    expect(policies).toMatchObject({
      "shop/shop.page": { principals: [range("192.0.2.7", 32)] },
      "shop/shop.a": { principals: [range("192.0.2.8", 32)] },
    });
  });
});

describe("a policy is for the requests of its exposure alone", () => {
  const predicate = (one: Inputs): HeaderMatcher[] => {
    const inner = at<Inputs | undefined>(one, "not_matcher");
    const { input, value_match } = at<{ input: object; value_match: object }>(inner ?? one, "single_predicate") ?? {};
    const name = at<string>(input, "typed_config.header_name");
    return name ? [header(name, at<string>(value_match, "safe_regex.regex"), inner !== undefined)] : [];
  };

  /** Where the policies of one exposure hold, each as its filter has it. */
  function regionsIn(patches: readonly Inputs[], name: string): Record<string, HeaderMatcher[][]> {
    const filter = (of: string) => filterIn(patches, of);
    const rules = at<{ match: { headers: HeaderMatcher[] }; requires: object }[]>(
      filter("envoy.filters.http.jwt_authn"),
      "rules",
    );
    const permissions = at<{ and_rules: { rules: { header: HeaderMatcher }[] } }[]>(
      at<Inputs>(filter("mesh.addresses"), "rules.policies")[name],
      "permissions",
    );
    const actions = at<{ actions: { header_value_match: { descriptor_value: string; headers: HeaderMatcher[] } }[] }[]>(
      filter("mesh.rate-limits"),
      "rate_limits",
    ).flatMap((limit) => limit.actions);
    const bodies = at<Inputs[]>(filter("mesh.body-limits"), "xds_matcher.matcher_list.matchers");
    return {
      jwt: rules.filter(({ requires }) => JSON.stringify(requires).includes("no token")).map(({ match }) => match.headers),
      addresses: permissions.map(({ and_rules }) => and_rules.rules.map((rule) => rule.header)),
      rateLimit: actions.map(({ header_value_match }) => header_value_match.headers),
      maxBodyBytes: bodies.flatMap(alternatives).map((own) => own.flatMap(predicate)),
    };
  }

  const { cors: _, ...policies } = everyPolicy;
  const tls = { hosts: ["shop.example.com", "*.example.org", "x.example.org"], plaintext: true };

  test.each<[string, Route, Route[], [Request, boolean][]]>([
    [
      "whose path is everything, up to where others begin",
      routeOf("shop", "/", { policies }),
      [routeOf("a", "/a"), routeOf("a", "/e", { exposure: "exact", exact: true })],
      [
        [{ path: "/" }, true],
        [{ path: "/?a=/a" }, true],
        [{ path: "/ab" }, true],
        [{ path: "/e/f" }, true],
        [{ path: "/a" }, false],
        [{ path: "/a?b=c" }, false],
        [{ path: "/a/b" }, false],
        [{ path: "/e" }, false],
        [{ path: "/e?f=g" }, false],
        [{ path: "/", host: "shop.example.com", method: "POST" }, true],
      ],
    ],
    [
      "whose path has letters that mean something else, and versions",
      routeOf("shop", "/a.b", { policies, versioned: "/a.b/{version}", versions: ["v1", "v2"] }),
      [routeOf("shop", "/a.b/v2/c", { exposure: "c" })],
      [
        [{ path: "/a.b/c" }, true],
        [{ path: "/a.b/v2" }, true],
        [{ path: "/a.b/v2/d" }, true],
        [{ path: "/a.b/v2/c" }, false],
        [{ path: "/a-b" }, false],
      ],
    ],
    [
      "that is exact",
      routeOf("shop", "/a", { policies, exact: true }),
      [],
      [
        [{ path: "/a" }, true],
        [{ path: "/a?b" }, true],
        [{ path: "/a/" }, false],
        [{ path: "/a/b" }, false],
      ],
    ],
    [
      "that has methods of its own",
      routeOf("shop", "/a", { policies, exposure: "get", methods: ["GET", "HEAD"] }),
      [routeOf("shop", "/a", { exposure: "post", methods: ["POST"] })],
      [
        [{ path: "/a" }, true],
        [{ path: "/a/b", method: "HEAD" }, true],
        [{ path: "/a", method: "POST" }, false],
        [{ path: "/a", method: "OPTIONS" }, false],
        [{ path: "/a", method: "GETS" }, false],
      ],
    ],
    [
      "that has the methods which another one has not",
      routeOf("shop", "/a", { policies, exposure: "post", methods: ["POST"] }),
      [routeOf("shop", "/a", { exposure: "get", methods: ["GET", "HEAD"] })],
      [
        [{ path: "/a", method: "POST" }, true],
        [{ path: "/a", method: "OPTIONS" }, true],
        [{ path: "/a", method: "HEAD" }, false],
      ],
    ],
    [
      "of one host",
      routeOf("shop", "/a", { policies, hosts: ["shop.example.com"] }),
      [routeOf("all", "/")],
      [
        [{ path: "/a", host: "shop.example.com" }, true],
        [{ path: "/a", host: "Shop.Example.com:8443" }, true],
        [{ path: "/a", host: "shopXexample.com" }, false],
        [{ path: "/a", host: "x.example.org" }, false],
        [{ path: "/a" }, false],
        [{ path: "/b", host: "shop.example.com" }, false],
      ],
    ],
    [
      "of all hosts, but one that has others there",
      routeOf("all", "/", { policies }),
      [routeOf("shop", "/a", { hosts: ["shop.example.com"] })],
      [
        [{ path: "/a" }, true],
        [{ path: "/a", host: "x.example.org" }, true],
        [{ path: "/a", host: "a.example.org:443" }, true],
        [{ path: "/b", host: "shop.example.com" }, true],
        [{ path: "/a", host: "SHOP.example.com" }, false],
        [{ path: "/a/b", host: "shop.example.com:80" }, false],
      ],
    ],
    [
      "of the hosts below a name, but one that has others there",
      routeOf("below", "/", { policies, hosts: ["*.example.org"] }),
      [routeOf("all", "/"), routeOf("own", "/a", { hosts: ["x.example.org"] })],
      [
        [{ path: "/a", host: "a.example.org" }, true],
        [{ path: "/a", host: "a.b.example.org:8443" }, true],
        [{ path: "/b", host: "X.example.org" }, true],
        [{ path: "/a", host: "X.example.org" }, false],
        [{ path: "/a", host: "example.org" }, false],
        [{ path: "/a", host: "shop.example.com" }, false],
        [{ path: "/a" }, false],
      ],
    ],
  ])("%s", async (_what, route, others, requests) => {
    const patches = await patchesWith({ routes: [...others, route], tls });
    const name = `shop/${route.delegate.name}`;
    for (const [policy, found] of Object.entries(regionsIn(patches, name))) {
      for (const [request, isMeant] of requests) {
        const count = found.filter((region) => holds(region, request)).length;
        expect([policy, request, count]).toEqual([policy, request, isMeant ? 1 : 0]);
      }
    }
  });

  test("and there is none where it has no request left", async () => {
    const hidden = routeOf("all", "/a", { policies });
    const route = routeOf("own", "/", { hosts: oneHost.hosts });
    const patches = await patchesWith({ routes: [hidden, route], tls: { ...oneHost, plaintext: false } });
    expect(patches.map((patch) => at(patch, "patch.value.name"))).not.toContain("mesh.addresses");
    expect(JSON.stringify(patches)).not.toContain('":path"');
  });
});

test("trusted proxies are believed as many hops as they are, and nobody else may connect", async () => {
  const addresses = ["192.0.2.0/24"];
  const trustedProxies = { count: 2, addresses };
  const { inputs } = await recordWith({ trustedProxies });
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
    return patches.map((patch) => at<Inputs>(patch, "patch.value")).filter(({ name }) => name !== "mesh.hosts");
  };

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
      rate_limits: regions.map((headers) => ({
        actions: [{ header_value_match: { descriptor_key: "route", descriptor_value: "shop/products.page", headers } }],
      })),
      descriptors: [
        {
          entries: [{ key: "route", value: "shop/products.page" }],
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
    expect(matchers.map((matcher) => [alternatives(matcher).map(([path]) => at(path, regex)), at(matcher, limit)])).toEqual([
      [["/api/v1/products([/?].*)?", "/api/products([/?].*)?"], "1000"],
      [["/a\\.b([/?].*)?"], "7"],
    ]);
    const [[...predicates] = []] = matchers.flatMap(alternatives);
    const [upgrade, ...withBody] = at<Inputs[]>(predicates.at(-1), "not_matcher.and_matcher.predicate");
    expect(upgrade).toMatchObject({ single_predicate: { input: { name: "upgrade" } } });
    expect(withBody).toMatchObject([
      { not_matcher: { single_predicate: { input: { name: "content-length" } } } },
      { not_matcher: { single_predicate: { input: { name: "transfer-encoding" } } } },
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
    await expect(recordPolicies(route(policies))).rejects.toThrow(new Error(`shop/products exposed.page.policies.${problem}`));
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
