import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ApplicationDeclaration } from "../../../model/application.ts";
import { CallGraph } from "../../../model/callGraph.ts";
import { checkApplications } from "../../../model/checks/check.ts";
import { type Destination, egress, egressOf } from "../../../model/egress.ts";
import { job, service, worker } from "../../lib/shop.ts";
import { plan, problems as problemsOfStack, serviceOf } from "../support/config.ts";
import { overlap } from "../support/ranges.ts";
import { application, deployed, image, problems, queue, shop } from "../support/stores.ts";

/*
 * What workloads reach outside the cluster: as it is declared, as workloads of a namespace have to agree on it, and as a stack sets it.
 */

const hosts = ["api.example.com"];
const shopWith = (egress: unknown) => ({ services: { shop: { ...shop, egress }, queue } });
const of = (egress: unknown) => problems(shopWith(egress));

describe("a destination", () => {
  const read = (options: object) => deployed(shopWith({ api: { hosts, ...options } })).services[0]?.egress;

  test.each<[string, object, object]>([
    ["TLS of the workload's own, unless it says otherwise", {}, { protocol: "tls", port: 443, target: 443, originate: false }],
    ["HTTP in plain", { protocol: "http" }, { protocol: "http", port: 80, target: 80, originate: false }],
    [
      "HTTP that the proxy puts into TLS",
      { protocol: "http", originate: true },
      { protocol: "http", port: 80, target: 443, originate: true },
    ],
    ["any protocol over TCP", { protocol: "tcp", port: 5432 }, { protocol: "tcp", port: 5432, target: 5432, originate: false }],
  ])("is %s", (_what, options, expected) => {
    expect(read(options)).toEqual([{ name: "api", hosts, ...expected }]);
  });

  test.each<[string, object, object]>([
    ["of TLS", { port: 8443 }, { port: 8443, target: 8443 }],
    ["of HTTP", { protocol: "http", port: 8080 }, { port: 8080, target: 8080 }],
    ["that the proxy puts into TLS", { protocol: "http", originate: true, port: 8080 }, { port: 8080, target: 443 }],
    [
      "that the proxy puts into TLS for another port",
      { protocol: "http", originate: true, port: 8080, target: 8443 },
      { port: 8080, target: 8443 },
    ],
  ])("has a port of its own: %s", (_what, options, expected) => {
    expect(read(options)).toMatchObject([expected]);
  });

  test("is anywhere outside, or where it is said to be", () => {
    expect(read({})?.[0]).not.toHaveProperty("addresses");
    const addresses = ["203.0.113.0/24", "10.0.0.7/32", "2001:db8::/32"];
    expect(read({ addresses })).toMatchObject([{ addresses }]);
  });

  test.each(["api.example.com", "*.example.com", "a.b", "xn--bcher-kva.example", `${"a.".repeat(118)}com`])(
    "may be %s",
    (host) => {
      expect(of({ api: { hosts: [host] } })).toEqual([]);
    },
  );

  test("is several hosts, as long as connections tell which one they are for", () => {
    for (const protocol of ["tls", "http"]) {
      expect(of({ api: { hosts: ["a.example.com", "b.example.com", "*.example.org"], protocol } })).toEqual([]);
    }
    expect(of({ api: { hosts: ["a.example.com", "b.example.com"], protocol: "http", originate: true } })).toEqual([]);
  });

  test("is nothing unless it is declared, for workers and jobs too", () => {
    const api = { api: { hosts } };
    const { services, workers, jobs } = deployed({ workers: { mailer: { image } }, jobs: { report: { image } } });
    expect([services[0], workers?.[0], jobs?.[0]].map((one) => one?.egress)).toEqual([[], [], []]);
    const reaching = deployed({ workers: { mailer: { image, egress: api } }, jobs: { report: { image, egress: api } } });
    expect(reaching.workers?.[0]?.egress).toMatchObject([{ name: "api", hosts, port: 443 }]);
    expect(reaching.jobs?.[0]?.egress).toMatchObject([{ name: "api", hosts, port: 443 }]);
  });

  test("is nothing of databases and load generators", () => {
    const databases = { stock: { database: "stock", user: "stock", storage: "1Gi", egress: {} } };
    const loadGenerators = { load: { qps: 1, url: "http://shop:8080/", calls: [{ to: "shop" }], egress: {} } };
    for (const more of [{ databases }, { loadGenerators }]) {
      expect(problems(more)).toEqual([expect.stringMatching(/egress is not a key; allowed: /)]);
    }
  });
});

describe("refused are", () => {
  const name =
    "the full name of a host outside the cluster in lower case, such as api.example.com, or *.example.com for all below it, at most 240 long";
  const elsewhere = "a range of addresses that is neither everything nor a node's own";
  const label = "lower-case letters, digits and hyphens, beginning with a letter, ending with a letter or digit, at most 40 long";

  test.each([
    ...[
      "*",
      "*.com",
      "*.*.example.com",
      "a.*.example.com",
      "api",
      "localhost",
      "API.example.com",
      "api.example.com.",
      "203.0.113.7",
    ],
    ...["https://api.example.com", "api.example.com:443", "backend.prod.svc", "backend.prod.svc.cluster.local"],
    ...[
      "*.svc.cluster.local",
      "*.prod.svc",
      "cluster.local",
      "a.localhost",
      "metadata.google.internal",
      "instance-data.ec2.internal",
      "kubernetes.default",
      "istiod.istio-system",
    ],
  ])("as a host %s", (host) => {
    expect(of({ api: { hosts: [host] } })).toEqual([`shop egress.api.hosts[0] is ${JSON.stringify(host)}; allowed: ${name}`]);
  });

  test.each(["printer.local", "db.corp.internal", "default.example.com", "a.svc.example.com"])("not as a host %s", (host) => {
    expect(of({ api: { hosts: [host] } })).toEqual([]);
  });

  test.each([15_000, 15_001, 15_099])("as a port %s, which is the proxy's", (port) => {
    expect(of({ api: { hosts, port } })).toEqual([
      `shop egress.api.port is ${port}; allowed: a whole number from 1 to 65535, but none from 15000 to 15099, which are the proxy's`,
    ]);
    expect(of({ api: { hosts, port: 15_100 } })).toEqual([]);
  });

  test("a host whose name is too long for the objects about it", () => {
    expect(of({ api: { hosts: [`${"a.".repeat(119)}com`] } })).toEqual([
      expect.stringMatching(/^shop egress\.api\.hosts\[0\] is "a\.a\..*; allowed: .*, at most 240 long$/),
    ]);
  });

  test.each([
    ...["0.0.0.0/0", "::/0", "0.0.0.0/1", "128.0.0.0/1", "::/1"],
    ...["169.254.169.254/32", "169.254.0.0/16", "169.0.0.0/8", "169.254.169.0/24", "127.0.0.1/32", "126.0.0.0/7"],
    ...["168.63.129.16/32", "100.100.100.200/32", "fd00:ec2::254/128", "fd20:ce::254/128"],
    ...["fe80::/10", "FE80::1/128", "fe80:0:0:0::a9fe:a9fe/128", "febf::/16", "fe00::/8", "::1/128", "0:0:0:0:0:0:0:1/128"],
  ])("as an address %s", (range) => {
    expect(of({ api: { hosts, addresses: [range] } })).toEqual([
      `shop egress.api.addresses[0] is "${range}"; allowed: ${elsewhere}`,
    ]);
  });

  test.each([
    "169.253.0.0/16",
    "169.255.0.0/16",
    "126.0.0.0/8",
    "128.0.0.0/8",
    "10.0.0.0/8",
    "fec0::/10",
    "fd00::/8",
    "2000::/3",
  ])("not as an address %s", (range) => {
    expect(of({ api: { hosts, addresses: [range] } })).toEqual([]);
  });

  test.each<[string, object, string]>([
    ["no hosts", { hosts: [] }, "hosts is []; allowed: a list of hosts, at least 1"],
    ["hosts that are not said", {}, "hosts is not given; allowed: a list of hosts"],
    [
      "a host twice in a list",
      { hosts: ["a.example.com", "a.example.com"] },
      'hosts[1] is "a.example.com"; allowed: what the list does not have already',
    ],
    ["an unknown protocol", { hosts, protocol: "udp" }, 'protocol is "udp"; allowed: one of tls, http, tcp'],
    ["a port that is none", { hosts, port: 0 }, "port is 0; allowed: a whole number from 1 to 65535"],
    ["TCP without a port", { hosts, protocol: "tcp" }, "port is not given; allowed: the port of the host: tcp has no usual one"],
    [
      "TCP with several hosts",
      { hosts: ["a.example.com", "b.example.com"], protocol: "tcp", port: 1 },
      'hosts is ["a.example.com","b.example.com"]; allowed: one host with protocol tcp, as connections do not tell which one they are for',
    ],
    [
      "TCP with a wildcard",
      { hosts: ["*.example.com"], protocol: "tcp", port: 1 },
      'hosts[0] is "*.example.com"; allowed: the name of one host with protocol tcp',
    ],
    [
      "TLS that the proxy would put into TLS",
      { hosts, originate: true },
      "originate is true; allowed: true with protocol http alone, which the proxy then puts into TLS",
    ],
    [
      "TCP that the proxy would put into TLS",
      { hosts, protocol: "tcp", port: 1, originate: true },
      "originate is true; allowed: true with protocol http alone, which the proxy then puts into TLS",
    ],
    [
      "TLS of the proxy's with a wildcard, which is on no certificate",
      { hosts: ["a.example.com", "*.example.com"], protocol: "http", originate: true },
      'hosts[1] is "*.example.com"; allowed: the name of one host with originate, whose certificate is verified',
    ],
    [
      "another port of the host's for what passes as it is",
      { hosts, target: 8443 },
      "target is 8443; allowed: nothing without originate",
    ],
    [
      "another port of the host's for HTTP in plain",
      { hosts, protocol: "http", originate: false, target: 8080 },
      "target is 8080; allowed: nothing without originate",
    ],
    ["no addresses", { hosts, addresses: [] }, "addresses is []; allowed: a list of addresses in CIDR notation, at least 1"],
    [
      "an address without a size",
      { hosts, addresses: ["203.0.113.7"] },
      'addresses[0] is "203.0.113.7"; allowed: addresses in CIDR notation, such as 10.0.0.0/8 or 2001:db8::/32',
    ],
    [
      "an option that there is not",
      { hosts, address: [] },
      "address is not a key; allowed: hosts, protocol, port, originate, target, addresses",
    ],
  ])("%s", (_what, options, sentence) => {
    expect(of({ api: options })).toEqual([`shop egress.api.${sentence}`]);
  });

  test("destinations as a list, and names that are none", () => {
    expect(of([{ hosts }])).toEqual([
      `shop egress is [{"hosts":["api.example.com"]}]; allowed: a mapping of names to destinations`,
    ]);
    for (const key of ["Api", "a".repeat(41), "a.b"]) {
      expect(of({ [key]: { hosts } })).toEqual([`shop egress.${key} is not a key; allowed: ${label}`]);
    }
    expect(of({ ["a".repeat(40)]: { hosts } })).toEqual([]);
  });

  const port = "a port that a does not have, as one protocol alone is spoken on it, and of tcp with one host";
  const [one, other] = [["a.example.com"], ["b.example.com"]];
  test.each<[string, object, object, string]>([
    ["two protocols on one port", { hosts: one }, { hosts: other, protocol: "http", port: 443 }, `port is 443; allowed: ${port}`],
    [
      "two protocols on one port that no file says",
      { hosts: one, port: 80 },
      { hosts: other, protocol: "http" },
      `port is 80; allowed: ${port}`,
    ],
    [
      "two hosts of TCP on one port",
      { hosts: one, protocol: "tcp", port: 5432 },
      { hosts: other, protocol: "tcp", port: 5432 },
      `port is 5432; allowed: ${port}`,
    ],
    [
      "one host on one port with two protocols",
      { hosts: one },
      { hosts: one, protocol: "tcp", port: 443 },
      `port is 443; allowed: ${port}`,
    ],
    [
      "one host on one port twice",
      { hosts: one },
      { hosts: ["b.example.com", "a.example.com"] },
      'hosts[1] is "a.example.com"; allowed: a host that a does not have on this port',
    ],
    [
      "one host on one port, in plain and in TLS",
      { hosts: one, protocol: "http" },
      { hosts: one, protocol: "http", originate: true },
      'hosts[0] is "a.example.com"; allowed: a host that a does not have on this port',
    ],
  ])("%s", (_what, a, b, sentence) => {
    expect(of({ a, b })).toEqual([`shop egress.b.${sentence}`]);
  });

  test("not one host on two ports, nor two of one protocol on one port", () => {
    expect(of({ a: { hosts: one }, b: { hosts: one, port: 8443 }, c: { hosts: one, protocol: "tcp", port: 5432 } })).toEqual([]);
    expect(of({ a: { hosts: one }, b: { hosts: other } })).toEqual([]);
    expect(of({ a: { hosts: one, protocol: "http" }, b: { hosts: other, protocol: "http", originate: true } })).toEqual([]);
  });

  test("not what would follow from a port that is missing", () => {
    expect(of({ a: { hosts: one, protocol: "tcp" }, b: { hosts: other, protocol: "http" } })).toEqual([
      "shop egress.a.port is not given; allowed: the port of the host: tcp has no usual one",
    ]);
  });
});

test("any range is taken as an address exactly when it has no address of a node's own", () => {
  const own = ["127.0.0.0/8", "169.254.0.0/16", "::1/128", "fe80::/10"];
  const near = fc.constantFrom(
    "169.254.3.4",
    "169.255.0.0",
    "168.0.0.0",
    "127.9.0.1",
    "126.1.2.3",
    "fe80::7",
    "fec0::1",
    "fe00::",
    "::",
    "::2",
  );
  const address = fc.oneof(
    near,
    fc.ipV4(),
    fc.ipV6().map((given) => new URL(`http://[${given}]`).hostname.slice(1, -1)),
  );
  let [taken, refused] = [0, 0];
  fc.assert(
    fc.property(address, fc.nat({ max: 128 }), (address, bits) => {
      const size = address.includes(":") ? 128 : 32;
      fc.pre(bits <= size && !address.startsWith("::ffff:"));
      const range = `${address}/${bits}`;
      const overlaps = own.some((other) => overlap(other, range));
      expect([range, egress.safeParse({ api: { hosts, addresses: [range] } }).success]).toEqual([range, !overlaps]);
      if (overlaps) refused++;
      else taken++;
    }),
    { numRuns: 400 },
  );
  expect(Math.min(taken, refused)).toBeGreaterThan(20);
});

describe("what workloads of an application reach", () => {
  const prod = (more: object): ApplicationDeclaration =>
    ({
      namespace: "prod",
      services: {
        backend: {
          ...shop,
          ports: { http: { port: 8080 }, rpc: { port: 9090, protocol: "grpc" }, raw: { port: 5000, protocol: "tcp" } },
        },
      },
      databases: { database: { database: "shop", user: "shop", storage: "1Gi" } },
      ...more,
    }) as unknown as ApplicationDeclaration;
  const found = (stores: object, others: object = {}) =>
    checkApplications([prod(others), application(stores)], { gateways: [] }).problems;

  test.each([
    ["backend.prod", "prod/backend"],
    ["database.prod", "prod/database"],
    ["queue.stores", "stores/queue"],
    ["shop.stores", "stores/shop"],
  ])("is not %s, which is a name of the cluster", (host, workload) => {
    expect(found(shopWith({ api: { hosts: ["a.example.com", host] } }))).toEqual([
      `apps: stores/shop egress.api.hosts[1] is "${host}"; allowed: a host outside the cluster; ${workload} is reached with calls`,
    ]);
  });

  test("is a host that is called as half a workload is", () => {
    expect(found(shopWith({ api: { hosts: ["backend.example.com", "api.prod", "a.backend.prod"] } }))).toEqual([]);
  });

  const calling = (port: string, egress: object) => ({
    services: { shop: { ...shop, calls: [{ to: "prod/backend", port }], egress }, queue },
  });
  const refusal = (port: number) =>
    `apps: stores/shop egress.api.port is ${port}; allowed: a port that none of its calls has, unless HTTP is spoken on both: proxies tell others apart by it`;

  test.each<[string, string, object, number]>([
    ["HTTP", "http", { hosts, port: 8080 }, 8080],
    ["HTTP, with TCP", "http", { hosts, protocol: "tcp", port: 8080 }, 8080],
    ["gRPC", "rpc", { hosts, port: 9090 }, 9090],
    ["TCP", "raw", { hosts, port: 5000 }, 5000],
    ["TCP, with TCP", "raw", { hosts, protocol: "tcp", port: 5000 }, 5000],
    ["TCP, with HTTP", "raw", { hosts, protocol: "http", port: 5000 }, 5000],
  ])("is not on the port of a call of %s", (_what, port, api, number) => {
    expect(found(calling(port, { api }))).toEqual([refusal(number)]);
  });

  test.each<[string, string, object]>([
    ["HTTP, which hosts tell apart", "http", { hosts, protocol: "http", port: 8080 }],
    ["gRPC, with HTTP, which hosts tell apart", "rpc", { hosts, protocol: "http", port: 9090 }],
    ["a port that the workload does not call", "http", { hosts, port: 9090 }],
  ])("is on the port of %s", (_what, port, api) => {
    expect(found(calling(port, { api }))).toEqual([]);
  });

  test("is not on the port that a Service has, where that and its pods' differ", () => {
    const backend = { ...shop, ports: { http: { port: 80, target: 8080 } } };
    const others = { services: { backend } };
    expect(found(calling("http", { api: { hosts, port: 80 } }), others)).toEqual([refusal(80)]);
    expect(found(calling("http", { api: { hosts, port: 8080 } }), others)).toEqual([]);
  });

  test.each<[string, { hosts: string[]; protocol?: string; port?: number; originate?: boolean }, object]>([
    ["with two protocols", { hosts }, { hosts, protocol: "tcp", port: 443 }],
    ["in plain and in TLS", { hosts, protocol: "http" }, { hosts, protocol: "http", originate: true }],
    [
      "in plain and in TLS to one of its ports",
      { hosts, protocol: "http", port: 443 },
      { hosts, protocol: "http", port: 443, originate: true },
    ],
    [
      "on two of its ports",
      { hosts, protocol: "http", originate: true },
      { hosts, protocol: "http", originate: true, target: 8443 },
    ],
  ])("is not one host on one port %s, as a namespace knows it once", (_what, one, other) => {
    const { port = "protocol" in one ? 80 : 443 } = one;
    const allowed = `a host that is reached as stores/shop reaches api.example.com on port ${port}`;
    const services = { shop: { ...shop, egress: { api: one } }, queue: { ...queue, egress: { own: other } } };
    expect(found({ services })).toEqual([`apps: stores/queue egress.own.hosts[0] is "api.example.com"; allowed: ${allowed}`]);
    // By the name of the first one's destination as well.
    for (const kind of ["workers", "jobs"]) {
      const more = { ...shopWith({ api: one }), [kind]: { api: { image, egress: { own: other } } } };
      expect(found(more)).toEqual([`apps: stores/api egress.own.hosts[0] is "api.example.com"; allowed: ${allowed}`]);
    }
  });

  test("is not all below a name in one way, and one of them in another on the same port", () => {
    const all = { hosts: ["*.example.com"] };
    const one = { hosts, protocol: "http", port: 443 };
    const services = (first: object, second: object) => ({
      services: { shop: { ...shop, egress: { api: first } }, queue: { ...queue, egress: { own: second } } },
    });
    expect(found(services(all, one))).toEqual([
      'apps: stores/queue egress.own.hosts[0] is "api.example.com"; allowed: a host that is reached as stores/shop reaches *.example.com on port 443',
    ]);
    expect(found(services(one, all))).toEqual([
      'apps: stores/queue egress.own.hosts[0] is "*.example.com"; allowed: a host that is reached as stores/shop reaches api.example.com on port 443',
    ]);
    // A proxy that knows all below a name knows how another workload has one of them.
    const plain = { hosts: ["*.example.com"], protocol: "http" };
    expect(found(services(plain, { hosts, protocol: "http", originate: true }))).toHaveLength(1);
    for (const other of [{ hosts }, { hosts, protocol: "http" }, { ...one, hosts: ["example.com", "api.example.org"] }])
      expect(found(services(all, other))).toEqual([]);
  });

  test("is one host for several workloads, each at its own addresses, and in each namespace as it says", () => {
    const addresses = ["203.0.113.0/24"];
    const services = {
      shop: { ...shop, egress: { api: { hosts } } },
      queue: { ...queue, egress: { own: { hosts, addresses } } },
    };
    expect(found({ services })).toEqual([]);
    const plain = { workers: { mailer: { image, egress: { own: { hosts, protocol: "http", port: 443 } } } } };
    expect(found({ services }, plain)).toEqual([]);
  });
});

describe("the hosts that are known in a namespace", () => {
  const destinations = (given: unknown): Destination[] => egressOf(egress.parse(given));
  const graph = new CallGraph(
    [
      {
        namespace: "prod",
        services: [
          service("a", { egress: destinations({ api: { hosts: ["api.example.com", "*.example.org"] } }) }),
          service("b", { egress: destinations({ own: { hosts: ["api.example.com"], protocol: "http", originate: true } }) }),
          service("c"),
        ],
        workers: [worker("w", { egress: destinations({ own: { hosts: ["api.example.com"], addresses: ["10.0.0.1/32"] } }) })],
        jobs: [job("j", { egress: destinations({ own: { hosts: ["db.example.com"], protocol: "tcp", port: 5432 } }) })],
        databases: [{ name: "d", image: {}, database: "d", user: "d", storage: "1Gi" }],
      },
      { namespace: "other", services: [service("a")] },
    ],
    [],
  );

  test("are those of its services, workers and jobs, each once, with every port that one of them dials", () => {
    const tls = { protocol: "tls", port: 443, target: 443, originate: false };
    expect(graph.outside("prod")).toMatchObject([
      { host: "api.example.com", ports: [tls, { protocol: "http", port: 80, target: 443, originate: true }] },
      { host: "*.example.org", ports: [tls] },
      { host: "db.example.com", ports: [{ protocol: "tcp", port: 5432, target: 5432, originate: false }] },
    ]);
    expect(graph.outside("prod").map(({ ports }) => ports.length)).toEqual([2, 1, 1]);
  });

  test("are no hosts of another namespace, and nobody's callees", () => {
    expect(graph.outside("other")).toEqual([]);
    expect(graph.edges).toEqual([]);
    expect(graph.matrix().callees.map(({ name }) => name)).not.toContain("api.example.com");
  });
});

describe("a stack says where destinations are", () => {
  const api = { hosts: ["api.example.com"], addresses: ["203.0.113.0/24"] };
  const billing = { hosts: ["billing.example.com"], protocol: "http", originate: true };
  const declared = application({
    services: { shop: { ...shop, egress: { api, billing } }, queue },
    workers: { mailer: { image, egress: { api } } },
    jobs: { report: { image, egress: { api } } },
  });
  const stack = (stores: object) => ({ "mesh:apps": { stores } });
  const planned = (stores: object) => plan(stack(stores), undefined, [declared]);
  const found = (stores: object) => problemsOfStack(stack(stores), undefined, [declared]);

  test("by their hosts and addresses, and the rest stays as it is declared", () => {
    const { egress } = serviceOf(planned({ shop: { egress: { billing: { hosts: ["billing.test.example.com"] } } } }), "shop");
    expect(egress).toEqual([
      { name: "api", ...api, protocol: "tls", port: 443, target: 443, originate: false },
      { name: "billing", hosts: ["billing.test.example.com"], protocol: "http", port: 80, target: 443, originate: true },
    ]);
    const addresses = ["198.51.100.0/24"];
    expect(serviceOf(planned({ shop: { egress: { api: { addresses } } } }), "shop").egress?.[0]).toMatchObject({
      ...api,
      addresses,
    });
    expect(serviceOf(planned({ shop: { egress: { api: { addresses: null } } } }), "shop").egress?.[0]).not.toHaveProperty(
      "addresses",
    );
  });

  test("of workers and jobs too", () => {
    const own = { egress: { api: { hosts: ["test.example.com"] } } };
    const [{ workers, jobs } = { workers: [], jobs: [] }] = planned({ mailer: own, report: own }).applications;
    expect(workers?.[0]?.egress).toMatchObject([{ hosts: ["test.example.com"], addresses: api.addresses, port: 443 }]);
    expect(jobs?.[0]?.egress).toMatchObject([{ hosts: ["test.example.com"], addresses: api.addresses, port: 443 }]);
  });

  test.each<[string, object, string]>([
    ["its port", { api: { port: 8443 } }, "api.port is not a setting; allowed: hosts, addresses"],
    ["its protocol", { api: { protocol: "tcp" } }, "api.protocol is not a setting; allowed: hosts, addresses"],
    [
      "whether its proxy speaks TLS",
      { billing: { originate: false } },
      "billing.originate is not a setting; allowed: hosts, addresses",
    ],
    ["a destination that is not declared", { mail: { hosts } }, "mail is not a setting; allowed: api, billing"],
    ["a destination of every name", { "*": { hosts } }, "* is not a setting; allowed: api, billing"],
    ["a destination away", { api: null }, "api is null; allowed: a mapping with hosts, addresses"],
    ["the hosts of one away", { api: { hosts: null } }, "api.hosts is not given; allowed: a list of hosts"],
    [
      "a host that a declaration may not have either",
      { api: { hosts: ["*"] } },
      'api.hosts[0] is "*"; allowed: the full name of a host outside the cluster in lower case, such as api.example.com, or *.example.com for all below it, at most 240 long',
    ],
  ])("but not %s", (_what, egress, sentence) => {
    expect(found({ shop: { egress } })).toEqual([`mesh:apps.stores.shop.egress.${sentence}`]);
  });

  test("but not all of them away, nor any of what declares none", () => {
    expect(found({ shop: { egress: null } })).toEqual([
      "mesh:apps.stores.shop.egress is null; allowed: a mapping with api, billing",
    ]);
    expect(found({ queue: { egress: { api } } })).toEqual([
      "mesh:apps.stores.queue.egress is not a setting here: apps/ declares nothing of it",
    ]);
    expect(found({ stock: { egress: { api } } })).toEqual([
      "mesh:apps.stores.stock.egress is not a setting; allowed: image, storage",
    ]);
  });
});
