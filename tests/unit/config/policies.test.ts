import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { CallGraph } from "../../../model/callGraph.ts";
import { routesOf } from "../../../model/route.ts";
import { factsOf } from "../../lib/shop.ts";
import { plan, problems, product, serviceOf, shop } from "../support/config.ts";

/** Kong runs too, so that what it cannot do is refused as well. */
const both = { "mesh:sources": "published" };

const policies = (settings: Record<string, unknown>, exposed: Record<string, unknown> = {}) => ({
  ...both,
  ...product({ exposed: { products: { policies: settings, ...exposed } } }),
});
const kongAlone = { gateways: ["kong"] };
const istioAlone = { gateways: ["istio"] };

const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
const key = pair.publicKey.export({ format: "jwk" });
const otherKey = generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey.export({ format: "jwk" });
const jwt = (changes: Record<string, unknown> = {}) => ({ jwt: { issuer: "https://id.example.com", keys: [key], ...changes } });

type Case = readonly [what: string, changes: Record<string, unknown>, sentence: string | RegExp];

function refused(cases: readonly Case[]): void {
  test.each(cases)("%s", (_what, changes, sentence) => {
    const matching = typeof sentence === "string" ? expect.stringContaining(sentence) : expect.stringMatching(sentence);
    expect(problems(changes)).toEqual([matching]);
  });
}

test("what is demanded comes through as it is", () => {
  const demanded = {
    rateLimit: { requests: 100, per: "minute", by: "address" },
    ...jwt(),
    cors: { origins: ["https://example.com", "http://localhost:3000"], methods: ["GET"], credentials: true, maxAge: "10m" },
    maxBodyBytes: 1_000,
    addresses: { allow: ["10.0.0.0/8", "2001:db8::/32"], deny: ["10.1.0.0/16"] },
  };
  expect(serviceOf(plan(policies(demanded)), "product").exposed?.products?.policies).toEqual(demanded);
  expect(serviceOf(plan(both), "product").exposed?.products).not.toHaveProperty("policies");
});

test("what Kong alone can do is demanded where Kong alone offers the service", () => {
  const demanded = {
    rateLimit: { requests: 1, per: "hour", by: "consumer" },
    apiKeys: { consumers: ["alice", "bob"], header: "x-key" },
    bots: { deny: ["^curl/"] },
  };
  const { exposed } = serviceOf(plan(policies(demanded, kongAlone)), "product");
  expect(exposed?.products).toMatchObject({ policies: demanded, gateways: ["kong"] });
  expect(problems({ ...policies(demanded), "mesh:gateway": "kong" })).toEqual([]);
});

describe("a single demand", () => {
  refused([
    [
      "unknown",
      policies({ waf: true }),
      "mesh:apps.product.product.exposed.products.policies.waf is not a key; allowed: rateLimit, jwt",
    ],
    [
      "no requests at all",
      policies({ rateLimit: { requests: 0, per: "second" } }),
      "policies.rateLimit.requests is 0; allowed: a whole number from 1",
    ],
    [
      "requests of no time",
      policies({ rateLimit: { requests: 1 } }),
      "policies.rateLimit.per is not given; allowed: one of second, minute, hour",
    ],
    [
      "counted by luck",
      policies({ rateLimit: { requests: 1, per: "hour", by: "luck" } }),
      'rateLimit.by is "luck"; allowed: one of everyone',
    ],
    [
      "counted by consumer without keys",
      policies({ rateLimit: { requests: 1, per: "hour", by: "consumer" } }),
      'rateLimit.by is "consumer"; allowed: consumer only with apiKeys',
    ],
    ["tokens of nobody", policies(jwt({ issuer: "" })), 'policies.jwt.issuer is ""; allowed: what tokens have as `iss`'],
    [
      "tokens without keys",
      policies(jwt({ keys: [] })),
      "policies.jwt.keys is refused; allowed: a list of public keys as JSON Web Keys, at least 1",
    ],
    [
      "a key in another form",
      policies(jwt({ keys: ["PEM"] })),
      "policies.jwt.keys[0] is refused; allowed: a public key as JSON Web Key",
    ],
    ["half a key", policies(jwt({ keys: [{ kty: "EC", crv: "P-256", x: "a" }] })), "allowed: a whole public key"],
    [
      "a key that signs too",
      policies(jwt({ keys: [{ kty: "oct", k: "c2VjcmV0" }] })),
      "allowed: the public half of a key of RSA or EC alone",
    ],
    [
      "a key of a kind nobody verifies",
      policies(jwt({ keys: [{ kty: "OKP", crv: "Ed25519", x: "a" }] })),
      "allowed: a public key of RSA, or of EC",
    ],
    ["an origin with a path", policies({ cors: { origins: ["https://example.com/shop"] } }), "policies.cors.origins[0] is"],
    ["no origin", policies({ cors: { origins: [] } }), "policies.cors.origins is []; allowed: a list of origins, at least 1"],
    ["any origin beside another", policies({ cors: { origins: ["*", "https://example.com"] } }), "allowed: * alone"],
    [
      "any origin with credentials",
      policies({ cors: { origins: ["*"], credentials: true } }),
      "policies.cors.credentials is true; allowed: false with origin *",
    ],
    [
      "a method that is none",
      policies({ cors: { origins: ["*"], methods: ["get"] } }),
      'cors.methods[0] is "get"; allowed: one of GET, HEAD',
    ],
    [
      "a header that is none",
      policies({ cors: { origins: ["*"], headers: ["X Y"] } }),
      'cors.headers[0] is "X Y"; allowed: the name of a header',
    ],
    [
      "an answer remembered for no time",
      policies({ cors: { origins: ["*"], maxAge: "0s" } }),
      'cors.maxAge is "0s"; allowed: a duration',
    ],
    [
      "an answer remembered for parts of a second",
      policies({ cors: { origins: ["*"], maxAge: "1.5s" } }),
      'cors.maxAge is "1.5s"; allowed: a duration from 1s to 1440m in whole seconds',
    ],
    [
      "tokens of whoever",
      policies(jwt({ issuer: "https://*" })),
      'policies.jwt.issuer is "https://*"; allowed: what tokens have as `iss`: text without spaces and stars',
    ],
    [
      "a key that says of itself what nobody reads",
      policies(jwt({ keys: [{ ...key, kid: 7 }] })),
      "allowed: what RFC 7517 has as kid of a public key, or nothing",
    ],
    [
      "a key with a certificate that is none",
      policies(jwt({ keys: [{ ...key, x5c: ["AQID"] }] })),
      "allowed: what RFC 7517 has as x5c of a public key, or nothing",
    ],
    [
      "an address of IPv4 written as IPv6",
      policies({ addresses: { deny: ["::ffff:10.0.0.1/120"] } }),
      'addresses.deny[0] is "::ffff:10.0.0.1/120"; allowed: addresses in CIDR notation',
    ],
    ["an address of one network card", policies({ addresses: { deny: ["fe80::1%eth0/64"] } }), "addresses.deny[0] is"],
    [
      "keys in a header of the connection",
      policies({ apiKeys: { consumers: ["a"], header: "content-length" } }, kongAlone),
      'apiKeys.header is "content-length"; allowed: a header of its own',
    ],
    ["no body at all", policies({ maxBodyBytes: 0 }), "policies.maxBodyBytes is 0; allowed: a whole number from 1"],
    ["neither allowed nor denied", policies({ addresses: {} }), "policies.addresses is {}; allowed: allow, deny or both"],
    [
      "an address without a size",
      policies({ addresses: { deny: ["10.0.0.1"] } }),
      'addresses.deny[0] is "10.0.0.1"; allowed: addresses in CIDR notation',
    ],
    ["keys for nobody", policies({ apiKeys: { consumers: [] } }, kongAlone), "apiKeys.consumers is []; allowed: a list of names"],
    [
      "keys for one twice",
      policies({ apiKeys: { consumers: ["a", "a"] } }, kongAlone),
      'apiKeys.consumers[1] is "a"; allowed: what the list does not have',
    ],
    [
      "a consumer without a name",
      policies({ apiKeys: { consumers: ["A B"] } }, kongAlone),
      'apiKeys.consumers[0] is "A B"; allowed: lower-case',
    ],
    ...["(?i)curl", "(?<name>a)", "\\u0041", "[]a]", "(a)\\1", "a{70000}"].map(
      (wrong): Case => [
        "an expression that Kong reads otherwise",
        policies({ bots: { deny: [wrong] } }, kongAlone),
        "bots.deny[0] is",
      ],
    ),
    [
      "an expression that is none",
      policies({ bots: { deny: ["("] } }, kongAlone),
      'bots.deny[0] is "("; allowed: a regular expression',
    ],
  ]);
});

test("of a key that is refused, its private half is not printed", () => {
  const { d, ...rest } = pair.privateKey.export({ format: "jwk" });
  const [problem = ""] = problems(policies(jwt({ keys: [{ ...rest, d }] })));
  expect(problem).toContain("the public half");
  expect(problem).not.toContain(d);
});

describe("what a gateway cannot do for a service that it offers", () => {
  const keys = { apiKeys: { consumers: ["a"] } };
  const twoKeys = (first: string, second: string) => [
    { ...key, kid: first },
    { ...otherKey, kid: second },
  ];
  /** What the product service demands, and what the backend does. */
  const onBoth = (ofProduct: Record<string, unknown>, ofBackend: Record<string, unknown>) => ({
    ...both,
    "mesh:apps": {
      product: { product: { exposed: { products: { policies: ofProduct } } } },
      prod: { backend: { exposed: { api: { policies: ofBackend } } } },
    },
  });
  refused([
    [
      "API keys at Istio's gateway",
      policies(keys),
      'mesh:apps.product.product.exposed.products.policies.apiKeys is {"consumers":["a"]}; allowed: none while Istio\'s gateway offers the service; exposed.products.gateways: [kong] leaves it to Kong',
    ],
    [
      "robots at Istio's gateway alone",
      { ...policies({ bots: {} }), "mesh:gateway": "istio" },
      /^mesh:apps\.product\.product\.exposed\.products\.policies\.bots is \{\}; allowed: none while Istio's gateway offers the service$/,
    ],
    [
      "API keys where Kong's parts are missing",
      shop({ backend: { exposed: { api: { policies: keys } } } }),
      /^mesh:apps\.prod\.backend\.exposed\.api\.policies\.apiKeys is .*; allowed: none while Istio's gateway offers the service$/,
    ],
    [
      "audiences at Kong",
      policies(jwt({ audiences: ["shop"] })),
      'policies.jwt.audiences is ["shop"]; allowed: none while Kong offers the service',
    ],
    [
      "two keys at Kong that tokens cannot name",
      policies(jwt({ keys: [{ ...key, kid: "1" }, otherKey] })),
      "keys[1] is refused; allowed: a kid for each of several keys while Kong offers the service; exposed.products.gateways: [istio] leaves it to Istio's gateway",
    ],
    [
      "a kid of two issuers at Kong",
      onBoth(jwt({ keys: twoKeys("1", "2") }), jwt({ issuer: "https://other.example.com", keys: twoKeys("3", "2") })),
      "mesh:apps.prod.backend.exposed.api.policies.jwt.keys[1] is refused; allowed: a key whose kid no other issuer has (2 is one of https://id.example.com) while Kong offers the service; exposed.api.gateways: [istio]",
    ],
    [
      "tokens and keys at Kong",
      policies({ ...jwt(), ...keys }, kongAlone),
      "allowed: jwt or apiKeys while Kong offers the service",
    ],
    [
      "a gateway that does not run",
      product({ exposed: { products: kongAlone } }),
      'mesh:apps.product.product.exposed.products.gateways[0] is "kong"; allowed: a gateway that runs: istio',
    ],
    [
      "one issuer with other keys",
      onBoth(jwt(), jwt({ keys: [otherKey] })),
      "mesh:apps.prod.backend.exposed.api.policies.jwt.keys is refused; allowed: the keys that product/product has for https://id.example.com",
    ],
  ]);

  test("an exposure may name the gateways that offer it, and the others do not", () => {
    const gatewaysOf = (changes: Record<string, unknown>) => {
      const { applications, gateways } = plan({ ...both, ...changes });
      const routes = applications.flatMap((application) => routesOf(application, gateways));
      return Object.fromEntries(routes.map(({ delegate, gateways }) => [delegate.name, gateways]));
    };
    const all = ["kong", "istio"];
    expect(gatewaysOf({})).toMatchObject({
      "product-exposed": all,
      "frontend-exposed": all,
      "backend-exposed": all,
      "backend.events": all,
    });
    const settings = {
      product: { product: { exposed: { products: kongAlone } } },
      prod: { frontend: { exposed: { page: istioAlone } }, backend: { exposed: { api: kongAlone } } },
    };
    expect(gatewaysOf({ "mesh:apps": settings })).toMatchObject({
      "product-exposed": ["kong"],
      "frontend-exposed": ["istio"],
      "backend-exposed": ["kong"],
      "backend.events": all,
    });
  });

  test("a service may name the methods that gateways may ask for", () => {
    const methods = { product: ["GET", "POST"], frontend: ["GET", "DELETE"], backend: ["PUT"] };
    const asking = (name: keyof typeof methods, exposure: string) => ({
      [name]: { exposed: { [exposure]: { methods: methods[name] } } },
    });
    const settings = {
      product: asking("product", "products"),
      prod: { ...asking("frontend", "page"), ...asking("backend", "api") },
    };
    const { applications } = plan({ ...both, "mesh:apps": settings });
    const { allowed } = new CallGraph(applications, factsOf("kong", "istio")).matrix();
    const askedFor = (gateway: string) => {
      const edges = allowed.filter(({ from }) => from.startsWith(`${gateway}/`));
      return Object.fromEntries(edges.map(({ to, operations }) => [to, operations[0]?.methods]));
    };
    for (const gateway of ["kong", "istio-ingress"]) {
      expect(askedFor(gateway)).toMatchObject({
        "product/product": methods.product,
        "prod/frontend": methods.frontend,
        "prod/backend": methods.backend,
      });
    }
  });

  test("is fine where that gateway does not offer it", () => {
    expect(problems(policies(jwt({ audiences: ["shop"], keys: [key, otherKey] }), istioAlone))).toEqual([]);
  });
});
