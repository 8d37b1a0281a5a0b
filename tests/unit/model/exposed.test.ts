import { describe, expect, test } from "vitest";
import type { ApplicationDeclaration } from "../../../model/application.ts";
import { checkApplications } from "../../../model/checks/check.ts";
import { exposuresOf, isTreatedOtherwise, resilienceFor } from "../../../model/exposed.ts";
import { defaultResilience } from "../../../model/resilience.ts";
import { routesOf } from "../../../model/route.ts";
import { factsOf, httpPort, service } from "../../lib/shop.ts";

/*
 * What gateways offer of one service: each exposure by itself, and beside the others of the service.
 */

const tls = { hosts: ["shop.example.com", "*.example.org"], plaintext: true };
const grpc = { port: 9090, protocol: "grpc" };

/** A service of these exposures, which listens on HTTP, or on other ports. */
const check = (exposed: unknown, ports: unknown = { http: { port: 8080 } }) =>
  checkApplications(
    [
      {
        namespace: "team",
        services: {
          web: {
            image: { registry: "registry", repository: "web", tag: "1" },
            probes: { ready: "none" },
            ...{ ports, exposed },
          },
        },
      } as unknown as ApplicationDeclaration,
    ],
    { gateways: factsOf("kong", "istio"), tls },
  );

const problems = (exposed: unknown, ports?: unknown) =>
  check(exposed, ports).problems.map((problem) => problem.replace("apps: team/web exposed", "").replace(/^\./, ""));
/** What is wrong with one exposure of a path. */
const wrong = (exposure: object, ports?: unknown) => problems({ api: { path: "/a", ...exposure } }, ports);

describe("an exposure", () => {
  test.each<[string, object]>([
    ["a path alone", {}],
    ["every path", { path: "/" }],
    ["exactly its path", { exact: true }],
    ["hosts, and those below a name", { hosts: ["shop.example.com", "*.example.org", "a.example.org"] }],
    ["methods", { methods: ["POST", "OPTIONS"] }],
    ["a path for each version", { versioned: "/{version}/a" }],
    ["another path for the service", { rewrite: "/b" }],
    ["none for it", { rewrite: "/" }],
    ["a time of its own", { timeout: "10m" }],
    ["any time", { timeout: "none" }],
    ["streams", { stream: true }],
    ["no streams, and a time", { stream: false, timeout: "1s" }],
    ["gateways", { gateways: ["istio"] }],
    ["policies", { policies: { maxBodyBytes: 1 } }],
    ["all of it", { exact: true, versioned: "/{version}/a", rewrite: "/b", methods: ["PUT"], timeout: "2s", policies: {} }],
    ["another path for clients", { redirect: { path: "/b", code: 302 } }],
    ["another host for clients", { redirect: { host: "new.example.net", code: 308 } }],
    [
      "a redirect of some hosts at a gateway",
      {
        redirect: { path: "/b", host: "new.example.net", code: 301 },
        ...{ hosts: ["shop.example.com"], gateways: ["kong"], exact: true },
      },
    ],
  ])("has %s", (_what, exposure) => {
    const { applications, problems } = check({ api: { path: "/a", ...exposure } });
    expect(problems).toEqual([]);
    expect(applications[0]?.services[0]?.exposed).toEqual({ api: { path: "/a", ...exposure } });
  });

  test("sends clients elsewhere for good, with the method that they asked with, unless it says otherwise", () => {
    const { applications } = check({ api: { path: "/a", redirect: { path: "/b" } } });
    expect(applications[0]?.services[0]?.exposed?.api?.redirect).toEqual({ path: "/b", code: 308 });
  });

  const host = "the full name of a host in lower case, such as shop.example.com";
  const path =
    "/ or a path such as /api/products: a slash before each part, none at the end, parts of letters, digits and . _ - alone";
  const redirect = { redirect: { path: "/b" } };
  const notAsked = "nothing with redirect, as the service is not asked";
  const cors = { origins: ["*"], methods: ["GET", "PUT"] };
  test.each<[string, object, string]>([
    ["a host that is none", { hosts: ["shop"] }, `hosts[0] is "shop"; allowed: ${host}, or *.example.com for all right below it`],
    [
      "a star within a host",
      { hosts: ["a.*.example.com"] },
      `hosts[0] is "a.*.example.com"; allowed: ${host}, or *.example.com for all right below it`,
    ],
    ["every host as a star", { hosts: ["*"] }, `hosts[0] is "*"; allowed: ${host}, or *.example.com for all right below it`],
    ["no hosts", { hosts: [] }, "hosts is []; allowed: at least one, or none at all, which means every host"],
    [
      "a host twice",
      { hosts: ["a.example.org", "a.example.org"] },
      'hosts[1] is "a.example.org"; allowed: what the list does not have already',
    ],
    ["no path", { path: undefined }, `path is not given; allowed: ${path}`],
    ["a word for whether it is exact", { exact: "yes" }, 'exact is "yes"; allowed: true or false'],
    ["a path with a slash at its end for the service", { rewrite: "/b/" }, `rewrite is "/b/"; allowed: ${path}`],
    ["a version in the path for the service", { rewrite: "/{version}" }, `rewrite is "/{version}"; allowed: ${path}`],
    [
      "a time without a unit",
      { timeout: "5" },
      'timeout is "5"; allowed: none, or a duration from 1ms to 1440m in whole milliseconds, such as 250ms, 1.5s or 1m',
    ],
    ["a word for whether it streams", { stream: "sse" }, 'stream is "sse"; allowed: true or false'],
    ["a time for streams", { stream: true, timeout: "1s" }, 'timeout is "1s"; allowed: nothing with stream, which has no end'],
    ["a redirect to nowhere", { redirect: {} }, "redirect is {}; allowed: a mapping with path, host or both"],
    [
      "a redirect by its code alone",
      { redirect: { code: 301 } },
      'redirect is {"code":301}; allowed: a mapping with path, host or both',
    ],
    ["a redirect to a URL", { redirect: { host: "https://a.b" } }, `redirect.host is "https://a.b"; allowed: ${host}`],
    [
      "a redirect to any host below a name",
      { redirect: { host: "*.example.org" } },
      `redirect.host is "*.example.org"; allowed: ${host}`,
    ],
    ["a redirect to a query", { redirect: { path: "/b?c" } }, `redirect.path is "/b?c"; allowed: ${path}`],
    [
      "a redirect with a code of an answer",
      { redirect: { path: "/b", code: 304 } },
      "redirect.code is 304; allowed: one of 301, 302, 303, 307, 308",
    ],
    ["a port of a redirect", { ...redirect, port: "http" }, `port is "http"; allowed: ${notAsked}`],
    ["methods of a redirect", { ...redirect, methods: ["GET"] }, `methods is ["GET"]; allowed: ${notAsked}`],
    ["versions of a redirect", { ...redirect, versioned: "/{version}" }, `versioned is "/{version}"; allowed: ${notAsked}`],
    ["another path for the service of a redirect", { ...redirect, rewrite: "/c" }, `rewrite is "/c"; allowed: ${notAsked}`],
    ["a time of a redirect", { ...redirect, timeout: "1s" }, `timeout is "1s"; allowed: ${notAsked}`],
    ["whether a redirect streams", { ...redirect, stream: false }, `stream is false; allowed: ${notAsked}`],
    [
      "policies of a redirect",
      { ...redirect, policies: { maxBodyBytes: 1 } },
      `policies is {"maxBodyBytes":1}; allowed: ${notAsked}`,
    ],
    [
      "pages of other origins with a method that it does not take",
      { methods: ["GET", "POST"], policies: { cors } },
      'policies.cors.methods[1] is "PUT"; allowed: one of the methods of the exposure: GET, POST',
    ],
  ])("is refused with %s", (_what, exposure, sentence) => {
    expect(wrong(exposure)).toEqual([`api.${sentence}`]);
  });
});

describe("the exposures of a service", () => {
  test.each(["a", "api", "a-1", "a".repeat(20)])("may be called %s", (name) => {
    expect(problems({ [name]: { path: "/a" } })).toEqual([]);
  });

  const name = "lower-case letters, digits and hyphens, beginning with a letter, ending with a letter or digit, at most 20 long";
  test.each(["Api", "1a", "a-", "a.b", "a_b", "a".repeat(21)])("may not be called %s", (wrong) => {
    expect(problems({ [wrong]: { path: "/a" } })).toEqual([`${wrong} is not a key; allowed: ${name}`]);
  });

  test.each<[string, unknown, string]>([
    ["nothing at all", {}, " is {}; allowed: at least one exposure by its name, or none at all"],
    [
      "an exposure without a name, as in earlier versions",
      { path: "/a" },
      'path is "/a"; allowed: a mapping with port, hosts, path, exact, methods, versioned, rewrite, redirect, timeout, stream, gateways, policies',
    ],
    ["a list", [{ path: "/a" }], ' is [{"path":"/a"}]; allowed: a mapping of names to exposures'],
    [
      "one path of versions twice, whichever hosts have it",
      {
        a: { path: "/a", versioned: "/{version}/x", hosts: ["shop.example.com"] },
        b: { path: "/b", versioned: "/{version}/x", hosts: ["*.example.org"] },
      },
      'b.versioned is "/{version}/x"; allowed: a path that no other exposure of the service has',
    ],
  ])("are not %s", (_what, exposed, sentence) => {
    expect(problems(exposed)).toEqual([sentence]);
  });

  test("may be of several ports, of which gRPC's alone lack what gRPC has not", () => {
    const ports = { http: { port: 8080 }, grpc };
    const page = { port: "http", path: "/", methods: ["GET"], rewrite: "/page", policies: { maxBodyBytes: 1 } };
    const calls = { port: "grpc", path: "/shop.Orders" };
    expect(
      problems(
        { page, calls: { ...calls, exact: false, timeout: "1m", policies: { addresses: { deny: ["10.0.0.0/8"] } } } },
        ports,
      ),
    ).toEqual([]);
    expect(problems({ page, calls: { ...calls, stream: true } }, ports)).toEqual([]);
    const wrong = {
      methods: ["POST"],
      versioned: "/{version}/a",
      rewrite: "/b",
      policies: { maxBodyBytes: 1, cors: { origins: ["*"], methods: ["POST"] } },
    };
    expect(problems({ page, calls: { ...calls, ...wrong } }, ports).map((problem) => problem.split(" is ")[0])).toEqual([
      "calls.methods",
      "calls.versioned",
      "calls.rewrite",
      "calls.policies.maxBodyBytes",
      "calls.policies.cors",
    ]);
    expect(problems({ page, calls: { ...calls, rewrite: "/b" } }, ports)).toEqual([
      'calls.rewrite is "/b"; allowed: nothing of gRPC, whose paths say what is called',
    ]);
    expect(problems({ page, calls: { path: "/b" } }, ports)).toEqual([
      "calls.port is not given; allowed: one of the ports of HTTP or gRPC: http, grpc",
    ]);
    // It asks no port.
    expect(problems({ page, old: { path: "/b", redirect: { path: "/c" } } }, ports)).toEqual([]);
    expect(problems({ old: { path: "/b", redirect: { path: "/c" } } }, { raw: { port: 5000, protocol: "tcp" } })).toEqual([
      ' is {"old":{"path":"/b","redirect":{"path":"/c"}}}; allowed: nothing, as gateways take requests and no port has protocol http, http2 or grpc',
    ]);
  });

  test("keep their names and each its port", () => {
    const ports = [httpPort(8080), { name: "grpc", protocol: "grpc", port: 9090, target: 9090 } as const];
    const exposed = {
      page: { port: "http", path: "/" },
      calls: { port: "grpc", path: "/a.B" },
      old: { path: "/old", redirect: { path: "/", code: 308 } },
    } as const;
    expect(exposuresOf({ ports, exposed }).map(({ name, port }) => [name, port.name])).toEqual([
      ["page", "http"],
      ["calls", "grpc"],
      ["old", "http"],
    ]);
  });
});

describe("the requests of an exposure", () => {
  test.each<[object, boolean]>([
    [{}, false],
    [{ exact: true, methods: ["POST"], hosts: ["a.b"], versioned: "/{version}" }, false],
    [{ stream: false }, false],
    [{ stream: true }, true],
    [{ timeout: "5s" }, true],
    [{ rewrite: "/" }, true],
  ])("with %j are treated otherwise than others of the service: %j", (exposure, otherwise) => {
    const own = { name: "own", exposure: { path: "/a", ...exposure }, port: httpPort(80), isFirst: true };
    expect(isTreatedOtherwise(own, [own])).toBe(otherwise);
  });

  test("of gRPC are spoken otherwise than those of HTTP, where the service has both", () => {
    const [page, calls] = [httpPort(80), { name: "grpc", protocol: "grpc", port: 90, target: 90 } as const].map((port) => ({
      ...{ name: port.name, exposure: { path: "/a" }, port, isFirst: false },
    }));
    if (!page || !calls) throw new Error("none");
    expect([page, calls].map((one) => isTreatedOtherwise(one, [page, calls]))).toEqual([false, true]);
    expect(isTreatedOtherwise(calls, [calls])).toBe(false);
  });

  test("have the service's resilience, or a time of their own, which each try may take; streams have any time, in one try", () => {
    const { retries } = defaultResilience;
    const resilience = (exposure: object) => resilienceFor({ path: "/a", ...exposure }, defaultResilience);
    expect(resilience({ rewrite: "/b", stream: false })).toEqual(defaultResilience);
    const timed = { ...defaultResilience, timeout: "1m", retries: { ...retries, perTryTimeout: "1m" } };
    expect(resilience({ timeout: "1m" })).toEqual(timed);
    expect(resilience({ stream: true })).toEqual({ ...defaultResilience, timeout: "none", retries: { ...retries, attempts: 0 } });
  });
});

describe("the row of the route table", () => {
  const row = (exposure: object, changes: Parameters<typeof service>[1] = {}) =>
    routesOf({ namespace: "team", services: [service("web", { ...changes, exposed: { api: { path: "/a", ...exposure } } })] }, [
      "kong",
    ])[0];

  test("is the exposure's, with a delegate of its own", () => {
    expect(row({})).toEqual({
      ...{ name: "api", path: "/a", methods: ["GET", "HEAD"], versions: ["v1"], gateways: ["kong"], policies: {} },
      service: { name: "web", namespace: "team", port: 8080, protocol: "http" },
      delegate: { name: "web-exposed", namespace: "team" },
      timeout: defaultResilience.timeout,
      retriedBytes: defaultResilience.retries.maxBodyBytes,
    });
  });

  test.each<[string, object, object]>([
    ["hosts", { hosts: ["a.example.org"] }, { hosts: ["a.example.org"] }],
    ["an exact path", { exact: true }, { exact: true }],
    ["methods", { methods: ["PUT"] }, { methods: ["PUT"] }],
    ["versions", { versioned: "/{version}" }, { versioned: "/{version}" }],
    ["its gateways", { gateways: ["istio"] }, { gateways: ["istio"] }],
    ["a time, and a Service for it", { timeout: "1m" }, { timeout: "1m", entrance: { name: "web-api", namespace: "team" } }],
    ["streams", { stream: true }, { stream: true, timeout: "none", entrance: { name: "web-api", namespace: "team" } }],
    ["a path for the service", { rewrite: "/b" }, { entrance: { name: "web-api", namespace: "team" } }],
    ["policies", { policies: { maxBodyBytes: 1 } }, { policies: { maxBodyBytes: 1 } }],
  ])("has %s", (_what, exposure, part) => {
    expect(row(exposure)).toEqual({ ...row({}), ...part });
  });

  test("is guarded by gateways where another one of the port allows what it does not", () => {
    const guarded = (exposed: object, ports = [httpPort(80)]) => {
      const routes = routesOf({ namespace: "team", services: [service("web", { ports, exposed: exposed as never })] }, ["kong"]);
      return Object.fromEntries(routes.map(({ name, isGuarded = false }) => [name, isGuarded]));
    };
    const [read, write] = [{ path: "/a" }, { path: "/b", methods: ["GET", "POST"] }];
    expect(guarded({ read })).toEqual({ read: false });
    expect(guarded({ read, write })).toEqual({ read: true, write: true });
    expect(guarded({ read, write: { ...write, methods: ["GET", "HEAD"] } })).toEqual({ read: false, write: false });
    const ports = [httpPort(80), { name: "admin", protocol: "http", port: 81, target: 81 } as const];
    const apart = { read: { ...read, port: "http" }, write: { ...write, port: "admin" } };
    expect(guarded(apart, ports)).toEqual({ read: false, write: false });
  });

  test("is told by no methods where it is of gRPC or leads elsewhere", () => {
    const { methods: _, ...others } = row({}) ?? {};
    const redirect = { path: "/b", code: 308 };
    expect(row({ redirect })).toEqual({ ...others, delegate: { name: "web.api", namespace: "team" }, redirect });
    const ports = [{ name: "grpc", protocol: "grpc", port: 9090, target: 9090 } as const];
    expect(row({}, { ports })).not.toHaveProperty("methods");
  });
});
