import { describe, expect, test } from "vitest";
import type { ApplicationDeclaration } from "../../../model/application.ts";
import { checkApplications } from "../../../model/checks/check.ts";

/*
 * How containers are asked how they are: what a team says, and what is asked for it.
 */

type Service = NonNullable<ApplicationDeclaration["services"]>[string];

const image = { registry: "registry", repository: "service", tag: "1" };
const check = (ports: object, probes: unknown) => {
  const web = { image, ports, ...(probes !== undefined && { probes }) } as unknown as Service;
  return checkApplications([{ namespace: "shop", services: { web } }], { gateways: [] });
};

/** What is asked in the end. */
function probesOf(ports: object, probes?: unknown) {
  const { applications, problems } = check(ports, probes);
  expect(problems).toEqual([]);
  return applications[0]?.services[0]?.probes;
}

const problemsOf = (ports: object, probes?: unknown) =>
  check(ports, probes).problems.map((problem) => problem.replace(/^apps: shop\/web /, ""));

const http = { port: 80, target: 8080 };
const admin = { port: 81, target: 8081 };
const http2 = { port: 82, target: 8082, protocol: "http2" };
const grpc = { port: 90, target: 9090, protocol: "grpc" };
const tcp = { port: 50, target: 5000, protocol: "tcp" };
const tls = { port: 51, target: 5001, protocol: "tls" };

describe("what is asked", () => {
  test.each<[string, object, unknown, object | undefined]>([
    ["a path", { http }, "/ready", { http: "/ready", port: 8080 }],
    ["a path, on the first port of HTTP", { tcp, grpc, http, admin }, "/ready", { http: "/ready", port: 8080 }],
    ["a path in a mapping", { http }, { http: "/ready" }, { http: "/ready", port: 8080 }],
    ["a path, by the name of a port", { http, admin }, { http: "/ready", port: "admin" }, { http: "/ready", port: 8081 }],
    ["a path, by the number in the container", { http, admin }, { http: "/ready", port: 8081 }, { http: "/ready", port: 8081 }],
    ["a path, on a port that callers cannot have", { grpc }, { http: "/ready", port: 9000 }, { http: "/ready", port: 9000 }],
    ["a connection, by the name of a port", { http, tls }, { tcp: "tls" }, { tcp: 5001 }],
    ["a connection, by a number", { tcp }, { tcp: 5000 }, { tcp: 5000 }],
    ["a connection, on a port that callers cannot have", { http }, { tcp: 9000 }, { tcp: 9000 }],
    ["a connection, on a port that has requests", { http }, { tcp: "http" }, { tcp: 8080 }],
    ["gRPC's health, by the name of a port", { http, grpc }, { grpc: "grpc" }, { grpc: 9090 }],
    ["gRPC's health, by a number", { grpc }, { grpc: 9090 }, { grpc: 9090 }],
    ["gRPC's health, of one service", { grpc }, { grpc: "grpc", service: "shop" }, { grpc: 9090, service: "shop" }],
    ["gRPC's health, on a port that callers cannot have", { http }, { grpc: 9000 }, { grpc: 9000 }],
    ["a command", { http }, { exec: ["/bin/ask", "--all"] }, { exec: ["/bin/ask", "--all"] }],
    ["nothing", { http }, "none", undefined],
  ])("%s", (_what, ports, probe, asked) => {
    const expected = { startWithin: 60, ...(asked && { ready: asked, health: asked }) };
    expect(probesOf(ports, { ready: probe, health: probe })).toEqual(expected);
  });

  test("each question by itself", () => {
    expect(probesOf({ http, grpc }, { ready: { grpc: "grpc" }, health: "/health" })).toEqual({
      ready: { grpc: 9090 },
      health: { http: "/health", port: 8080 },
      startWithin: 60,
    });
  });
});

describe("where nothing is said", () => {
  test("gRPC is asked by its own health service, TCP and TLS by a connection: on the first port, and whether they are ready alone", () => {
    expect(probesOf({ grpc, http })).toEqual({ ready: { grpc: 9090 }, startWithin: 60 });
    expect(probesOf({ tcp, http })).toEqual({ ready: { tcp: 5000 }, startWithin: 60 });
    expect(probesOf({ tls, grpc })).toEqual({ ready: { tcp: 5001 }, startWithin: 60 });
    expect(probesOf({ tcp }, { health: { tcp: "tcp" } })).toEqual({
      ready: { tcp: 5000 },
      health: { tcp: 5000 },
      startWithin: 60,
    });
  });

  test.each([
    ["http", { http, grpc }],
    ["http2", { http2, tcp }],
  ])("a service whose first port is of %s must say: no path is one that every service answers", (_protocol, ports) => {
    const sentence =
      "probes.ready is not given; allowed: a path, none, or a mapping with http, tcp, grpc or exec, as the first port is of HTTP";
    expect(problemsOf(ports)).toEqual([sentence]);
    expect(problemsOf(ports, {})).toEqual([sentence]);
    expect(problemsOf(ports, { health: "none" })).toEqual([sentence]);
    expect(problemsOf(ports, { ready: "none" })).toEqual([]);
  });
});

describe("how long a start may take", () => {
  test.each([
    [undefined, 60],
    ["1s", 1],
    ["90s", 90],
    ["10m", 600],
    ["60m", 3_600],
    ["3600s", 3_600],
  ])("%j is %i seconds", (startWithin, seconds) => {
    expect(probesOf({ tcp }, { ...(startWithin !== undefined && { startWithin }) })?.startWithin).toBe(seconds);
  });

  test.each([
    ["61m", "at most 60m"],
    ["3601s", "at most 60m"],
    ["0s", "a duration from 1s to 1440m in whole seconds, such as 30s or 10m"],
    ["500ms", "a duration from 1s to 1440m in whole seconds, such as 30s or 10m"],
    ["1.5s", "a duration from 1s to 1440m in whole seconds, such as 30s or 10m"],
    ["soon", "a duration from 1s to 1440m in whole seconds, such as 30s or 10m"],
    ["none", "a duration from 1s to 1440m in whole seconds, such as 30s or 10m"],
  ])("%j is refused", (startWithin, allowed) => {
    expect(problemsOf({ tcp }, { startWithin })).toEqual([`probes.startWithin is "${startWithin}"; allowed: ${allowed}`]);
  });
});

const kinds = "a path, none, or a mapping with http, tcp, grpc or exec";
const path =
  "/ or a path such as /api/products: a slash before each part, none at the end, parts of letters, digits and . _ - alone";
const otherNumber = "the number of a port that is not among the ports";

describe.each(["ready", "health"])("%s is refused", (question) => {
  const refused = (ports: object, probe: unknown) => problemsOf(ports, { ready: "none", [question]: probe });

  test.each<[string, object, unknown, string]>([
    ["as no path", { http }, "ready", ` is "ready"; allowed: ${path}`],
    ["as a number", { http }, 8080, ` is 8080; allowed: ${kinds}`],
    ["as an empty mapping", { http }, {}, ` is {}; allowed: ${kinds}`],
    [
      "as a path where no port is of HTTP",
      { http2, grpc },
      "/ready",
      ' is "/ready"; allowed: another kind of probe, or http with the number of a port, as no port has protocol http',
    ],
    [
      "as a path in a mapping where no port is of HTTP",
      { tcp },
      { http: "/ready" },
      ' is {"http":"/ready"}; allowed: another kind of probe, or http with the number of a port, as no port has protocol http',
    ],
    [
      "as a path on a port that speaks otherwise",
      { http, grpc },
      { http: "/ready", port: "grpc" },
      `.port is "grpc"; allowed: one of the ports http, or ${otherNumber}`,
    ],
    [
      "as a path on a port that speaks otherwise, by its number",
      { http, http2 },
      { http: "/ready", port: 8082 },
      `.port is 8082; allowed: one of the ports http, or ${otherNumber}`,
    ],
    [
      "as a path on a port that there is not",
      { http, admin },
      { http: "/ready", port: "web" },
      `.port is "web"; allowed: one of the ports http, admin, or ${otherNumber}`,
    ],
    ["as gRPC on a port of HTTP", { http }, { grpc: "http" }, `.grpc is "http"; allowed: ${otherNumber}`],
    ["as gRPC on a port of HTTP, by its number", { http }, { grpc: 8080 }, `.grpc is 8080; allowed: ${otherNumber}`],
    [
      "as gRPC on a port that there is not",
      { http, grpc },
      { grpc: "rpc" },
      `.grpc is "rpc"; allowed: one of the ports grpc, or ${otherNumber}`,
    ],
    [
      "as a connection to a port that there is not",
      { http, tcp },
      { tcp: "raw" },
      `.tcp is "raw"; allowed: one of the ports http, tcp, or ${otherNumber}`,
    ],
  ])("%s", (_what, ports, probe, sentence) => {
    expect(refused(ports, probe)).toEqual([`probes.${question}${sentence}`]);
  });

  test.each<[string, unknown]>([
    ["a command of nothing", { exec: [] }],
    ["a command as text", { exec: "/bin/ask" }],
    ["two kinds at once", { tcp: 5000, http: "/ready" }],
    ["a kind that nobody knows", { udp: 5000 }],
    ["a port that is none", { tcp: 0 }],
    ["gRPC's service as a number", { grpc: 9090, service: 1 }],
  ])("as %s", (_what, probe) => {
    const [problem, ...others] = refused({ grpc, tcp }, probe);
    expect(problem).toMatch(new RegExp(`^probes\\.${question}(\\.\\w+)? is .*; allowed: .`));
    expect(others).toEqual([]);
  });
});

test("a key that nobody knows is refused with those that are known", () => {
  expect(problemsOf({ tcp }, { live: "/live" })).toEqual(["probes.live is not a key; allowed: ready, health, startWithin"]);
});

test("beside ports that are wrong, of probes nothing is told that follows from them", () => {
  expect(problemsOf({ http: { port: 0 } }, { ready: "/ready" })).toEqual([
    "ports.http.port is 0; allowed: a whole number from 1 to 65535",
  ]);
});
