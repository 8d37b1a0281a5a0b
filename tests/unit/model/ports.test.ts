import { describe, expect, test } from "vitest";
import type { ApplicationDeclaration } from "../../../model/application.ts";
import { checkApplications } from "../../../model/checks/check.ts";
import { exposuresOf } from "../../../model/exposed.ts";
import { hasRequests, isMultiplexed, type Port, type Protocol, portNamed, protocols } from "../../../model/ports.ts";
import { routesOf } from "../../../model/route.ts";
import { factsOf } from "../../lib/shop.ts";

/*
 * What services listen on, and what follows from it for whoever calls them, and for gateways.
 */

type Service = NonNullable<ApplicationDeclaration["services"]>[string];

const image = { registry: "registry", repository: "service", tag: "1" };
/** A service that nobody asks how it is, with these ports. */
const listening = (ports: unknown, more: object = {}): Service =>
  ({ image, ports, probes: { ready: "none" }, ...more }) as unknown as Service;

const check = (services: Readonly<Record<string, Service>>, more: Partial<ApplicationDeclaration> = {}) =>
  checkApplications([{ namespace: "shop", services, ...more }], { gateways: factsOf("istio", "kong") });

/** What is wrong with a service of these ports, each without the words that begin it. */
const problemsOf = (ports: unknown, more?: object) =>
  check({ web: listening(ports, more) }).problems.map((problem) => problem.replace(/^apps: shop\/web /, ""));

/** The ports that a service has in the end. */
const portsOf = (ports: unknown) => check({ web: listening(ports) }).applications[0]?.services[0]?.ports;

/** One port of each protocol, by its name. */
const each = {
  http: { port: 80, target: 8080 },
  http2: { port: 81, target: 8081, protocol: "http2" },
  grpc: { port: 82, target: 8082, protocol: "grpc" },
  tcp: { port: 83, target: 8083, protocol: "tcp" },
  tls: { port: 84, target: 8084, protocol: "tls" },
};

describe("a port", () => {
  test("is of HTTP, and where the Service is, unless more is said", () => {
    expect(portsOf({ web: { port: 8080 }, raw: { port: 5000, target: 5001, protocol: "tcp" } })).toEqual([
      { name: "web", protocol: "http", port: 8080, target: 8080 },
      { name: "raw", protocol: "tcp", port: 5000, target: 5001 },
    ]);
  });

  test("keeps its place: the first one is the process's own", () => {
    expect(portsOf({ b: { port: 2000 }, a: { port: 1000 } })?.map(({ name }) => name)).toEqual(["b", "a"]);
  });

  test("of gRPC says whether calls may be made again, also that they may not", () => {
    for (const idempotent of [true, false]) {
      expect(portsOf({ rpc: { port: 9090, protocol: "grpc", idempotent } })).toEqual([
        { name: "rpc", protocol: "grpc", port: 9090, target: 9090, idempotent },
      ]);
    }
    expect(portsOf({ rpc: { port: 9090, protocol: "grpc" } })?.[0]).not.toHaveProperty("idempotent");
  });

  test.each([1, 80, 1_023, 1_024, 14_999, 15_100, 65_535])("%i is one that a container may listen on", (port) => {
    expect(problemsOf({ web: { port } })).toEqual([]);
    expect(problemsOf({ web: { port: 80, target: port } })).toEqual([]);
  });

  test("where the proxy listens may still be the Service's, with another target", () => {
    expect(problemsOf({ web: { port: 15_001, target: 8080 } })).toEqual([]);
  });

  const proxys = "a whole number from 1 to 65535, but none from 15000 to 15099, which are the proxy's";
  const number = "a whole number from 1 to 65535";
  test.each<[string, unknown, string]>([
    ["none at all", {}, "ports is {}; allowed: at least one port"],
    ["a list", [{ port: 80 }], 'ports is [{"port":80}]; allowed: a mapping of names to ports'],
    ["a number alone", { web: 80 }, "ports.web is 80; allowed: a mapping with port, target, protocol, idempotent"],
    ["no number", { web: {} }, `ports.web.port is not given; allowed: ${number}`],
    ["number 0", { web: { port: 0 } }, `ports.web.port is 0; allowed: ${number}`],
    ["a number beyond the last", { web: { port: 65_536 } }, `ports.web.port is 65536; allowed: ${number}`],
    ["half a port", { web: { port: 80.5 } }, `ports.web.port is 80.5; allowed: ${number}`],
    ["target 0", { web: { port: 80, target: 0 } }, `ports.web.target is 0; allowed: ${number}`],
    ["the proxy's first", { web: { port: 15_000 } }, `ports.web.port is 15000; allowed: ${proxys}; or a target of its own`],
    ["the proxy's last", { web: { port: 15_099 } }, `ports.web.port is 15099; allowed: ${proxys}; or a target of its own`],
    ["the proxy's as target", { web: { port: 80, target: 15_006 } }, `ports.web.target is 15006; allowed: ${proxys}`],
    [
      "a protocol that nobody knows",
      { web: { port: 80, protocol: "udp" } },
      'ports.web.protocol is "udp"; allowed: one of http, http2, grpc, tcp, tls',
    ],
    [
      "a key that nobody knows",
      { web: { port: 80, containerPort: 8080 } },
      "ports.web.containerPort is not a key; allowed: port, target, protocol, idempotent",
    ],
    [
      "whether calls may be made again in words",
      { web: { port: 80, protocol: "grpc", idempotent: "yes" } },
      'ports.web.idempotent is "yes"; allowed: true or false',
    ],
    [
      "two of one number",
      { web: { port: 80 }, other: { port: 80, target: 8080 } },
      "ports.other.port is 80; allowed: a port that web does not have",
    ],
    [
      "two that lead to one",
      { web: { port: 80, target: 8080 }, other: { port: 81, target: 8080 } },
      "ports.other.target is 8080; allowed: a target that web does not have",
    ],
    [
      "one that leads to where another one is",
      { web: { port: 80, target: 8080 }, other: { port: 8080 } },
      "ports.other.target is 8080; allowed: a target that web does not have",
    ],
  ])("is refused: %s", (_what, ports, sentence) => {
    expect(problemsOf(ports)).toEqual([sentence]);
  });

  test.each(["http", "http2", "tcp", "tls"])("of %s cannot say that calls may be made again", (protocol) => {
    for (const idempotent of [true, false]) {
      expect(problemsOf({ web: { port: 80, protocol, idempotent } })).toEqual([
        `ports.web.idempotent is ${idempotent}; allowed: nothing with protocol ${protocol}: it is of gRPC alone`,
      ]);
    }
  });

  const label = "lower-case letters, digits and hyphens, beginning with a letter, ending with a letter or digit, at most 15 long";
  test.each([
    ["Web", label],
    ["web-", label],
    ["1web", label],
    ["web_1", label],
    ["w".repeat(16), label],
    ["", label],
    ["we--b", "the name of a port, without two hyphens in a row"],
  ])("is refused with the name %j", (name, allowed) => {
    expect(problemsOf({ [name]: { port: 80 } })).toEqual([`ports.${name} is not a key; allowed: ${allowed}`]);
  });

  test.each(["a", "w".repeat(15), "web-1-a"])("is taken with the name %j", (name) => {
    expect(problemsOf({ [name]: { port: 80 } })).toEqual([]);
  });
});

test("of each protocol it is known whether proxies see requests, and whether one connection carries many", () => {
  const those = (has: (protocol: Protocol) => boolean) => protocols.filter(has);
  expect(those(hasRequests)).toEqual(["http", "http2", "grpc"]);
  expect(those(isMultiplexed)).toEqual(["http2", "grpc"]);
});

test("a port is found by its name, and without one only where there is no other", () => {
  const [a, b] = ["a", "b"].map((name, index): Port => ({ name, protocol: "http", port: index, target: index })) as [Port, Port];
  expect(portNamed([a, b], "b")).toBe(b);
  expect(portNamed([a], undefined)).toBe(a);
  expect(portNamed([a, b], undefined)).toBeUndefined();
  expect(portNamed([a], "b")).toBeUndefined();
  expect(portNamed([], undefined)).toBeUndefined();
});

describe("a call", () => {
  /** What is wrong with a call to a service of these ports. */
  const calling = (call: object, ports: unknown = each) => {
    const caller = listening({ web: { port: 80 } }, { calls: [{ to: "callee", ...call }] });
    const database = { database: "a", user: "a", storage: "1Gi" };
    return check({ caller, callee: listening(ports) }, { databases: { database } }).problems.map((problem) =>
      problem.replace(/^apps: shop\/caller calls\[0\]/, ""),
    );
  };

  test.each(Object.keys(each))("names the port %s of several", (port) => {
    expect(calling({ port })).toEqual([]);
  });

  test("needs no name where there is one port, and may say it", () => {
    expect(calling({}, { web: { port: 80 } })).toEqual([]);
    expect(calling({ port: "web" }, { web: { port: 80 } })).toEqual([]);
  });

  test.each<[string, object, unknown, string]>([
    ["no name where there are several", {}, each, ".port is not given; allowed: one of its ports http, http2, grpc, tcp, tls"],
    [
      "a name that is none of them",
      { port: "web" },
      each,
      '.port is "web"; allowed: one of its ports http, http2, grpc, tcp, tls',
    ],
    [
      "a name that the only one does not have",
      { port: "http" },
      { web: { port: 80 } },
      '.port is "http"; allowed: one of its ports web',
    ],
    ["a number", { port: 80 }, each, ".port is 80; allowed: the name of a port"],
  ])("is refused with %s", (_what, call, ports, sentence) => {
    expect(calling(call, ports)).toEqual([sentence]);
  });

  test("to a database may name its port, and no other", () => {
    expect(calling({ to: "database", port: "postgresql" })).toEqual([]);
    expect(calling({ to: "database", port: "tcp" })).toEqual(['.port is "tcp"; allowed: one of its ports postgresql']);
  });

  test.each(["http", "http2"])("of %s has methods and paths", (port) => {
    expect(calling({ port, methods: ["GET"], paths: ["/a"] })).toEqual([]);
  });

  test.each(["tcp", "tls"])("of %s has neither, as nobody sees a request", (port) => {
    const allowed = `allowed: neither methods nor paths, which nobody sees on a port of protocol ${port}`;
    expect(calling({ port, methods: ["GET"], paths: ["/a"] })).toEqual([
      `.methods is ["GET"]; ${allowed}`,
      `.paths is ["/a"]; ${allowed}`,
    ]);
    expect(calling({ port, methods: ["GET"] })).toEqual([`.methods is ["GET"]; ${allowed}`]);
    expect(calling({ port, paths: ["/a"] })).toEqual([`.paths is ["/a"]; ${allowed}`]);
    expect(calling({ port })).toEqual([]);
  });

  test("of gRPC has paths that are its methods", () => {
    expect(calling({ port: "grpc", paths: ["/shop.Catalog", "/shop.Catalog/List"] })).toEqual([]);
    expect(calling({ port: "grpc", methods: ["POST"], paths: ["/shop.Catalog"] })).toEqual([
      '.methods is ["POST"]; allowed: paths such as /package.Service/Method, as the port is of gRPC',
    ]);
  });

  test("to a service whose ports are wrong is not wrong for that", () => {
    const caller = listening({ web: { port: 80 } }, { calls: [{ to: "callee", port: "gone", methods: ["GET"] }] });
    expect(check({ caller, callee: listening({ web: { port: 0 } }) }).problems).toEqual([
      "apps: shop/callee ports.web.port is 0; allowed: a whole number from 1 to 65535",
    ]);
  });

  test("of two ports of one service are two calls", () => {
    const calls = [
      { to: "callee", port: "http" },
      { to: "callee", port: "tcp" },
    ];
    expect(check({ caller: listening({ web: { port: 80 } }, { calls }), callee: listening(each) }).problems).toEqual([]);
  });
});

describe("a load generator asks one of the ports of HTTP that it declares", () => {
  const asking = (port: string, number: number) => {
    const asker = {
      calls: [{ to: "web", ...(port && { port }) }],
      url: `http://web.shop.svc.cluster.local:${number}/`,
    };
    return check({ web: listening(each) }, { loadGenerators: { asker } }).problems;
  };
  const refused = [
    expect.stringContaining("allowed: http://<name>.<namespace>.svc.cluster.local:<port><path> of one of its calls, with GET"),
  ];

  test.each([
    ["http", 80],
    ["http2", 81],
  ])("%s, by the Service's number", (port, number) => {
    expect(asking(port, number)).toEqual([]);
    // The container's.
    expect(asking(port, number + 8_000)).toEqual(refused);
  });

  test.each([
    ["grpc", 82],
    ["tcp", 83],
    ["tls", 84],
    // Of what is declared, another one.
    ["http2", 80],
  ])("and not %s on %i", (port, number) => {
    expect(asking(port, number)).toEqual(refused);
  });
});

test("a canary is refused where no port has requests, whose header would choose it", () => {
  const raw = { tcp: each.tcp };
  expect(problemsOf(raw, { canary: {} })).toEqual([
    "canary is {}; allowed: nothing where no port has protocol http, http2 or grpc: connections have no headers",
  ]);
  expect(problemsOf(each, { canary: {} })).toEqual([]);
});

describe("what is exposed", () => {
  const exposing = (exposed: object, ports: unknown = each) =>
    problemsOf(ports, { exposed: { api: { path: "/a", ...exposed } } });

  test.each(["http", "http2", "grpc"])("is the port %s of several", (port) => {
    expect(exposing({ port })).toEqual([]);
  });

  test("needs no name where one port alone has requests", () => {
    const { http, tcp, tls } = each;
    expect(exposing({}, { http, tcp, tls })).toEqual([]);
    expect(exposuresOf({ ports: portsOf({ tcp, http, tls }) ?? [], exposed: { api: { path: "/a" } } })).toMatchObject([
      { name: "api", port: { name: "http" } },
    ]);
  });

  test("is nothing of a service that is not exposed", () => {
    expect(exposuresOf({ ports: portsOf(each) ?? [] })).toEqual([]);
  });

  const several = "allowed: one of the ports of HTTP or gRPC: http, http2, grpc";
  test.each<[string, object, unknown, string]>([
    ["no name where there are several", {}, each, `exposed.api.port is not given; ${several}`],
    ["a name that is none of them", { port: "web" }, each, `exposed.api.port is "web"; ${several}`],
    ["a port of TCP", { port: "tcp" }, each, `exposed.api.port is "tcp"; ${several}`],
    ["a port of TLS", { port: "tls" }, each, `exposed.api.port is "tls"; ${several}`],
    ["a number", { port: 80 }, each, "exposed.api.port is 80; allowed: the name of a port"],
    [
      "no port that has requests",
      {},
      { tcp: each.tcp, tls: each.tls },
      'exposed is {"api":{"path":"/a"}}; allowed: nothing, as gateways take requests and no port has protocol http, http2 or grpc',
    ],
    [
      "methods of gRPC",
      { port: "grpc", methods: ["POST"] },
      each,
      `exposed.api.methods is ["POST"]; allowed: nothing of gRPC, whose methods are paths below the exposure's path`,
    ],
    [
      "versions by path of gRPC",
      { port: "grpc", versioned: "/{version}/a" },
      each,
      'exposed.api.versioned is "/{version}/a"; allowed: nothing of gRPC, whose clients do not choose the path',
    ],
    [
      "a bound of bodies of gRPC",
      { port: "grpc", policies: { maxBodyBytes: 1_000 } },
      each,
      "exposed.api.policies.maxBodyBytes is 1000; allowed: nothing of gRPC, whose calls may be streams",
    ],
    [
      "pages of other origins for gRPC",
      { port: "grpc", policies: { cors: { origins: ["*"] } } },
      each,
      'exposed.api.policies.cors is {"origins":["*"]}; allowed: nothing of gRPC, which pages cannot speak',
    ],
  ])("is refused with %s", (_what, exposed, ports, sentence) => {
    expect(exposing(exposed, ports)).toEqual([sentence]);
  });

  test("of gRPC tells all of these at once", () => {
    const policies = { maxBodyBytes: 1, cors: { origins: ["*"] } };
    const found = exposing({ port: "grpc", methods: ["GET"], versioned: "/{version}", policies });
    expect(found.map((problem) => problem.split(" is ")[0])).toEqual([
      "exposed.api.methods",
      "exposed.api.versioned",
      "exposed.api.policies.maxBodyBytes",
      "exposed.api.policies.cors",
    ]);
  });

  test("of gRPC has the other policies", () => {
    expect(exposing({ port: "grpc", gateways: ["istio"], policies: { addresses: { allow: ["10.0.0.0/8"] } } })).toEqual([]);
  });

  test.each([
    ["http", 80],
    ["http2", 81],
    ["grpc", 82],
  ])("is a route of %s to the Service's port", (port, number) => {
    const { applications } = check({ web: listening(each, { exposed: { api: { path: "/a", port } } }) });
    expect(applications.flatMap((application) => routesOf(application, ["kong"])).map(({ service }) => service)).toEqual([
      { name: "web", namespace: "shop", port: number, protocol: port },
    ]);
  });
});
