import { describe, expect, test } from "vitest";
import type { ServiceSpec } from "../../../model/application.ts";
import { CallGraph, databasePort, principalOf } from "../../../model/callGraph.ts";
import type { Port } from "../../../model/ports.ts";
import { matrixCells, matrixRows } from "../../lib/matrixRows.ts";
import { factsOf, httpPort, service, shop, worker } from "../../lib/shop.ts";

const graph = new CallGraph(shop(), factsOf("istio", "kong"));
const row = (from: string, to: string, of = graph) => matrixRows(of.matrix()).find((one) => one.from === from && one.to === to);

test("every workload, and where it is to be had", () => {
  const postgresql = { name: "postgresql", protocol: "tcp", port: databasePort, target: databasePort };
  expect(graph.workloads).toEqual([
    { namespace: "prod", name: "frontend", ports: [httpPort(80, 8080)] },
    { namespace: "prod", name: "backend", ports: [httpPort(3000)] },
    { namespace: "prod", name: "database", ports: [postgresql] },
    { namespace: "product", name: "product", ports: [httpPort(8080)] },
    { namespace: "load", name: "generator", ports: [] },
  ]);
});

test("accounts as certificates name them", () => {
  expect(principalOf({ namespace: "prod", name: "frontend" })).toBe("cluster.local/ns/prod/sa/frontend");
});

describe("the matrix", () => {
  test("has every ordered pair once: five workloads, and two gateways", () => {
    const pairs = matrixRows(graph.matrix()).map(({ from, to }) => `${from} ${to}`);
    expect(new Set(pairs).size).toBe(pairs.length);
    expect(pairs).toHaveLength(5 * 4 + 2 * 5);
  });

  test("allows exactly what is declared", () => {
    const allowed = matrixRows(graph.matrix()).filter((one) => one.allowed);
    expect(Object.fromEntries(allowed.map(({ from, to, operations }) => [`${from} ${to}`, operations]))).toEqual({
      "prod/frontend prod/backend": [{ methods: ["GET", "HEAD"], paths: ["/api/catalog"] }],
      "prod/backend prod/database": [{}],
      "load/generator product/product": [{ methods: ["GET"], paths: ["/api/products"] }],
      // Below `/` is everything, which no list of paths says.
      "istio-ingress/istio-ingressgateway prod/frontend": [{ methods: ["GET", "HEAD"] }],
      "istio-ingress/istio-ingressgateway prod/backend": [{ methods: ["GET", "HEAD"], paths: ["/api"] }],
      "istio-ingress/istio-ingressgateway product/product": [{ methods: ["GET", "HEAD"], paths: ["/api/products"] }],
      "kong/kong-kong prod/frontend": [{ methods: ["GET", "HEAD"] }],
      "kong/kong-kong prod/backend": [{ methods: ["GET", "HEAD"], paths: ["/api"] }],
      "kong/kong-kong product/product": [{ methods: ["GET", "HEAD"], paths: ["/api/products"] }],
    });
  });

  test("is as long as what is declared, however many pairs there are", () => {
    const { callers, callees, allowed } = graph.matrix();
    expect([callers.length, callees.length, allowed.length]).toEqual([5 + 2, 5, 9]);
  });

  test("says where a callee is, and of one that listens on nothing that it is nowhere", () => {
    expect(row("prod/frontend", "prod/database")).toEqual({
      from: "prod/frontend",
      to: "prod/database",
      protocol: "tcp",
      port: 5432,
      allowed: false,
      operations: [],
    });
    // The Service's port: what is dialled.
    expect(row("kong/kong-kong", "prod/frontend")).toMatchObject({ protocol: "http", port: 80 });
    expect(row("product/product", "load/generator")).toEqual({
      from: "product/product",
      to: "load/generator",
      allowed: false,
      operations: [],
    });
  });
});

describe("gateways", () => {
  test("those that do not run call nobody", () => {
    const froms = matrixRows(new CallGraph(shop(), factsOf("istio")).matrix()).map(({ from }) => from);
    expect(froms).not.toContain("kong/kong-kong");
  });

  test("call nobody who is not offered there", () => {
    const only = new CallGraph(
      shop({ product: { exposed: { products: { path: "/api/products", gateways: ["kong"] } } } }),
      factsOf("istio", "kong"),
    );
    expect(row("istio-ingress/istio-ingressgateway", "product/product", only)?.allowed).toBe(false);
    expect(row("kong/kong-kong", "product/product", only)?.allowed).toBe(true);
  });

  test("may ask with the methods that are offered", () => {
    const writable = new CallGraph(
      shop({ product: { exposed: { products: { path: "/api/products", methods: ["POST"] } } } }),
      factsOf("kong"),
    );
    expect(row("kong/kong-kong", "product/product", writable)?.operations).toEqual([
      { methods: ["POST"], paths: ["/api/products"] },
    ]);
  });
});

describe("gateways ask a service in each way in which it is exposed", () => {
  const operationsOf = (exposed: NonNullable<ServiceSpec["exposed"]>, gateway = "istio-ingress/istio-ingressgateway") =>
    row(gateway, "product/product", new CallGraph(shop({ product: { exposed } }), factsOf("istio", "kong")))?.operations;

  test.each<[string, NonNullable<ServiceSpec["exposed"]>, readonly object[]]>([
    ["below a path", { a: { path: "/a" } }, [{ methods: ["GET", "HEAD"], paths: ["/a"] }]],
    ["by exactly a path", { a: { path: "/a", exact: true } }, [{ methods: ["GET", "HEAD"], paths: ["/a"], exact: true }]],
    ["by exactly the root", { a: { path: "/", exact: true } }, [{ methods: ["GET", "HEAD"], paths: ["/"], exact: true }]],
    ["by the path that it sees", { a: { path: "/a", rewrite: "/b" } }, [{ methods: ["GET", "HEAD"], paths: ["/b"] }]],
    ["by every path that it sees", { a: { path: "/a", rewrite: "/" } }, [{ methods: ["GET", "HEAD"] }]],
    [
      "by exactly the path that it sees",
      { a: { path: "/a", rewrite: "/b", exact: true } },
      [{ methods: ["GET", "HEAD"], paths: ["/b"], exact: true }],
    ],
    [
      "by the path that versions are made into",
      { a: { path: "/a", versioned: "/{version}/a" } },
      [{ methods: ["GET", "HEAD"], paths: ["/a"] }],
    ],
    ["not at all by a redirect", { a: { path: "/a", redirect: { path: "/b", code: 308 } } }, []],
    [
      "and in all of several",
      {
        read: { path: "/a", methods: ["GET"] },
        write: { path: "/a", methods: ["POST"], exact: true },
        old: { path: "/old", redirect: { path: "/a", code: 301 } },
      },
      [
        { methods: ["GET"], paths: ["/a"] },
        { methods: ["POST"], paths: ["/a"], exact: true },
      ],
    ],
  ])("%s", (_what, exposed, operations) => {
    expect(operationsOf(exposed)).toEqual(operations);
  });

  test("each in those that it offers, and hosts are nothing to the service", () => {
    const exposed = {
      page: { path: "/a", hosts: ["shop.example.com"] },
      partners: { path: "/b", gateways: ["kong"] },
    } as const;
    const page = { methods: ["GET", "HEAD"], paths: ["/a"] };
    expect(operationsOf(exposed)).toEqual([page]);
    expect(operationsOf(exposed, "kong/kong-kong")).toEqual([page, { methods: ["GET", "HEAD"], paths: ["/b"] }]);
  });
});

test("two calls to one callee are two operations of one pair", () => {
  const calls = [
    { to: "backend", methods: ["GET"], paths: ["/api/catalog"] },
    { to: "backend", methods: ["POST"], paths: ["/api/orders"] },
  ];
  const of = new CallGraph(shop({ frontend: { calls } }), []);
  expect(row("prod/frontend", "prod/backend", of)?.operations).toEqual([
    { methods: ["GET"], paths: ["/api/catalog"] },
    { methods: ["POST"], paths: ["/api/orders"] },
  ]);
});

describe("a service that calls itself", () => {
  const calls = [{ to: "backend", methods: ["GET"], paths: ["/api/peers"] }];
  const of = new CallGraph(shop({ backend: { calls } }), factsOf("istio"));

  test("is its own caller and callee, with exactly that declared", () => {
    const own = matrixCells(of.matrix()).filter(({ from, to }) => from === to && from !== "load/generator");
    expect(own.map(({ from, operations }) => [from, operations])).toEqual([
      ["prod/frontend", []],
      ["prod/backend", [{ methods: ["GET"], paths: ["/api/peers"] }]],
      ["prod/database", []],
      ["product/product", []],
    ]);
    const backend = { namespace: "prod", name: "backend" };
    for (const edges of [of.callersOf(backend), of.calleesOf(backend)]) {
      expect(edges.filter(({ from, to }) => from.name === to.name)).toMatchObject([{ from: backend, to: backend }]);
    }
  });

  test("is no pair of the matrix, which has a pod ask another one", () => {
    expect(matrixRows(of.matrix()).filter(({ from, to }) => from === to)).toEqual([]);
  });
});

test("a database is called from another namespace by whoever declares it there, and by nobody else", () => {
  const [prod, product, load] = shop({ product: { calls: [{ to: "prod/database" }] } });
  const other = { namespace: "other", services: [], workers: [worker("mailer", { calls: [{ to: "prod/database" }] })] };
  const of = new CallGraph([prod, product, load, other], []);
  const callers = of.callersOf({ namespace: "prod", name: "database" }).map(({ from }) => `${from.namespace}/${from.name}`);
  expect(callers).toEqual(["prod/backend", "product/product", "other/mailer"]);
  expect(row("product/product", "prod/database", of)).toMatchObject({ port: 5432, allowed: true, operations: [{}] });
  expect(row("prod/frontend", "prod/database", of)?.allowed).toBe(false);
});

test("a workload with storage is stateful, and no other is", () => {
  const of = new CallGraph(shop({ backend: { storage: { "/data": "1Gi" } } }), []);
  expect(of.workloads.filter(({ stateful }) => stateful).map(({ name }) => name)).toEqual(["backend"]);
});

describe("a workload with several ports", () => {
  const ports: Port[] = [
    httpPort(80, 8080),
    { name: "grpc", protocol: "grpc", port: 9090, target: 9090 },
    { name: "raw", protocol: "tcp", port: 5000, target: 5001 },
  ];
  const many = new CallGraph(
    [
      {
        namespace: "many",
        services: [
          service("listener", {
            ports,
            exposed: { page: { port: "http", path: "/" }, calls: { port: "grpc", path: "/shop.Catalog" } },
          }),
          service("caller", {
            calls: [
              { to: "listener", port: "http", methods: ["GET"] },
              { to: "listener", port: "raw" },
              { to: "listener", port: "http", paths: ["/a"] },
            ],
          }),
        ],
      },
      { namespace: "other", services: [service("neighbour", { calls: [{ to: "many/listener", port: "raw" }] })] },
    ],
    factsOf("istio"),
  );

  test("is in the matrix once for each of them", () => {
    const { callees } = many.matrix();
    expect(callees.filter(({ name }) => name === "many/listener")).toEqual([
      { name: "many/listener", protocol: "http", port: 80 },
      { name: "many/listener", protocol: "grpc", port: 9090 },
      { name: "many/listener", protocol: "tcp", port: 5000 },
    ]);
  });

  test("is called on the ports that are named, and on no other", () => {
    const { allowed } = many.matrix();
    expect(allowed).toEqual([
      {
        from: "istio-ingress/istio-ingressgateway",
        to: "many/listener",
        port: 80,
        operations: [{ methods: ["GET", "HEAD"] }],
      },
      // Methods are paths there, so that no method is said.
      {
        from: "istio-ingress/istio-ingressgateway",
        to: "many/listener",
        port: 9090,
        operations: [{ paths: ["/shop.Catalog"] }],
      },
      { from: "many/caller", to: "many/listener", port: 80, operations: [{ methods: ["GET"] }, { paths: ["/a"] }] },
      { from: "many/caller", to: "many/listener", port: 5000, operations: [{}] },
      { from: "other/neighbour", to: "many/listener", port: 5000, operations: [{}] },
    ]);
    const rows = matrixRows(many.matrix()).filter(({ from, to }) => from === "other/neighbour" && to === "many/listener");
    expect(rows.map(({ port, allowed }) => [port, allowed])).toEqual([
      [80, false],
      [9090, false],
      [5000, true],
    ]);
  });

  test.each([
    [undefined, /many\/b calls many\/a, which listens on nothing$/],
    ["admin", /many\/b calls many\/a, which listens on nothing called admin$/],
  ])("is not called on port %j", (port, sentence) => {
    const b = service("b", { calls: [{ to: "a", ...(port !== undefined && { port }) }] });
    expect(() => new CallGraph([{ namespace: "many", services: [service("a", { ports }), b] }], [])).toThrow(sentence);
  });
});

test.each([
  ["prod/nobody", /prod\/a calls prod\/nobody, which does not exist/],
  ["load/generator", /prod\/a calls load\/generator, which listens on nothing/],
])("a call to %s is an error", (to, sentence) => {
  const [, ...others] = shop();
  expect(() => new CallGraph([{ namespace: "prod", services: [service("a", { calls: [{ to }] })] }, ...others], [])).toThrow(
    sentence,
  );
});
