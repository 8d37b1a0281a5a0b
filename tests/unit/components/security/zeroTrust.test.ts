import { beforeAll, describe, expect, test } from "vitest";
import { gatewayFacts } from "../../../../components/gateway/facts.ts";
import { GatewayNetwork, type GatewayNetworkArgs } from "../../../../components/security/GatewayNetwork.ts";
import { type Surroundings, toNamespace, toOutside } from "../../../../components/security/network.ts";
import { ZeroTrust } from "../../../../components/security/ZeroTrust.ts";
import { CallGraph } from "../../../../model/callGraph.ts";
import { egress, egressOf } from "../../../../model/egress.ts";
import type { Port } from "../../../../model/ports.ts";
import { isAllowed, policiesOf } from "../../../lib/authorization.ts";
import { at, type Recording, record } from "../../../lib/mocks.ts";
import { factsOf, httpPort, job, service, shop, worker } from "../../../lib/shop.ts";

const authorization = "kubernetes:security.istio.io/v1:AuthorizationPolicy";
const network = "kubernetes:networking.k8s.io/v1:NetworkPolicy";
const sidecar = "kubernetes:networking.istio.io/v1:Sidecar";
const entry = "kubernetes:networking.istio.io/v1:ServiceEntry";
const destinationRule = "kubernetes:networking.istio.io/v1:DestinationRule";
const graph = new CallGraph(shop(), factsOf("istio", "kong"));

let prod: Recording;
let load: Recording;

beforeAll(async () => {
  prod = await record(() => new ZeroTrust("shop", { graph, namespace: "prod" }));
  load = await record(() => new ZeroTrust("load", { graph, namespace: "load" }));
});

const dns = {
  to: [
    {
      namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
      podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
    },
    { ipBlock: { cidr: "169.254.20.10/32" } },
  ],
  ports: [
    { port: 53, protocol: "UDP" },
    { port: 53, protocol: "TCP" },
  ],
};
const controlPlane = {
  to: [
    {
      namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "istio-system" } },
      podSelector: { matchLabels: { app: "istiod" } },
    },
  ],
  ports: [{ port: 15012, protocol: "TCP" }],
};
const pods = (namespace: string, app: string) => ({
  namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
  podSelector: { matchLabels: { app } },
});

const tcp = (port: number) => ({ port, protocol: "TCP" });
const scrapers = [{ namespace: "monitoring", podLabels: { "app.kubernetes.io/name": "prometheus" } }, { namespace: "agents" }];
const fromScrapers = [
  {
    namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "monitoring" } },
    podSelector: { matchLabels: { "app.kubernetes.io/name": "prometheus" } },
  },
  { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "agents" } } },
];

test("nothing but what the calls need, in each namespace", () => {
  const namesOf = ({ resources }: Recording) =>
    resources
      .filter(({ type }) => type.startsWith("kubernetes:"))
      .map(({ type, name }) => `${type.split(":").at(-1)} ${name}`)
      .sort();
  expect(namesOf(prod)).toEqual([
    "AuthorizationPolicy shop-allow-nothing",
    "AuthorizationPolicy shop-backend-callers",
    "AuthorizationPolicy shop-database-callers",
    "AuthorizationPolicy shop-frontend-callers",
    "NetworkPolicy shop-backend-peers",
    "NetworkPolicy shop-database-peers",
    "NetworkPolicy shop-default-deny",
    "NetworkPolicy shop-frontend-peers",
    "Sidecar shop-backend-scope",
    "Sidecar shop-database-scope",
    "Sidecar shop-frontend-scope",
  ]);
  expect(namesOf(load)).toEqual([
    "AuthorizationPolicy load-allow-nothing",
    "NetworkPolicy load-default-deny",
    "NetworkPolicy load-generator-peers",
    "Sidecar load-generator-scope",
  ]);
});

test("it holds for pods of every revision of the control plane: it names none", () => {
  for (const { inputs } of [...prod.resources, ...load.resources]) expect(JSON.stringify(inputs)).not.toContain("istio.io/rev");
});

describe("by identity", () => {
  test("nothing is allowed in the namespace", () => {
    expect(prod.inputs(authorization, "shop-allow-nothing")).toMatchObject({
      metadata: { name: "allow-nothing", namespace: "prod" },
      spec: {},
    });
    expect(Object.keys(at<object>(prod.inputs(authorization, "shop-allow-nothing"), "spec"))).toEqual([]);
  });

  test("a workload that nobody calls any more keeps its policy, which allows nobody: it is updated at once, and not deleted at the end", async () => {
    const alone = new CallGraph(
      shop().map((application) => ({
        ...application,
        services: application.services.map(({ exposed: _, ...service }) => service),
      })),
      factsOf("istio"),
    );
    const { inputs } = await record(() => new ZeroTrust("shop", { graph: alone, namespace: "prod" }));
    expect(at<object>(inputs(authorization, "shop-frontend-callers"), "spec")).toEqual({
      selector: { matchLabels: { app: "frontend" } },
      action: "ALLOW",
    });
  });

  test("callers are let in to what they declared: on the pod's port, exactly a path and what is below it", () => {
    const from = (principal: string) => [{ source: { principals: [`cluster.local/ns/${principal}`] } }];
    expect(at<object>(prod.inputs(authorization, "shop-backend-callers"), "spec")).toEqual({
      selector: { matchLabels: { app: "backend" } },
      action: "ALLOW",
      rules: [
        {
          from: from("istio-ingress/sa/istio-ingressgateway"),
          to: [{ operation: { ports: ["3000"], methods: ["GET", "HEAD"], paths: ["/api", "/api/*"] } }],
        },
        {
          from: from("kong/sa/kong-kong"),
          to: [{ operation: { ports: ["3000"], methods: ["GET", "HEAD"], paths: ["/api", "/api/*"] } }],
        },
        {
          from: from("prod/sa/frontend"),
          to: [{ operation: { ports: ["3000"], methods: ["GET", "HEAD"], paths: ["/api/catalog", "/api/catalog/*"] } }],
        },
      ],
    });
    expect(at<object>(prod.inputs(authorization, "shop-frontend-callers"), "spec.rules.0.to.0.operation")).toEqual({
      ports: ["8080"],
      methods: ["GET", "HEAD"],
    });
  });

  test("of a database ports alone: on TCP a rule that asks for more never holds", () => {
    expect(at<object>(prod.inputs(authorization, "shop-database-callers"), "spec.rules")).toEqual([
      { from: [{ source: { principals: ["cluster.local/ns/prod/sa/backend"] } }], to: [{ operation: { ports: ["5432"] } }] },
    ]);
  });

  test("an account of the same name in another namespace is a stranger", () => {
    const ask = (namespace: string) =>
      isAllowed(policiesOf(prod), {
        principal: `cluster.local/ns/${namespace}/sa/frontend`,
        namespace: "prod",
        labels: { app: "backend" },
        port: 3000,
        http: { method: "GET", path: "/api/catalog" },
      });
    expect([ask("prod"), ask("load")]).toEqual([true, false]);
  });
});

describe("on the network", () => {
  test("nobody in and nobody out, whatever pod it is", () => {
    expect(at<object>(prod.inputs(network, "shop-default-deny"), "spec")).toEqual({
      podSelector: {},
      policyTypes: ["Ingress", "Egress"],
    });
  });

  test("in from the callers, out to names, to the control plane and to the callees", () => {
    const gateway = (namespace: string) => ({ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } } });
    expect(at<object>(prod.inputs(network, "shop-backend-peers"), "spec")).toEqual({
      podSelector: { matchLabels: { app: "backend" } },
      policyTypes: ["Ingress", "Egress"],
      ingress: [
        { from: [gateway("istio-ingress"), gateway("kong"), pods("prod", "frontend")], ports: [{ port: 3000, protocol: "TCP" }] },
      ],
      egress: [dns, controlPlane, { to: [pods("prod", "database")], ports: [{ port: 5432, protocol: "TCP" }] }],
    });
  });

  test("a database reaches nobody, and a load is reached by nobody", () => {
    expect(at<object>(prod.inputs(network, "shop-database-peers"), "spec.egress")).toEqual([dns, controlPlane]);
    const spec = at<object>(load.inputs(network, "load-generator-peers"), "spec");
    expect(spec).not.toHaveProperty("ingress");
    expect(at<object>(spec, "egress.2")).toEqual({ to: [pods("product", "product")], ports: [{ port: 8080, protocol: "TCP" }] });
  });

  test("a callee with several operations is named once", async () => {
    const calls = ["GET", "POST"].map((method) => ({ to: "backend", methods: [method] }));
    const twice = new CallGraph(shop({ frontend: { calls } }), []);
    const { inputs } = await record(() => new ZeroTrust("shop", { graph: twice, namespace: "prod" }));
    expect(at<unknown[]>(inputs(network, "shop-frontend-peers"), "spec.egress")).toHaveLength(3);
    expect(at<unknown[]>(inputs(network, "shop-backend-peers"), "spec.ingress.0.from")).toHaveLength(1);
    expect(at<unknown[]>(inputs(sidecar, "shop-frontend-scope"), "spec.egress.0.hosts")).toHaveLength(1);
    expect(at<unknown[]>(inputs(authorization, "shop-backend-callers"), "spec.rules")).toHaveLength(2);
  });
});

describe("on the network of a cluster that is not as most are", () => {
  const specOf = async (surroundings: Surroundings, workload = "shop-database-peers") => {
    const { inputs } = await record(() => new ZeroTrust("shop", { graph, namespace: "prod", surroundings }));
    return inputs(network, workload);
  };

  test("who reads metrics is let in to every workload: on the proxy's ports with metrics, and on no other", async () => {
    const rule = { from: fromScrapers, ports: [15020, 15090].map(tcp) };
    expect(at<unknown[]>(await specOf({ scrapers }), "spec.ingress")).toEqual([
      { from: [pods("prod", "backend")], ports: [tcp(5432)] },
      rule,
    ]);
    // One that nobody calls as well.
    const { inputs } = await record(() => new ZeroTrust("load", { graph, namespace: "load", surroundings: { scrapers } }));
    expect(at<unknown[]>(inputs(network, "load-generator-peers"), "spec.ingress")).toEqual([rule]);
    expect(at<unknown[]>(await specOf({}), "spec.ingress")).toHaveLength(1);
  });

  test("names are asked of the addresses that it says, and of OpenShift's DNS where it is OpenShift's", async () => {
    const egress = async (surroundings: Surroundings) => at<unknown[]>(await specOf(surroundings), "spec.egress");
    expect(await egress({ dnsAddresses: ["10.96.0.10/32"] })).toEqual([
      { ...dns, to: [...dns.to, { ipBlock: { cidr: "10.96.0.10/32" } }] },
      controlPlane,
    ]);
    const openshift = {
      namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "openshift-dns" } },
      podSelector: { matchLabels: { "dns.operator.openshift.io/daemonset-dns": "default" } },
    };
    const ports = [
      { port: 5353, protocol: "UDP" },
      { port: 5353, protocol: "TCP" },
    ];
    expect(await egress({ openshiftDns: true })).toEqual([dns, { to: [openshift], ports }, controlPlane]);
  });
});

describe("a service with several ports", () => {
  const ports: Port[] = [
    httpPort(80, 8080),
    { name: "rpc", protocol: "grpc", port: 90, target: 9090 },
    { name: "raw", protocol: "tcp", port: 50, target: 5000 },
    { name: "secure", protocol: "tls", port: 443, target: 8443 },
    { name: "unused", protocol: "http2", port: 81, target: 8081 },
  ];
  const many = new CallGraph(
    [
      {
        namespace: "many",
        services: [
          service("hub", { ports, exposed: { grpc: { port: "rpc", path: "/shop.Catalog" } } }),
          service("beside", {
            calls: [
              { to: "hub", port: "http", methods: ["GET"], paths: ["/a"] },
              { to: "hub", port: "raw" },
            ],
          }),
        ],
      },
      {
        namespace: "elsewhere",
        services: [
          service("stranger", {
            calls: [
              { to: "many/hub", port: "raw" },
              { to: "many/hub", port: "secure" },
              { to: "many/hub", port: "rpc", paths: ["/shop.Catalog/List"] },
            ],
          }),
        ],
      },
    ],
    factsOf("istio"),
  );
  const beside = "cluster.local/ns/many/sa/beside";
  const stranger = "cluster.local/ns/elsewhere/sa/stranger";
  const gateway = "cluster.local/ns/istio-ingress/sa/istio-ingressgateway";

  let hub: Recording;
  let elsewhere: Recording;
  beforeAll(async () => {
    hub = await record(() => new ZeroTrust("many", { graph: many, namespace: "many" }));
    elsewhere = await record(() => new ZeroTrust("elsewhere", { graph: many, namespace: "elsewhere" }));
  });

  test("lets each caller in on the pod's port that it declared, with what that port has to say", () => {
    const rule = (principal: string, operation: object) => ({
      from: [{ source: { principals: [principal] } }],
      to: [{ operation }],
    });
    expect(at<object>(hub.inputs(authorization, "many-hub-callers"), "spec.rules")).toEqual([
      rule(gateway, { ports: ["9090"], paths: ["/shop.Catalog", "/shop.Catalog/*"] }),
      rule(beside, { ports: ["8080"], methods: ["GET"], paths: ["/a", "/a/*"] }),
      rule(beside, { ports: ["5000"] }),
      rule(stranger, { ports: ["5000"] }),
      rule(stranger, { ports: ["8443"] }),
      rule(stranger, { ports: ["9090"], paths: ["/shop.Catalog/List", "/shop.Catalog/List/*"] }),
    ]);
  });

  test.each<[string, string, number, { method: string; path: string } | undefined, boolean]>([
    ["beside, as declared", beside, 8080, { method: "GET", path: "/a" }, true],
    ["beside, by the Service's port", beside, 80, { method: "GET", path: "/a" }, false],
    ["beside, on TCP", beside, 5000, undefined, true],
    ["beside, on a port that only others call", beside, 8443, undefined, false],
    ["beside, with its HTTP on gRPC's port", beside, 9090, { method: "GET", path: "/a" }, false],
    ["a stranger from another namespace, on TCP", stranger, 5000, undefined, true],
    ["a stranger from another namespace, on TLS", stranger, 8443, undefined, true],
    ["a stranger, a method of gRPC", stranger, 9090, { method: "POST", path: "/shop.Catalog/List" }, true],
    ["a stranger, another method of gRPC", stranger, 9090, { method: "POST", path: "/shop.Catalog/Remove" }, false],
    ["a stranger, on HTTP", stranger, 8080, { method: "GET", path: "/a" }, false],
    ["the gateway, any method below its path", gateway, 9090, { method: "POST", path: "/shop.Catalog/Remove" }, true],
    ["the gateway, another service of gRPC", gateway, 9090, { method: "POST", path: "/shop.Catalogs/List" }, false],
    ["the gateway, on TCP", gateway, 5000, undefined, false],
    ["anybody, on a port that nobody calls", beside, 8081, { method: "GET", path: "/a" }, false],
  ])("decides of %s", (_who, principal, port, http, expected) => {
    const request = { principal, namespace: "many", labels: { app: "hub" }, port, ...(http && { http }) };
    expect(isAllowed(policiesOf(hub), request)).toBe(expected);
  });

  test("is open on the network where it is called, for whoever calls that port, and on no other", () => {
    const door = { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "istio-ingress" } } };
    expect(at<object>(hub.inputs(network, "many-hub-peers"), "spec.ingress")).toEqual([
      { from: [pods("many", "beside")], ports: [tcp(8080)] },
      { from: [door, pods("elsewhere", "stranger")], ports: [tcp(9090)] },
      { from: [pods("many", "beside"), pods("elsewhere", "stranger")], ports: [tcp(5000)] },
      { from: [pods("elsewhere", "stranger")], ports: [tcp(8443)] },
    ]);
  });

  test("is reached from another namespace on the pod's ports that are declared, and by its name", () => {
    expect(at<object[]>(elsewhere.inputs(network, "elsewhere-stranger-peers"), "spec.egress").slice(2)).toEqual(
      [5000, 8443, 9090].map((port) => ({ to: [pods("many", "hub")], ports: [tcp(port)] })),
    );
    // All its ports are one host to the proxy; who may use which is for the policies.
    expect(at<string[]>(elsewhere.inputs(sidecar, "elsewhere-stranger-scope"), "spec.egress.0.hosts")).toEqual([
      "many/hub.many.svc.cluster.local",
    ]);
  });
});

describe("in the proxy's scope", () => {
  test("the callees, and no way around them", () => {
    expect(at<object>(prod.inputs(sidecar, "shop-frontend-scope"), "spec")).toEqual({
      workloadSelector: { labels: { app: "frontend" } },
      egress: [{ hosts: ["prod/backend.prod.svc.cluster.local"] }],
      outboundTrafficPolicy: { mode: "REGISTRY_ONLY" },
    });
    expect(at<string[]>(load.inputs(sidecar, "load-generator-scope"), "spec.egress.0.hosts")).toEqual([
      "product/product.product.svc.cluster.local",
    ]);
  });

  test("nobody at all for who calls nobody", () => {
    expect(at<string[]>(prod.inputs(sidecar, "shop-database-scope"), "spec.egress.0.hosts")).toEqual(["~/*"]);
  });
});

describe("of hosts outside", () => {
  const reach = (given: unknown) => ({ egress: egressOf(egress.parse(given)) });
  const secured = { secured: { hosts: ["api.example.com"], protocol: "http", originate: true } };
  const reaching = new CallGraph(
    [
      {
        namespace: "prod",
        services: [service("shop", reach(secured)), service("beside")],
        workers: [worker("mailer", reach({ mail: { hosts: ["mail.example.com"], protocol: "tcp", port: 25 } }))],
        jobs: [job("report", reach({ plain: { hosts: ["api.example.com"] } }))],
      },
      { namespace: "other", services: [service("shop")] },
    ],
    [],
  );
  const surroundings = { clusterRanges: ["10.244.0.0/16"] };
  let inProd: Recording;
  beforeAll(async () => {
    inProd = await record(() => new ZeroTrust("app", { graph: reaching, namespace: "prod", surroundings }));
  });

  test("each is known once, with all of its ports, and TLS with it is a rule of its own", () => {
    expect(inProd.all(entry).map(({ name }) => name)).toEqual(["app-egress-mail.example.com", "app-egress-api.example.com"]);
    expect(at<{ number: number }[]>(inProd.inputs(entry, "app-egress-api.example.com"), "spec.ports")).toMatchObject([
      { number: 80, targetPort: 443 },
      { number: 443 },
    ]);
    expect(inProd.all(destinationRule).map(({ name }) => name)).toEqual(["app-tls-api.example.com"]);
    for (const { inputs } of [...inProd.all(entry), ...inProd.all(destinationRule)]) {
      expect(at<string>(inputs, "metadata.namespace")).toBe("prod");
      expect(at<string[]>(inputs, "spec.exportTo")).toEqual(["."]);
    }
  });

  test("none is known before its TLS is, so that nothing goes out in plain", async () => {
    const names = [
      [entry, "app-egress-api.example.com"],
      [destinationRule, "app-tls-api.example.com"],
    ] as const;
    expect(inProd.dependsOn(...names)).toBe(true);
    const slow = await record(() => new ZeroTrust("app", { graph: reaching, namespace: "prod" }), { slow: destinationRule });
    expect(slow.waits(...names)).toBe(true);
    expect(slow.waits([entry, "app-egress-mail.example.com"], names[1])).toBe(false);
  });

  test("services, workers and jobs get out to their own, and know no others", () => {
    const ports = (workload: string) =>
      at<{ to: { ipBlock?: unknown }[]; ports: unknown[] }[]>(inProd.inputs(network, `app-${workload}-peers`), "spec.egress")
        .slice(2)
        .map(({ to, ports }) => {
          const except = ["10.244.0.0/16", "127.0.0.0/8", "169.254.0.0/16", "168.63.129.16/32", "100.100.100.200/32"];
          expect(to).toEqual([{ ipBlock: { cidr: "0.0.0.0/0", except } }]);
          return ports;
        });
    const hosts = (workload: string) =>
      at<{ hosts: string[] }[]>(inProd.inputs(sidecar, `app-${workload}-scope`), "spec.egress").map(({ hosts }) => hosts);
    const found = ["shop", "beside", "mailer", "report"].map((workload) => [workload, ports(workload), hosts(workload)]);
    expect(found).toEqual([
      ["shop", [[tcp(443)]], [["./api.example.com"], ["~/*"]]],
      ["beside", [], [["~/*"]]],
      ["mailer", [[tcp(25)]], [["./mail.example.com"], ["~/*"]]],
      ["report", [[tcp(443)]], [["./api.example.com"], ["~/*"]]],
    ]);
  });

  test("another namespace knows none of them", async () => {
    const { all, inputs } = await record(() => new ZeroTrust("other", { graph: reaching, namespace: "other", surroundings }));
    expect([...all(entry), ...all(destinationRule)]).toEqual([]);
    expect(at<unknown[]>(inputs(network, "other-shop-peers"), "spec.egress")).toHaveLength(2);
    expect(at<string[]>(inputs(sidecar, "other-shop-scope"), "spec.egress.0.hosts")).toEqual(["~/*"]);
  });
});

describe("a gateway's namespace", () => {
  const recordGateway = (gateway: "kong" | "istio", more: Partial<GatewayNetworkArgs> = {}) =>
    record(() => new GatewayNetwork("door", { graph, facts: gatewayFacts[gateway], ...more }));

  test("Kong: its listeners and the webhook from anywhere; not the admin API, the status or the metrics", async () => {
    const policy = (await recordGateway("kong")).inputs(network, "door");
    expect(policy).toMatchObject({
      metadata: { namespace: "kong" },
      spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] },
    });
    const [rule, ...others] = at<{ from?: unknown; ports: { port: number }[] }[]>(policy, "spec.ingress");
    expect(others).toEqual([]);
    expect(rule).not.toHaveProperty("from");
    expect(rule?.ports.map(({ port }) => port)).toEqual([8000, 8443, 8080]);
  });

  test("Istio's: its listeners and its health", async () => {
    const policy = (await recordGateway("istio")).inputs(network, "door");
    expect(at<object>(policy, "metadata.namespace")).toBe("istio-ingress");
    expect(at<{ port: number }[]>(policy, "spec.ingress.0.ports").map(({ port }) => port)).toEqual([8080, 8443, 15021]);
  });

  test("in for who reads metrics, where somebody does: on the ports with metrics, and on no other", async () => {
    const scraped = async (gateway: "kong" | "istio") => {
      const recorded = await record(
        () => new GatewayNetwork("door", { graph, facts: gatewayFacts[gateway], surroundings: { scrapers } }),
      );
      return at<unknown[]>(recorded.inputs(network, "door"), "spec.ingress").slice(1);
    };
    expect(await scraped("kong")).toEqual([{ from: fromScrapers, ports: [8100, 15020, 15090].map(tcp) }]);
    expect(await scraped("istio")).toEqual([{ from: fromScrapers, ports: [15020, 15090].map(tcp) }]);
  });

  test("out to the API server where it listens, for Kong alone", async () => {
    const dialled = async (gateway: "kong" | "istio") => {
      const recorded = await record(
        () => new GatewayNetwork("door", { graph, facts: gatewayFacts[gateway], surroundings: { apiServerPorts: [16443, 443] } }),
      );
      return at<{ to?: unknown; ports: unknown }[]>(recorded.inputs(network, "door"), "spec.egress").filter(({ to }) => !to);
    };
    expect(await dialled("kong")).toEqual([{ ports: [443, 6443, 16443].map(tcp) }]);
    expect(await dialled("istio")).toEqual([]);
  });

  test("out to what it offers, and nobody else; Kong to the API server and to what it reaches as well", async () => {
    const offered = [
      { to: [pods("prod", "frontend")], ports: [{ port: 8080, protocol: "TCP" }] },
      { to: [pods("prod", "backend")], ports: [{ port: 3000, protocol: "TCP" }] },
      { to: [pods("product", "product")], ports: [{ port: 8080, protocol: "TCP" }] },
    ];
    expect(at<object>((await recordGateway("istio")).inputs(network, "door"), "spec.egress")).toEqual([
      dns,
      controlPlane,
      ...offered,
    ]);
    const surroundings = { clusterRanges: ["10.244.0.0/16"] };
    const reached = [...toOutside([{ target: 9200 }], surroundings), toNamespace("logs")];
    expect(at<object>((await recordGateway("kong", { reached, surroundings })).inputs(network, "door"), "spec.egress")).toEqual([
      dns,
      controlPlane,
      ...offered,
      { ports: [443, 6443].map(tcp) },
      {
        to: [
          {
            ipBlock: {
              cidr: "0.0.0.0/0",
              except: ["10.244.0.0/16", "127.0.0.0/8", "169.254.0.0/16", "168.63.129.16/32", "100.100.100.200/32"],
            },
          },
        ],
        ports: [tcp(9200)],
      },
      { to: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "logs" } } }] },
    ]);
  });
});
