import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { peersOf, type Surroundings } from "../../../../components/security/network.ts";
import { originatedTls, outsideEntry } from "../../../../components/security/outside.ts";
import { sidecarScope } from "../../../../components/security/scope.ts";
import type { Application } from "../../../../model/application.ts";
import { CallGraph } from "../../../../model/callGraph.ts";
import { egress, egressOf } from "../../../../model/egress.ts";
import { httpPort, job, service, worker } from "../../../lib/shop.ts";
import { overlap } from "../../support/ranges.ts";

/*
 * Hosts outside the cluster: what the mesh knows of them, who knows it, and what the network lets out to them.
 */

const destinations = (given: unknown) => egressOf(egress.parse(given));

/** What is known of the hosts of one workload, by their names. */
function outsideOf(given: unknown) {
  const graph = new CallGraph([{ namespace: "prod", services: [service("shop", { egress: destinations(given) })] }], []);
  return graph.outside("prod");
}

const entries = (given: unknown) => outsideOf(given).map((host) => outsideEntry("prod", host));
const rules = (given: unknown) => outsideOf(given).map((host) => originatedTls("prod", host));

describe("the entry of a host", () => {
  test("is for its namespace alone, outside the mesh, at the addresses that the proxy finds itself", () => {
    expect(entries({ api: { hosts: ["api.example.com"] } })).toEqual([
      {
        apiVersion: "networking.istio.io/v1",
        kind: "ServiceEntry",
        metadata: { name: "egress.api.example.com", namespace: "prod" },
        spec: {
          hosts: ["api.example.com"],
          exportTo: ["."],
          location: "MESH_EXTERNAL",
          resolution: "DNS",
          ports: [{ number: 443, name: "tls-443", protocol: "TLS" }],
        },
      },
    ]);
  });

  test("of all below a name has a name without a star, and goes where the workload would", () => {
    expect(entries({ api: { hosts: ["*.example.com"] } })).toMatchObject([
      {
        metadata: { name: "egress-all.example.com" },
        spec: { hosts: ["*.example.com"], exportTo: ["."], resolution: "NONE" },
      },
    ]);
  });

  test("of a name and of all below it are two", () => {
    const names = entries({ api: { hosts: ["example.com", "*.example.com", "all.example.com"] } }).map(
      ({ metadata }) => metadata?.name,
    );
    expect(names).toEqual(["egress.example.com", "egress-all.example.com", "egress.all.example.com"]);
  });

  test.each(["a", "*"])("has a name that Kubernetes takes, however long the host's is (%s)", (first) => {
    const host = `${first}.${"a.".repeat(118)}co`;
    expect(host).toHaveLength(240);
    const [entry] = entries({ api: { hosts: [host] } });
    expect(entry?.metadata?.name?.length).toBeLessThanOrEqual(253);
  });

  test.each<[string, object, object]>([
    ["TLS", { port: 8443 }, { number: 8443, name: "tls-8443", protocol: "TLS" }],
    ["HTTP", { protocol: "http" }, { number: 80, name: "http-80", protocol: "HTTP" }],
    ["TCP", { protocol: "tcp", port: 5432 }, { number: 5432, name: "tcp-5432", protocol: "TCP" }],
    [
      "HTTP that becomes TLS",
      { protocol: "http", originate: true },
      { number: 80, name: "http-80", protocol: "HTTP", targetPort: 443 },
    ],
    [
      "HTTP that becomes TLS at another port",
      { protocol: "http", originate: true, port: 8080, target: 8443 },
      { number: 8080, name: "http-8080", protocol: "HTTP", targetPort: 8443 },
    ],
  ])("has a port of %s, and that of the host where it is another one", (_what, options, port) => {
    expect(entries({ api: { hosts: ["api.example.com"], ...options } })[0]?.spec?.ports).toEqual([port]);
  });

  test("has each of its ports, however many destinations name it", () => {
    const hosts = ["api.example.com"];
    const given = { tls: { hosts }, plain: { hosts, protocol: "http" }, raw: { hosts, protocol: "tcp", port: 5432 } };
    expect(entries(given)).toHaveLength(1);
    expect(entries(given)[0]?.spec?.ports?.map(({ name }) => name)).toEqual(["tls-443", "http-80", "tcp-5432"]);
  });
});

describe("TLS of a proxy's own", () => {
  test("verifies the name of the host, on the ports that ask for it, in its namespace alone", () => {
    const hosts = ["api.example.com"];
    expect(
      rules({ secured: { hosts, protocol: "http", originate: true }, plain: { hosts, protocol: "http", port: 8080 } }),
    ).toEqual([
      {
        apiVersion: "networking.istio.io/v1",
        kind: "DestinationRule",
        metadata: { name: "egress.api.example.com", namespace: "prod" },
        spec: {
          host: "api.example.com",
          exportTo: ["."],
          trafficPolicy: {
            portLevelSettings: [
              { port: { number: 80 }, tls: { mode: "SIMPLE", sni: "api.example.com", subjectAltNames: ["api.example.com"] } },
            ],
          },
        },
      },
    ]);
  });

  test("is each host's for itself", () => {
    const hosts = ["a.example.com", "b.example.com"];
    const names = rules({ api: { hosts, protocol: "http", originate: true } }).map((rule) => {
      const tls = rule?.spec?.trafficPolicy?.portLevelSettings?.[0]?.tls;
      return [rule?.spec?.host, tls?.sni, ...(tls?.subjectAltNames ?? [])];
    });
    expect(names).toEqual(hosts.map((host) => [host, host, host]));
  });

  test.each<[string, object]>([
    ["TLS of the workload's own", {}],
    ["HTTP in plain", { protocol: "http" }],
    ["TCP", { protocol: "tcp", port: 443 }],
  ])("is not put around %s", (_what, options) => {
    expect(rules({ api: { hosts: ["api.example.com"], ...options } })).toEqual([undefined]);
  });
});

const api = { api: { hosts: ["api.example.com"] } };
const application: Application = {
  namespace: "prod",
  services: [
    service("shop", { calls: [{ to: "other" }], egress: destinations({ ...api, all: { hosts: ["*.example.org"] } }) }),
    service("other"),
  ],
  workers: [worker("mailer", { egress: destinations({ mail: { hosts: ["mail.example.com"], protocol: "tcp", port: 25 } }) })],
  jobs: [job("report", { egress: destinations({ ...api, again: { hosts: ["api.example.com"], port: 8443 } }) })],
};
const graph = new CallGraph([application, { namespace: "elsewhere", services: [service("shop")] }], []);

describe("in the proxy's scope", () => {
  const scopeOf = (of: CallGraph, name: string, namespace = "prod") => {
    const workload = of.workloads.find((one) => one.namespace === namespace && one.name === name);
    if (!workload) throw new Error(`There is no ${name}.`);
    return sidecarScope(of, workload).spec;
  };
  const tls = (number: number) => ({ number, name: `tls-${number}`, protocol: "TLS" });
  const nobody = { hosts: ["~/*"] };

  test.each<[string, string, object[]]>([
    [
      "prod",
      "shop",
      [{ port: tls(443), hosts: ["./api.example.com", "./*.example.org"] }, { hosts: ["prod/other.prod.svc.cluster.local"] }],
    ],
    ["prod", "other", [nobody]],
    ["prod", "mailer", [{ port: { number: 25, name: "tcp-25", protocol: "TCP" }, hosts: ["./mail.example.com"] }, nobody]],
    [
      "prod",
      "report",
      [{ port: tls(443), hosts: ["./api.example.com"] }, { port: tls(8443), hosts: ["./api.example.com"] }, nobody],
    ],
    ["elsewhere", "shop", [nobody]],
  ])(
    "%s/%s knows the hosts that it reaches, on its ports of them, beside its callees, and no others",
    (namespace, name, listeners) => {
      expect(scopeOf(graph, name, namespace)).toEqual({
        workloadSelector: { labels: { app: name } },
        egress: listeners,
        outboundTrafficPolicy: { mode: "REGISTRY_ONLY" },
      });
    },
  );

  test("a callee on a port of HTTP that hosts outside have too is known there as well, and on no other of these", () => {
    const ports = [httpPort(8080), { name: "admin", protocol: "http", port: 9090, target: 9090 } as const];
    const given = {
      here: { hosts: ["api.example.com"], protocol: "http", port: 8080 },
      there: { hosts: ["api.example.com"], protocol: "http", originate: true },
    };
    const calls = [{ to: "other", port: "http" }, { to: "third" }];
    const services = [
      service("shop", { calls, egress: destinations(given) }),
      service("other", { ports }),
      service("third", { ports: [httpPort(3000)] }),
    ];
    const known = scopeOf(new CallGraph([{ namespace: "prod", services }], []), "shop")?.egress;
    const [other, third] = ["other", "third"].map((name) => `prod/${name}.prod.svc.cluster.local`);
    expect(known).toEqual([
      { port: { number: 8080, name: "http-8080", protocol: "HTTP" }, hosts: ["./api.example.com", other] },
      { port: { number: 80, name: "http-80", protocol: "HTTP" }, hosts: ["./api.example.com"] },
      { hosts: [other, third] },
    ]);
  });
});

interface Rule {
  readonly to: readonly { readonly ipBlock: { readonly cidr: string; readonly except?: readonly string[] } }[];
  readonly ports: readonly { readonly port: number }[];
}

/** The rules of a workload that nobody but names and the control plane needs. */
function letOut(given: unknown, surroundings: Surroundings = {}, kind: "services" | "workers" | "jobs" = "services"): Rule[] {
  const reach = { egress: destinations(given) };
  const made = { services: [service("one", reach)], workers: [worker("one", reach)], jobs: [job("one", reach)] };
  const only = new CallGraph([{ namespace: "prod", services: [], [kind]: made[kind] }], []);
  const [workload] = only.workloads;
  if (!workload) throw new Error("There is a workload.");
  const needs = peersOf(only, { ...workload, egress: [] }, surroundings).egress as unknown[];
  const all = peersOf(only, workload, surroundings).egress as unknown[];
  expect(all.slice(0, needs.length)).toEqual(needs);
  return all.slice(needs.length) as Rule[];
}

const tcp = (port: number) => ({ port, protocol: "TCP" });
/** Of a node alone, and where clouds tell it what it is. */
const nodes = {
  ipv4: ["127.0.0.0/8", "169.254.0.0/16", "168.63.129.16/32", "100.100.100.200/32"],
  ipv6: ["::1/128", "fe80::/10", "fd00:ec2::254/128", "fd20:ce::254/128"],
};
const anywhere = (ipv4: string[], ipv6: string[]) => [
  ...(ipv4.length > 0 ? [{ ipBlock: { cidr: "0.0.0.0/0", except: [...ipv4, ...nodes.ipv4] } }] : []),
  ...(ipv6.length > 0 ? [{ ipBlock: { cidr: "::/0", except: [...ipv6, ...nodes.ipv6] } }] : []),
];

describe("on the network", () => {
  test.each(["services", "workers", "jobs"] as const)(
    "one of the %s gets out to what is not private, nor its node's own",
    (kind) => {
      const everyPrivate = anywhere(["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"], ["fc00::/7"]);
      expect(letOut(api, {}, kind)).toEqual([{ to: everyPrivate, ports: [tcp(443)] }]);
    },
  );

  test("nobody gets out who reaches nothing", () => {
    expect(letOut({})).toEqual([]);
  });

  test.each<[string, string[], string[], string[]]>([
    ["one of IPv4", ["10.244.0.0/16", "10.96.0.0/16"], ["10.244.0.0/16", "10.96.0.0/16"], []],
    ["one of IPv6", ["fd00:10:244::/56"], [], ["fd00:10:244::/56"]],
    ["one of both", ["10.244.0.0/16", "fd00:10:244::/56"], ["10.244.0.0/16"], ["fd00:10:244::/56"]],
  ])(
    "a cluster that says its ranges is closed to itself, in the families that it has: %s",
    (_what, clusterRanges, ipv4, ipv6) => {
      expect(letOut(api, { clusterRanges })).toEqual([{ to: anywhere(ipv4, ipv6), ports: [tcp(443)] }]);
    },
  );

  test("a cluster that says nothing of its ranges in a list of none is as one that does not say them", () => {
    expect(letOut(api, { clusterRanges: [] })).toEqual(letOut(api));
  });

  test("a destination with addresses is open there and nowhere else, in the cluster's ranges too", () => {
    const addresses = ["203.0.113.0/24", "10.244.7.0/24", "2001:db8::/32"];
    const blocks = addresses.map((cidr) => ({ ipBlock: { cidr } }));
    expect(letOut({ api: { ...api.api, addresses } }, { clusterRanges: ["10.244.0.0/16"] })).toEqual([
      { to: blocks, ports: [tcp(443)] },
    ]);
  });

  test("the port is that of the host, not the one that is dialled", () => {
    const given = { api: { ...api.api, protocol: "http", originate: true } };
    expect(letOut(given)).toMatchObject([{ ports: [tcp(443)] }]);
    expect(letOut({ api: { ...given.api, target: 8443 } })).toMatchObject([{ ports: [tcp(8443)] }]);
  });

  test("equal destinations are one rule, and others each their own", () => {
    const hosts = (name: string) => [`${name}.example.com`];
    const same = {
      a: { hosts: hosts("a") },
      b: { hosts: hosts("b") },
      c: { hosts: hosts("c"), protocol: "http", originate: true },
    };
    expect(letOut(same)).toHaveLength(1);
    const addresses = ["203.0.113.0/24"];
    const others = { ...same, d: { hosts: hosts("d"), port: 8443 }, e: { hosts: hosts("e"), addresses } };
    expect(letOut(others).map(({ ports }) => ports)).toEqual([[tcp(443)], [tcp(8443)], [tcp(443)]]);
  });
});

const isIPv6 = (address: string) => address.includes(":");

const one = <T>(...of: readonly T[]) => fc.constantFrom(...of);
const ipV6 = fc
  .array(fc.nat({ max: 65_535 }), { minLength: 8, maxLength: 8 })
  .map((all) => all.map((one) => one.toString(16)).join(":"));
const someRanges = fc.uniqueArray(
  fc.oneof(
    one("10.244.0.0/16", "10.96.0.0/16", "10.0.0.0/16", "172.20.0.0/16", "10.244.7.0/24", "fd00:10:244::/56"),
    fc.tuple(fc.ipV4(), fc.integer({ min: 1, max: 32 })).map((parts) => parts.join("/")),
    fc.tuple(ipV6, fc.integer({ min: 1, max: 128 })).map((parts) => parts.join("/")),
  ),
  { minLength: 1, maxLength: 3 },
);
const speaks = fc.oneof(
  fc.record({ protocol: one("tls"), port: one(443, 8443) }, { requiredKeys: [] }),
  fc.record({ protocol: one("http"), originate: one(true), target: one(443, 8443) }, { requiredKeys: ["protocol", "originate"] }),
  fc.record({ protocol: one("http") }),
  fc.record({ protocol: one("tcp"), port: one(5432) }),
);
const anyEgress = fc
  .dictionary(one("a", "b", "c"), fc.tuple(speaks, fc.option(someRanges)), { minKeys: 1 })
  .map((all) =>
    Object.fromEntries(
      Object.entries(all).map(([name, [how, addresses]]) => [
        name,
        { hosts: [`${name}.example.com`], ...how, ...(addresses && { addresses }) },
      ]),
    ),
  );

test("for any egress and any cluster, nobody gets into the cluster or to a node's own services, unless it is given as an address", () => {
  const own = [
    "169.254.169.254",
    "169.254.0.1",
    "168.63.129.16",
    "fd00:ec2::254",
    "127.0.0.1",
    "127.255.255.255",
    "::1",
    "fe80::1",
    "febf::1",
  ];
  const usual = ["10.1.2.3", "172.31.0.1", "192.168.1.1", "100.64.0.1", "fd00::1", "203.0.113.7", "2001:db8::7"];
  const privateRanges = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"];
  let [open, closed, given] = [0, 0, 0];
  fc.assert(
    fc.property(
      anyEgress,
      fc.option(someRanges),
      fc.array(fc.oneof(fc.ipV4(), ipV6), { maxLength: 3 }),
      (declared, clusterRanges, further) => {
        fc.pre(egress.safeParse(declared).success);
        const out = letOut(declared, { ...(clusterRanges && { clusterRanges }) });
        const reached = destinations(declared);
        const ranges = clusterRanges ?? privateRanges;
        const inside = [...ranges, ...nodes.ipv4, ...nodes.ipv6];
        const firsts = [...inside, ...reached.flatMap(({ addresses = [] }) => addresses)].map((range) =>
          range.replace(/\/.*/, ""),
        );
        for (const address of [...own, ...usual, ...firsts, ...further]) {
          const isOutside =
            ranges.some((range) => isIPv6(range) === isIPv6(address)) && !inside.some((range) => overlap(range, address));
          for (const port of [80, 443, 5432, 22]) {
            const rules = out.filter(({ ports }) => ports.some((one) => one.port === port));
            const isOpen = rules.some(({ to }) =>
              to.some(
                ({ ipBlock: { cidr, except = [] } }) =>
                  overlap(cidr, address) && !except.some((range) => overlap(range, address)),
              ),
            );
            const asked = reached.filter(({ target }) => target === port);
            const isGiven = asked.some(({ addresses = [] }) => addresses.some((range) => overlap(range, address)));
            const expected = isGiven || (isOutside && asked.some(({ addresses }) => !addresses));
            if (isOpen !== expected) expect([address, port, isOpen]).toEqual([address, port, expected]);
            if (isOpen) open++;
            else closed++;
            if (isGiven) given++;
          }
        }
      },
    ),
    { numRuns: 100 },
  );
  expect(Math.min(open, closed, given)).toBeGreaterThan(100);
});
