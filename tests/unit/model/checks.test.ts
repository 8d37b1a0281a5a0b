import { describe, expect, test } from "vitest";
import { RefusedError } from "../../../config.ts";
import { UserError } from "../../../lib/errors.ts";
import type {
  ApplicationDeclaration,
  ApplicationSpec,
  DatabaseSpec,
  LoadGeneratorSpec,
  ServiceSpec,
} from "../../../model/application.ts";
import { type CheckContext, checkApplications } from "../../../model/checks/check.ts";
import type { GatewayName } from "../../../model/gateway.ts";
import { defaultResilience } from "../../../model/resilience.ts";
import { planStack } from "../../../plan.ts";
import { declared, factsOf, httpPort, service, shop, versionOf, worker } from "../../lib/shop.ts";
import { curve, jwk } from "../support/kong.ts";

const both = ["kong", "istio"] as const;
const taken = ["kong", "istio-ingress"];
const [prod, product, load] = shop();
const declaredService = {
  image: { registry: "registry", repository: "service", tag: "1" },
  ports: { http: { port: 8080 } },
  probes: { ready: "/ready", health: "/health" },
};

const least = { "mesh:target": "kind", "mesh:sources": "built" };

/** What is wrong with declarations. */
const judge = (declarations: readonly ApplicationDeclaration[], context: Partial<CheckContext> = {}) =>
  checkApplications(declarations, { gateways: factsOf(...both), taken, ...context }).problems;
const problems = (applications: readonly ApplicationSpec[], gateways: readonly GatewayName[] = both) =>
  judge(declared(applications), { gateways: factsOf(...gateways) });

/** What is wrong with a shop whose frontend, backend or product is otherwise. */
const of = (changes: Parameters<typeof shop>[0], gateways?: readonly GatewayName[]) => problems(shop(changes), gateways);
/** What is wrong with an application of these services alone. */
const alone = (...services: ServiceSpec[]) => problems([{ namespace: "alone", services }]);

const name = (most: number) =>
  `lower-case letters, digits and hyphens, beginning with a letter, ending with a letter or digit, at most ${most} long`;
const path =
  "/ or a path such as /api/products: a slash before each part, none at the end, parts of letters, digits and . _ - alone";
const methods = "one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

test("a header that the stack's gateways strip is refused wherever gateways or rules read one", () => {
  const policies = {
    apiKeys: { consumers: ["a"], header: "x-acme-key" },
    cors: { origins: ["*"], headers: ["x-own", "x-acme-id"] },
  };
  const exposed = { api: { path: "/", gateways: ["kong"], policies } };
  const versions = [versionOf("v1", 50, 2), versionOf("v2", 50, 2)];
  const web = service("web", { exposed, versions, canary: { header: "x-acme-try", value: "true", version: "v1" } });
  const applications = [{ namespace: "alone", services: [web] }];
  expect(problems(applications)).toEqual([]);
  const allowed =
    "allowed: a header that gateways do not strip: none of mesh:edge.stripHeaders, nor of the list in docs/expose.md";
  expect(judge(declared(applications), { stripHeaders: ["x-acme-*"] })).toEqual([
    `apps: alone/web canary.header is "x-acme-try"; ${allowed}`,
    `apps: alone/web exposed.api.policies.apiKeys.header is "x-acme-key"; ${allowed}`,
    `apps: alone/web exposed.api.policies.cors.headers[1] is "x-acme-id"; ${allowed}`,
  ]);
});

test("a shop, a product and a load are taken, whichever gateways run", () => {
  for (const gateways of [both, ["kong"], ["istio"], []] as const) expect(problems(shop(), gateways)).toEqual([]);
});

test("all that is wrong is one error for the user, one line each", () => {
  const wrong = declared(shop({ frontend: { calls: [{ to: "backnd" }] }, backend: { exposed: { api: { path: "/x/" } } } }));
  const refused = () => planStack(least, "local", "pulumi", wrong);
  expect(refused).toThrow(RefusedError);
  expect(refused).toThrow(UserError);
  expect(refused).toThrow(
    [
      "The applications are refused:",
      `  - apps: prod/backend exposed.api.path is "/x/"; allowed: ${path}`,
      '  - apps: prod/frontend calls[0].to is "backnd"; allowed: one of frontend, database, product/product, backend',
    ].join("\n"),
  );
  expect(planStack(least, "local", "pulumi", declared(shop())).applications).toHaveLength(3);
});

describe("namespaces", () => {
  test.each(["default", "kong", "cert-manager", "istio-system", "istio-ingress", "kube-system", "kube-public"])(
    "%s is not an application's",
    (namespace) => {
      expect(problems([{ namespace, services: [service("a")] }])).toEqual([
        `apps: namespace ${namespace} namespace is "${namespace}"; allowed: a namespace of its own, none of default, cert-manager, kong, kube-…, istio-…`,
      ]);
    },
  );

  test("twice", () => {
    expect(
      problems([
        { namespace: "a", services: [service("b")] },
        { namespace: "a", services: [service("c")] },
      ]),
    ).toEqual(['apps: namespace a namespace is "a"; allowed: a namespace that no other application has; another has it already']);
  });

  test("not a name", () => {
    expect(problems([{ namespace: "Shop", services: [service("a")] }])).toEqual([
      `apps: namespace Shop namespace is "Shop"; allowed: ${name(63)}`,
    ]);
  });
});

describe("names", () => {
  test("a service's leaves room for what is appended to it, and for the longest of its versions", () => {
    // 63 letters in all, of which Pulumi takes 9, the ReplicaSet 11, the pod 6, and `-v1` 3.
    expect(alone(service("a".repeat(34)))).toEqual([]);
    expect(alone(service("a".repeat(35)))).toEqual([
      `apps: alone/${"a".repeat(35)} name is "${"a".repeat(35)}"; allowed: ${name(34)}`,
    ]);
    const versions = [versionOf("a-long-version", 100, 1)];
    expect(alone(service("a".repeat(22), { versions }))).toEqual([]);
    expect(alone(service("a".repeat(23), { versions }))).toHaveLength(1);
  });

  test.each(["Front", "1front", "front-", "front.end", "front_end", ""])("%j is none", (wrong) => {
    expect(alone(service(wrong))).toEqual([`apps: alone/${wrong} name is "${wrong}"; allowed: ${name(34)}`]);
  });

  test("a database's and a load's likewise", () => {
    const [database] = prod.databases ?? [];
    const long = "d".repeat(38);
    expect(problems([{ namespace: "a", services: [], databases: [{ ...(database as DatabaseSpec), name: long }] }])).toEqual([
      `apps: a/${long} name is "${long}"; allowed: ${name(37)}`,
    ]);
  });

  test("a version's", () => {
    expect(alone(service("a", { versions: [versionOf("V1", 100, 1)] }))).toEqual([
      `apps: alone/a versions.V1 is not a key; allowed: ${name(20)}`,
    ]);
  });

  test("workloads of two namespaces may share one, and those of one may not", () => {
    expect(problems([prod, product, load, { namespace: "other", services: [service("database")] }])).toEqual([]);
    const twice = {
      namespace: "a",
      services: { b: declaredService },
      databases: { b: { database: "b", user: "b", storage: "1Gi" } },
    };
    expect(judge([twice])).toEqual([
      'apps: a/b name is "b"; allowed: a name that no other workload of the namespace has; another has it already',
    ]);
  });

  test("what is joined from them is unique too", () => {
    const named = (version: string) => ({ versions: [versionOf(version, 100, 1)] });
    expect(alone(service("a", named("b-c")), service("a-b", named("c")))).toEqual([
      'apps: alone/a-b versions.c is {"weight":100,"replicas":1}; allowed: a name that is unique after joining namespace, name and version; alone/a versions.b-c has it already',
    ]);
    expect(
      problems([
        { namespace: "a", services: [service("b-c")] },
        { namespace: "a-b", services: [service("c")] },
      ]),
    ).toEqual([
      'apps: a-b/c name is "c"; allowed: a name that is unique after joining namespace and name; a/b-c name has it already',
      expect.stringContaining("apps: a-b/c versions.v1 "),
    ]);
  });

  test("the Service of an exposure that is treated otherwise has a name of its own", () => {
    const exposing = (name: string, exposure: string, more: Partial<ServiceSpec> = {}) =>
      service(name, { exposed: { [exposure]: { path: `/${name}`, timeout: "1m" } }, ...more });
    const taken = 'is {"path":"/a","timeout":"1m"}; allowed: a name that no other Service has;';
    expect(alone(exposing("a", "b"), service("a-b"))).toEqual([`apps: alone/a exposed.b ${taken} alone/a-b name has it already`]);
    expect(alone(exposing("a", "b", { exposed: { b: { path: "/a" } } }), service("a-b"))).toEqual([]);
    expect(alone(exposing("a", "headless", { storage: { "/data": "1Gi" } }))).toEqual([
      `apps: alone/a exposed.headless ${taken} alone/a storage has it already`,
    ]);
    expect(alone(exposing("a-b", "c"), exposing("a", "b-c"))).toEqual([
      `apps: alone/a exposed.b-c ${taken} alone/a-b exposed.c has it already`,
    ]);
    const [database] = prod.databases ?? [];
    const databases = [{ ...(database as DatabaseSpec), name: "a-b" }];
    expect(problems([{ namespace: "alone", services: [exposing("a", "b")], databases }])).toEqual([
      `apps: alone/a exposed.b ${taken} alone/a-b name has it already`,
    ]);
    // In another namespace it is another one.
    const other = { namespace: "other", services: [service("a-b")] };
    expect(problems([{ namespace: "alone", services: [exposing("a", "b")] }, other])).toEqual([]);
  });
});

describe("calls", () => {
  const callees = "one of frontend, backend, database, product/product";
  test.each([
    ["somebody who is not there", "backnd"],
    ["a load, which listens on nothing", "load/generator"],
    ["somebody of another namespace, without it", "product"],
    ["more than a name and its namespace", "prod/backend/3000"],
  ])("to %s", (_what, to) => {
    expect(of({ frontend: { calls: [{ to }] } })).toEqual([`apps: prod/frontend calls[0].to is "${to}"; allowed: ${callees}`]);
  });

  test("where there is nobody to call", () => {
    expect(problems([{ namespace: "alone", services: [], workers: [worker("a", { calls: [{ to: "b" }] })] }])).toEqual([
      'apps: alone/a calls[0].to is "b"; allowed: no call, as there is nothing else to call',
    ]);
  });

  test("to the service itself are fine, by either name, and judged as any other", () => {
    for (const to of ["frontend", "prod/frontend"]) expect(of({ frontend: { calls: [{ to }] } })).toEqual([]);
    expect(of({ frontend: { calls: [{ to: "frontend", port: "admin" }] } })).toEqual([
      'apps: prod/frontend calls[0].port is "admin"; allowed: one of its ports http',
    ]);
  });

  test("to a database of another namespace are fine, and none by its name alone", () => {
    expect(of({ product: { calls: [{ to: "prod/database" }] } })).toEqual([]);
    expect(of({ product: { calls: [{ to: "database" }] } })).toEqual([
      'apps: product/product calls[0].to is "database"; allowed: one of prod/frontend, prod/backend, prod/database, product',
    ]);
  });

  test("to a database, with methods or paths", () => {
    const none = "neither methods nor paths, which nobody sees on a port of protocol tcp";
    expect(of({ backend: { calls: [{ to: "database", methods: ["GET"], paths: ["/"] }] } })).toEqual([
      `apps: prod/backend calls[0].methods is ["GET"]; allowed: ${none}`,
      `apps: prod/backend calls[0].paths is ["/"]; allowed: ${none}`,
    ]);
  });

  test("the same twice; but two of one callee are fine", () => {
    const get = { to: "backend", methods: ["GET"], paths: ["/api"] };
    expect(of({ frontend: { calls: [get, get] } })).toEqual([
      'apps: prod/frontend calls[1] is {"to":"backend","methods":["GET"],"paths":["/api"]}; allowed: what the list does not have already',
    ]);
    expect(of({ frontend: { calls: [get, { ...get, methods: ["POST"] }] } })).toEqual([]);
  });

  test.each(["get", "Get", "TRACE", "CONNECT", "*", ""])("method %j", (method) => {
    expect(of({ frontend: { calls: [{ to: "backend", methods: ["GET", method] }] } })).toEqual([
      `apps: prod/frontend calls[0].methods[1] is "${method}"; allowed: ${methods}`,
    ]);
  });

  test("empty lists, which would mean neither nothing nor everything", () => {
    expect(of({ frontend: { calls: [{ to: "backend", methods: [], paths: [] }] } })).toEqual([
      "apps: prod/frontend calls[0].methods is []; allowed: at least one, or none at all, which means every method",
      "apps: prod/frontend calls[0].paths is []; allowed: at least one, or none at all, which means every path",
    ]);
  });

  test.each([
    "api",
    "/api/",
    "//api",
    "/api//x",
    "/api/../x",
    "/./api",
    "/api?x=1",
    "/api#x",
    "/api%2fx",
    "/api/*",
    "/{id}",
    "/a|b",
    "/(a)",
    "/a b",
    "/~a",
    "",
  ])("path %j", (wrong) => {
    expect(of({ frontend: { calls: [{ to: "backend", paths: [wrong] }] } })).toEqual([
      `apps: prod/frontend calls[0].paths[0] is "${wrong}"; allowed: ${path}`,
    ]);
    expect(of({ product: { exposed: { products: { path: wrong } } } })).toEqual([
      `apps: product/product exposed.products.path is "${wrong}"; allowed: ${path}`,
    ]);
  });
});

describe("what is exposed", () => {
  test("two services on one path", () => {
    expect(of({ backend: { exposed: { api: { path: "/" } } } })).toEqual([
      'apps: prod/backend exposed.api.path is "/"; allowed: a path that nobody else has; prod/frontend exposed.page.path has / already',
    ]);
  });

  test("but not on one gateway", () => {
    const changes = (gateway: GatewayName) => ({ exposed: { api: { path: "/", gateways: [gateway] } } });
    expect(of({ frontend: changes("kong"), backend: changes("istio") })).toEqual([]);
    expect(of({ frontend: changes("kong"), backend: changes("kong") })).toHaveLength(1);
  });

  test("a path of another's version", () => {
    expect(of({ backend: { exposed: { api: { path: "/api/v2/products" } } } })).toEqual([
      'apps: product/product exposed.products.versioned is "/api/{version}/products"; allowed: a path that nobody else has; prod/backend exposed.api.path has /api/v2/products already',
    ]);
  });

  test.each([
    "/api/products",
    "/api/version/products",
    "/{version}/{version}",
    "{version}",
    "/{version}/",
    "/{version}/*",
    "/{v}/products",
  ])("%j as the path of each version", (versioned) => {
    expect(of({ product: { exposed: { products: { path: "/api/products", versioned } } } })).toContainEqual(
      `apps: product/product exposed.products.versioned is "${versioned}"; allowed: a path such as /api/{version}/products, with {version} in it once`,
    );
  });

  test("methods, and those that pages of other origins are promised", () => {
    expect(of({ product: { exposed: { products: { path: "/p", methods: ["post"] } } } })).toEqual([
      `apps: product/product exposed.products.methods[0] is "post"; allowed: ${methods}`,
    ]);
    expect(of({ product: { exposed: { products: { path: "/p", methods: [] } } } })).toEqual([
      "apps: product/product exposed.products.methods is []; allowed: at least one, or none at all, which means GET and HEAD",
    ]);
    const cors = { origins: ["*"], methods: ["GET", "POST", "OPTIONS"] };
    expect(of({ product: { exposed: { products: { path: "/p", policies: { cors } } } } })).toEqual([
      'apps: product/product exposed.products.policies.cors.methods[1] is "POST"; allowed: one of the methods of the exposure: GET, HEAD',
    ]);
    expect(of({ product: { exposed: { products: { path: "/p", methods: ["GET", "POST"], policies: { cors } } } } })).toEqual([]);
  });

  test("on a gateway that does not run", () => {
    expect(of({ product: { exposed: { products: { path: "/p", gateways: ["kong"] } } } }, ["istio"])).toEqual([
      'apps: product/product exposed.products.gateways[0] is "kong"; allowed: a gateway that runs: istio',
    ]);
    expect(of({ product: { exposed: { products: { path: "/p", gateways: [] } } } })).toEqual([
      "apps: product/product exposed.products.gateways is []; allowed: at least one, or none at all, which means every gateway that runs",
    ]);
  });

  test("with a policy that a gateway cannot hold", () => {
    const exposed = { path: "/p", policies: { apiKeys: { consumers: ["ann"] } } };
    expect(of({ product: { exposed: { products: exposed } } })).toEqual([
      'apps: product/product exposed.products.policies.apiKeys is {"consumers":["ann"]}; allowed: none while Istio\'s gateway offers the service; exposed.products.gateways: [kong] leaves it to Kong',
    ]);
    expect(of({ product: { exposed: { products: { ...exposed, gateways: ["kong"] } } } })).toEqual([]);
    const rateLimit = { requests: 1, per: "second", by: "consumer" } as const;
    expect(of({ product: { exposed: { products: { path: "/p", gateways: ["kong"], policies: { rateLimit } } } } })).toEqual([
      'apps: product/product exposed.products.policies.rateLimit.by is "consumer"; allowed: consumer only with apiKeys, which tell consumers apart',
    ]);
  });

  test("with tokens of one issuer that two services trust by different keys", () => {
    const trusting = (namedCurve: string) => ({
      policies: { jwt: { issuer: "https://issuer", keys: [jwk(curve(namedCurve))] } },
    });
    const given = of({
      backend: { exposed: { api: { path: "/b", ...trusting("P-256") } } },
      product: { exposed: { products: { path: "/p", ...trusting("P-384") } } },
    });
    expect(given).toEqual([
      "apps: product/product exposed.products.policies.jwt.keys is refused; allowed: the keys that prod/backend has for https://issuer",
    ]);
  });
});

describe("several exposures", () => {
  const tls = { hosts: ["shop.example.com", "*.example.org", "www.example.org"], plaintext: true };
  /** What is wrong with services of these exposures, in front of these gateways. */
  const exposing = (
    services: Readonly<Record<string, ServiceSpec["exposed"]>>,
    { gateways = both, ...changes }: Partial<typeof tls> & { readonly gateways?: readonly GatewayName[] } = {},
  ) =>
    judge(
      declared([
        { namespace: "team", services: Object.entries(services).map(([name, exposed]) => service(name, exposed && { exposed })) },
      ]),
      { gateways: factsOf(...gateways), tls: { ...tls, ...changes } },
    ).map((problem) => problem.replace("apps: team/", ""));

  const shared = { path: "/p", methods: ["GET", "POST"] };
  test.each<[string, object, object]>([
    ["another method", { ...shared, methods: ["GET", "HEAD"] }, { ...shared, methods: ["POST"] }],
    ["another path", shared, { ...shared, path: "/p/q" }],
    ["the path alone, and not what is below it", shared, { ...shared, exact: true }],
    ["a host alone, and not all", shared, { ...shared, hosts: ["shop.example.com"] }],
    ["another host", { ...shared, hosts: ["www.example.org"] }, { ...shared, hosts: ["shop.example.com"] }],
    [
      "a host alone, and not all below a name",
      { ...shared, hosts: ["*.example.org"] },
      { ...shared, hosts: ["www.example.org"] },
    ],
    ["another gateway", { ...shared, gateways: ["kong"] }, { ...shared, gateways: ["istio"] }],
  ])("may have %s", (_what, one, other) => {
    expect(exposing({ web: { one: one as typeof shared, other: other as typeof shared } })).toEqual([]);
    expect(exposing({ web: { one: one as typeof shared }, also: { other: other as typeof shared } })).toEqual([]);
  });

  test.each<[string, object, object]>([
    ["one method in common", shared, { ...shared, methods: ["POST", "PUT"] }],
    ["the methods that nothing is said of", { path: "/p" }, { path: "/p" }],
    [
      "one host in common",
      { ...shared, hosts: ["shop.example.com", "a.example.org"] },
      { ...shared, hosts: ["a.example.org", "www.example.org"] },
    ],
    ["all hosts below a name", { ...shared, hosts: ["*.example.org"] }, { ...shared, hosts: ["*.example.org"] }],
    ["exactly one path", { ...shared, exact: true }, { ...shared, exact: true }],
    ["one gateway in common", shared, { ...shared, gateways: ["istio"] }],
    ["a redirect of every method", { ...shared, methods: ["PUT"] }, { path: "/p", redirect: { path: "/q" } }],
  ])("may not have %s", (_what, one, other) => {
    const refused = (place: string, first: string) => [
      `${place}.path is "/p"; allowed: a path that nobody else has; ${first}.path has /p already`,
    ];
    const [first, second] = [one, other] as (typeof shared)[];
    if (!first || !second) throw new Error("there are two");
    expect(exposing({ web: { one: first, other: second } })).toEqual(refused("web exposed.other", "team/web exposed.one"));
    expect(exposing({ web: { one: first }, also: { other: second } })).toEqual(
      refused("also exposed.other", "team/web exposed.one"),
    );
  });

  test("tell no page of their methods where others have the path with other ones, whichever is declared first", () => {
    const read = { path: "/p", policies: { cors: { origins: ["*"], methods: ["GET" as const] } } };
    const write = { path: "/p", methods: ["POST" as const] };
    for (const exposed of [
      { read, write },
      { write, read },
    ]) {
      expect(exposing({ web: exposed })).toEqual([
        expect.stringMatching(/^web exposed\.read\.policies\.cors is .*web exposed\.write\.path has/),
      ]);
    }
  });

  const path = (to: string) => ({ redirect: { path: to, code: 308 as const } });
  const host = (to: string) => ({ redirect: { host: to, code: 308 as const } });
  test.each<[string, object, string[]]>([
    ["to itself", { a: { path: "/", ...path("/") } }, ["a"]],
    ["below itself", { a: { path: "/a", ...path("/a/b") } }, ["a"]],
    ["to its own host", { a: { path: "/", hosts: ["shop.example.com"], ...host("shop.example.com") } }, ["a"]],
    ["to one of all hosts", { a: { path: "/a", ...host("shop.example.com") } }, ["a"]],
    ["to another one that leads back", { a: { path: "/a", ...path("/b") }, b: { path: "/b", ...path("/a/c") } }, ["a", "b"]],
    ["to one that leads back, from aside", { c: { path: "/c", ...path("/a") }, a: { path: "/a", ...path("/a") } }, ["a"]],
    ["to a path above", { a: { path: "/a", ...path("/") }, b: { path: "/" } }, []],
    ["beside an exact path", { a: { path: "/a", exact: true, ...path("/a/b") } }, []],
    ["to a host of others", { a: { path: "/", ...host("elsewhere.example.net") } }, []],
    ["to another host of its own", { a: { path: "/", hosts: ["www.example.org"], ...host("shop.example.com") } }, []],
  ])("that lead clients %s", (_what, exposed, refused) => {
    const found = exposing({ web: exposed as NonNullable<ServiceSpec["exposed"]> });
    expect(found.map((problem) => problem.replace(/\.redirect is .*/, ""))).toEqual(refused.map((name) => `web exposed.${name}`));
  });

  test("may not have the path of one of their own versions", () => {
    expect(exposing({ web: { api: { path: "/v1", versioned: "/{version}" } } })).toEqual([
      'web exposed.api.versioned is "/{version}"; allowed: a path that nobody else has; team/web exposed.api.path has /v1 already',
    ]);
  });

  test("have no pages of other origins where methods alone tell them apart: a browser asks before with none of these", () => {
    const cors = { origins: ["*"], methods: ["GET"] };
    const [read, write] = [
      { path: "/p", policies: { cors } },
      { path: "/p", methods: ["POST"] },
    ];
    const nothing = "nothing where others have the path with other methods, as";
    expect(exposing({ web: { write, read } })).toEqual([
      `web exposed.read.policies.cors is ${JSON.stringify(cors)}; allowed: ${nothing} team/web exposed.write.path has /p`,
    ]);
    expect(exposing({ web: { write: { ...write, exact: true }, read } })).toEqual([]);
  });

  test("are for hosts that have a certificate", () => {
    const hosts = ["shop.example.com", "*.example.org", "a.example.org", "a.b.example.org", "*.example.com", "api.example.com"];
    const allowed = `a host that has a certificate, by mesh:tls.hosts: ${tls.hosts.join(", ")}`;
    expect(exposing({ web: { api: { path: "/p", hosts } } })).toEqual([
      `web exposed.api.hosts[3] is "a.b.example.org"; allowed: ${allowed}`,
      `web exposed.api.hosts[4] is "*.example.com"; allowed: ${allowed}`,
      `web exposed.api.hosts[5] is "api.example.com"; allowed: ${allowed}`,
    ]);
    // Where the setting is wrong by itself, what would follow is not told.
    const exposed = { api: { path: "/p", hosts } };
    expect(judge(declared([{ namespace: "team", services: [service("web", { exposed })] }]), { tls: undefined })).toEqual([]);
  });

  test("are each reached: others that name all hosts leave nothing, unless other hosts are served in plain HTTP", () => {
    const services = {
      web: {
        own: { path: "/p", hosts: tls.hosts },
        exact: { path: "/p", exact: true },
        below: { path: "/p/q" },
        up: { path: "/" },
      },
    };
    expect(exposing(services)).toEqual([]);
    const left = (title: string) => `a path that ${title} has left: for all its hosts others, which name them, take everything`;
    const told = (title: string) =>
      ["exact", "below"].map(
        (name) => `web exposed.${name}.path is "${name === "exact" ? "/p" : "/p/q"}"; allowed: ${left(title)}`,
      );
    expect(exposing(services, { plaintext: false })).toEqual([...told("Kong"), ...told("Istio's gateway")]);
    expect(exposing(services, { plaintext: false, gateways: ["istio"] })).toEqual(told("Istio's gateway"));
    // A host that nobody names is left.
    expect(exposing(services, { plaintext: false, hosts: [...tls.hosts, "api.example.com"] })).toEqual([]);
  });

  test("of gRPC are not below a path where Kong tells methods apart", () => {
    const rpc = service("rpc", {
      ports: [{ name: "grpc", protocol: "grpc", port: 9090, target: 9090 }],
      exposed: { calls: { path: "/shop.Orders" } },
    });
    const web = (path: string, hosts?: readonly string[]) =>
      service("web", {
        exposed: { read: { path, ...(hosts && { hosts }) }, write: { path, methods: ["POST"], ...(hosts && { hosts }) } },
      });
    const told = (own: ServiceSpec, ...gateways: GatewayName[]) =>
      judge(declared([{ namespace: "team", services: [own, rpc] }]), { gateways: factsOf(...gateways), tls });
    expect(told(web("/"), ...both)).toEqual([
      expect.stringMatching(
        /^apps: team\/rpc exposed\.calls\.path is "\/shop\.Orders"; allowed: .* Kong tells methods apart, as \/$/,
      ),
    ]);
    expect(told(web("/"), "istio")).toEqual([]);
    expect(told(web("/shop"), ...both)).toEqual([]);
  });

  test("have policies each for itself", () => {
    const keys = { apiKeys: { consumers: ["ann"] } };
    const exposed = (gateways?: readonly ["kong"]) => ({
      open: { path: "/open" },
      partners: { path: "/partners", policies: keys, ...(gateways && { gateways }) },
    });
    expect(exposing({ web: exposed(["kong"]) })).toEqual([]);
    expect(exposing({ web: exposed() })).toEqual([
      'web exposed.partners.policies.apiKeys is {"consumers":["ann"]}; allowed: none while Istio\'s gateway offers the service; exposed.partners.gateways: [kong] leaves it to Kong',
    ]);
  });

  test("of one service trust an issuer by the same keys", () => {
    const jwt = (namedCurve: string) => ({ policies: { jwt: { issuer: "https://issuer", keys: [jwk(curve(namedCurve))] } } });
    const [one, other] = [jwt("P-256"), jwt("P-384")];
    expect(exposing({ web: { a: { path: "/a", ...one }, b: { path: "/b", ...one } } })).toEqual([]);
    expect(exposing({ web: { a: { path: "/a", ...one }, b: { path: "/b", ...other } } })).toEqual([
      "web exposed.b.policies.jwt.keys is refused; allowed: the keys that team/web has for https://issuer",
    ]);
  });

  test("are told once of what the service says of all of them", () => {
    const { retries } = defaultResilience;
    const pool = { ...defaultResilience.pool, maxConnections: 1 };
    const web = service("web", {
      exposed: { a: { path: "/a" }, b: { path: "/b" }, c: { path: "/c", gateways: ["istio"] } },
      rules: { match: [], affinity: "address" },
      resilience: { ...defaultResilience, pool, retries: { ...retries, maxBodyBytes: 50_000_000 } },
    });
    const gatewaySettings = { istioGateway: { ...planStack(least, "local").config.istioGateway } };
    const found = judge(declared([{ namespace: "team", services: [web] }]), { tls, gatewaySettings });
    expect(found.map((problem) => problem.split(" is ")[0])).toEqual([
      "apps: team/web rules.affinity",
      "apps: team/web resilience.retries.maxBodyBytes",
    ]);
  });
});

describe("a service by itself", () => {
  const two = [versionOf("v1", 50, 1), versionOf("v2", 50, 1)];

  test.each<[string, Partial<ServiceSpec>, string]>([
    ["no version", { versions: [] }, "versions is {}; allowed: at least one version"],
    [
      "weights that do not sum",
      { versions: [versionOf("v1", 99, 1)] },
      'versions is {"v1":{"weight":99,"replicas":1}}; allowed: weights that sum to 100, not 99; one version may leave its weight out and takes the rest',
    ],
    ["no pods", { versions: [versionOf("v1", 100, 0)] }, "versions.v1.replicas is 0; allowed: a whole number from 1 to 50"],
    [
      "a canary that gateways never see",
      { versions: two, canary: { header: "x-real-ip", value: "true", version: "v1" } },
      'canary.header is "x-real-ip"; allowed: a header that gateways do not strip: none of mesh:edge.stripHeaders, nor of the list in docs/expose.md',
    ],
    [
      "a canary to nowhere",
      { canary: { header: "x-canary", value: "true", version: "v3" } },
      'canary.version is "v3"; allowed: one of the versions v1',
    ],
    [
      "a header in upper case",
      { canary: { header: "X-Canary", value: "true", version: "v1" } },
      'canary.header is "X-Canary"; allowed: the name of a header, in lower case, at most 100 long',
    ],
    [
      "a port of the proxy's",
      { ports: [httpPort(15_050)] },
      "ports.http.port is 15050; allowed: a whole number from 1 to 65535, but none from 15000 to 15099, which are the proxy's; or a target of its own",
    ],
    [
      "a target of the proxy's",
      { ports: [httpPort(80, 15006)] },
      "ports.http.target is 15006; allowed: a whole number from 1 to 65535, but none from 15000 to 15099, which are the proxy's",
    ],
    ["no port at all", { ports: [httpPort(0, 8080)] }, "ports.http.port is 0; allowed: a whole number from 1 to 65535"],
    [
      "a probe of no path",
      { probes: { ready: { http: "ready", port: 8080 }, startWithin: 60 } },
      `probes.ready is "ready"; allowed: ${path}`,
    ],
    [
      "a variable that is given",
      { versions: [versionOf("v1", 100, 2, { env: { PORT: "1" } })] },
      "versions.v1.env.PORT is not a key; allowed: letters, digits and underscores, not beginning with a digit, and none of PORT, VERSION, POD_NAME, DRAIN_MS, which are given",
    ],
    [
      "tries that take too long",
      { resilience: { ...defaultResilience, timeout: "2s" } },
      'resilience.timeout is "2s"; allowed: at least 4.8s, which 4 tries of 1200ms take (retries.attempts + 1, retries.perTryTimeout)',
    ],
    [
      "no duration",
      { resilience: { ...defaultResilience, timeout: "5" } },
      'resilience.timeout is "5"; allowed: none, or a duration from 1ms to 1440m in whole milliseconds, such as 250ms, 1.5s or 1m',
    ],
    [
      "an ejection that never happens",
      { resilience: { ...defaultResilience, ejection: { ...defaultResilience.ejection, maxPercent: 10 } } },
      "resilience.ejection.maxPercent is 10; allowed: at least 50, or none of 2 pods is ever ejected",
    ],
    [
      "bodies that do not fit into a proxy",
      { resilience: { ...defaultResilience, retries: { ...defaultResilience.retries, maxBodyBytes: 2_000_000 } } },
      "resilience.retries.maxBodyBytes is 2000000; allowed: at most 1342177, of which pool.maxConnections (100) fit into a proxy's memory",
    ],
  ])("%s", (_what, changes, sentence) => {
    expect(alone(service("a", changes))).toEqual([`apps: alone/a ${sentence}`]);
  });

  test("weights that are none each, although they sum", () => {
    const versions = [versionOf("v1", 150, 1), versionOf("v2", -50, 1)];
    expect(alone(service("a", { versions }))).toEqual([
      "apps: alone/a versions.v1.weight is 150; allowed: a whole number from 0 to 100",
      "apps: alone/a versions.v2.weight is -50; allowed: a whole number from 0 to 100",
    ]);
  });
});

describe("databases", () => {
  const withDatabase = (changes: Record<string, unknown>) =>
    problems([{ ...prod, databases: (prod.databases ?? []).map((database) => ({ ...database, ...changes })) }, product, load]);

  test.each<[string, Record<string, unknown>, string]>([
    ["exposed", { exposed: { api: { path: "/db" } } }, "exposed is not a key; allowed: image, database, user, storage"],
    ["that call somebody", { calls: [{ to: "backend" }] }, "calls is not a key; allowed: image, database, user, storage"],
    [
      "of a user that PostgreSQL keeps for itself",
      { user: "pg_shop" },
      'user is "pg_shop"; allowed: lower-case letters, digits and underscores, not beginning with a digit or pg_, neither public nor none, at most 63 long',
    ],
    ["without a size", { storage: "1G" }, 'storage is "1G"; allowed: a size such as 500Mi or 1Gi'],
    [
      "of no name",
      { database: "shop; drop" },
      'database is "shop; drop"; allowed: lower-case letters, digits and underscores, not beginning with a digit, at most 63 long',
    ],
  ])("%s", (_what, changes, sentence) => {
    expect(withDatabase(changes)).toEqual([`apps: prod/database ${sentence}`]);
  });
});

describe("loadGenerators", () => {
  const withLoad = (changes: Partial<LoadGeneratorSpec>) =>
    problems([prod, product, { ...load, loadGenerators: (load.loadGenerators ?? []).map((one) => ({ ...one, ...changes })) }]);
  const allowed = "http://<name>.<namespace>.svc.cluster.local:<port><path> of one of its calls, with GET";

  test("of nothing", () => {
    expect(withLoad({ qps: -1 })).toEqual(["apps: load/generator qps is -1; allowed: a whole number from 0 to 10000"]);
    const none = checkApplications(
      declared([prod, product, { ...load, loadGenerators: (load.loadGenerators ?? []).map((one) => ({ ...one, qps: 0 })) }]),
      {
        gateways: factsOf("istio"),
      },
    );
    expect([none.problems, none.applications.map(({ namespace }) => namespace)]).toEqual([[], ["prod", "product"]]);
  });

  test.each([
    ["somebody else", "http://backend.prod.svc.cluster.local:3000/api/products"],
    ["another path", "http://product.product.svc.cluster.local:8080/api/products-of-others"],
    ["another port", "http://product.product.svc.cluster.local:80/api/products"],
    ["no URL", "product"],
  ])("that ask for %s than they declare", (_what, url) => {
    expect(withLoad({ url })).toEqual([`apps: load/generator url is "${url}"; allowed: ${allowed}`]);
  });

  test("that declare no GET", () => {
    const calls = [{ to: "product/product", methods: ["POST"] }] as const;
    expect(withLoad({ calls })).toHaveLength(1);
  });
});
