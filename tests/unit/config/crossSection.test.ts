import { describe, expect, test } from "vitest";
import { eks, existing, kubeconfig, parse, problems, product } from "../support/config.ts";

/*
 * What settings must say together: each is right by itself, and refused with the key that has to change.
 */

type Case = readonly [what: string, changes: Record<string, unknown>, ...sentences: string[]];

function refused(cases: readonly Case[]): void {
  for (const [what, changes, ...sentences] of cases) {
    test(what, () => expect(problems(changes)).toEqual(sentences.map((sentence) => expect.stringContaining(sentence))));
  }
}

describe("a section of another target", () => {
  refused([
    [
      "EKS on kind",
      { "mesh:eks": { publicAccess: [] } },
      'mesh:eks is {"publicAccess":[]}; allowed: no mesh:eks with target kind; it is what target eks',
    ],
    [
      "kind on EKS",
      { ...eks, "mesh:cluster": { workers: 3 } },
      'mesh:cluster is {"workers":3}; allowed: no mesh:cluster with target eks',
    ],
    [
      "another's on kind",
      { "mesh:existing": existing["mesh:existing"] },
      "mesh:existing is a secret; allowed: no mesh:existing with target kind",
    ],
    [
      "kind on another's",
      { ...existing, "mesh:cluster": {} },
      "mesh:cluster is {}; allowed: no mesh:cluster with target existing",
    ],
  ]);
});

describe("proxies in front", () => {
  const edge = { trustedProxies: { addresses: ["203.0.113.0/24"] } };
  refused([
    [
      "are nothing that Kong is told of",
      { "mesh:sources": "published", "mesh:edge": edge },
      'mesh:edge.trustedProxies is {"addresses":["203.0.113.0/24"]}; allowed: none while Kong runs',
    ],
  ]);

  test("are one, unless there are more", () => {
    expect(parse({ "mesh:edge": edge }).edge.trustedProxies).toEqual({ count: 1, addresses: ["203.0.113.0/24"] });
    expect(problems({ "mesh:edge": { trustedProxies: { count: 2 } } })).toEqual([
      expect.stringContaining("mesh:edge.trustedProxies.addresses is not given; allowed: a list of addresses in CIDR notation"),
    ]);
  });
});

describe("what is built here", () => {
  refused([
    [
      "is nowhere for EKS",
      { ...eks, "mesh:sources": "built", "mesh:tls": { hosts: ["a.example.com"], issuer: "self-signed" } },
      'mesh:sources is "built"; allowed: published with target eks',
    ],
    [
      "is nowhere for another's cluster",
      { ...existing, "mesh:sources": "built" },
      'mesh:sources is "built"; allowed: published with target existing',
    ],
    [
      "is one version of Istio",
      { "mesh:istio": { revision: "a", additionalRevisions: [{ revision: "b", version: "1.29.0" }] } },
      'mesh:istio.additionalRevisions[0].version is "1.29.0"; allowed: no version with sources built',
    ],
    [
      "needs no other node",
      { "mesh:images": { node: { tag: "v1" } } },
      'mesh:images.node is {"tag":"v1"}; allowed: nothing with sources built',
    ],
    ["needs no other Node.js", { "mesh:images": { nodeRuntime: { tag: "v1" } } }, "mesh:images.nodeRuntime is"],
    [
      "has charts of its own version",
      { "mesh:charts": { istiod: { version: "1.2.3" } } },
      'mesh:charts.istiod.version is "1.2.3"; allowed: a version beside a repository',
    ],
  ]);
});

describe("certificates", () => {
  const tls = (settings: Record<string, unknown>) => ({
    ...eks,
    "mesh:tls": { hosts: ["shop.example.com"], issuer: "acme", ...settings },
  });
  const acme = { email: "a@example.com", hostedZone: "Z0123456789" };
  refused([
    [
      "without a host",
      { "mesh:tls": { hosts: [] } },
      "mesh:tls.hosts is []; allowed: a list of the full names of hosts, at least 1",
    ],
    [
      "of a host that is none",
      { "mesh:tls": { hosts: ["shop"] } },
      'mesh:tls.hosts[0] is "shop"; allowed: the full name of a host',
    ],
    ["of one host twice", { "mesh:tls": { hosts: ["a.example.com", "a.example.com"] } }, "mesh:tls.hosts[1] is"],
    [
      "of anybody on EKS",
      { ...eks, "mesh:tls": undefined },
      "mesh:tls.hosts is not given; allowed: a list of the full names of hosts, as target eks",
      "mesh:tls.issuer is not given; allowed: one of self-signed",
    ],
    [
      "of an authority that nobody is told of",
      tls({}),
      "mesh:tls.email is not given; allowed: an e-mail address with issuer acme",
      "mesh:tls.hostedZone is not given; allowed: the id of the hosted zone",
    ],
    ["of an e-mail address that is none", tls({ ...acme, email: "me" }), 'mesh:tls.email is "me"; allowed: an e-mail address'],
    [
      "of a zone that is none",
      tls({ ...acme, hostedZone: "example.com" }),
      'mesh:tls.hostedZone is "example.com"; allowed: the id of a hosted zone',
    ],
    [
      "of a server without TLS",
      tls({ ...acme, server: "http://ca.example.com" }),
      'mesh:tls.server is "http://ca.example.com"; allowed: a URL such as https://acme',
    ],
    ["of a server with a password", tls({ ...acme, server: "https://u:p@ca.example.com" }), "mesh:tls.server is"],
    [
      "of ACME on kind",
      { "mesh:sources": "published", "mesh:tls": { issuer: "acme", ...acme } },
      'mesh:tls.issuer is "acme"; allowed: self-signed or ca with target kind',
    ],
    [
      "of ACME with nothing from outside",
      { "mesh:tls": { issuer: "acme", ...acme } },
      'mesh:tls.issuer is "acme"; allowed: self-signed with sources built',
      "self-signed or ca with target kind",
    ],
    [
      "of an own authority with nothing from outside",
      { "mesh:tls": { issuer: "ca" } },
      'mesh:tls.issuer is "ca"; allowed: self-signed with sources built: cert-manager is not built here',
    ],
    [
      "of nobody's, told to somebody",
      { "mesh:tls": { issuer: "self-signed", email: "a@example.com" } },
      'mesh:tls.email is "a@example.com"; allowed: nothing with issuer self-signed; it belongs to acme',
    ],
    [
      "of nobody's, by default, told to somebody",
      { "mesh:tls": { email: "a@example.com" } },
      'mesh:tls.email is "a@example.com"; allowed: nothing with issuer self-signed',
    ],
    [
      "of a zone that nobody asks",
      { ...eks, "mesh:tls": { ...eks["mesh:tls"], hostedZone: "Z0123456789" } },
      "mesh:tls.hostedZone is",
    ],
    ["over a port in words", { "mesh:tls": { plaintext: "yes" } }, 'mesh:tls.plaintext is "yes"; allowed: true or false'],
  ]);

  test("of ACME with all it needs", () => {
    expect(parse(tls(acme)).tls).toMatchObject({ issuer: "acme", ...acme });
  });
});

describe("bodies that are kept to be sent again", () => {
  const wanted = { resilience: { retries: { maxBodyBytes: 2_000_000 }, pool: { maxConnections: 10 } } };
  refused([
    [
      "do not fit into Istio's gateway",
      product(wanted),
      "mesh:apps.product.product.resilience.retries.maxBodyBytes is 2000000; allowed: at most 1048576 while Istio's gateway offers the service: a larger one has to fit into mesh:istioGateway.memory",
    ],
  ]);

  test("fit where there is more memory for each connection, and where only Kong offers the service", () => {
    expect(problems({ ...product(wanted), "mesh:istioGateway": { memory: "1Gi", maxConnections: 100 } })).toEqual([]);
    expect(
      problems({ "mesh:sources": "published", ...product({ ...wanted, exposed: { products: { gateways: ["kong"] } } }) }),
    ).toEqual([]);
  });
});

describe("Kong", () => {
  refused([
    [
      "alone, with nothing from outside",
      { "mesh:gateway": "kong" },
      'mesh:gateway is "kong"; allowed: istio or both with sources built, as Kong is not built here; kong too with mesh:charts.kong',
    ],
    [
      "set up where only Istio's gateway runs",
      { "mesh:gateway": "istio", "mesh:kong": { prometheus: false } },
      'mesh:kong is {"prometheus":false}; allowed: no mesh:kong with gateway istio',
    ],
    [
      "set up where its parts are missing",
      { "mesh:kong": { replicas: 2 } },
      "allowed: no mesh:kong as Kong is not built here and its parts are not given",
    ],
    [
      "alone, with bounds of Istio's gateway",
      { "mesh:sources": "published", "mesh:gateway": "kong", "mesh:istioGateway": { maxStreams: 10 } },
      'mesh:istioGateway is {"maxStreams":10}; allowed: no mesh:istioGateway with gateway kong',
    ],
    [
      "without a copy",
      { "mesh:sources": "published", "mesh:kong": { replicas: 0 } },
      "mesh:kong.replicas is 0; allowed: a whole number from 1",
    ],
    [
      "with a header that is none",
      { "mesh:sources": "published", "mesh:kong": { correlationId: { header: "X Id" } } },
      'mesh:kong.correlationId.header is "X Id"; allowed: the name of a header',
    ],
    [
      "with a log to no URL",
      { "mesh:sources": "published", "mesh:kong": { log: { url: "logs" } } },
      'mesh:kong.log.url is "logs"; allowed: a URL such as',
    ],
  ]);
});

describe("a secret", () => {
  const printed = (changes: Record<string, unknown>, from?: "file") => problems({ ...existing, ...changes }, from).join("\n");
  const secret = /top-secret-token/;

  test("is never printed, whatever is wrong with it or beside it", () => {
    const settings = existing["mesh:existing"];
    for (const wrong of [
      { ...settings, context: "ours" },
      { ...settings, kubeconfig: { nested: kubeconfig } },
      { ...settings, kubeconfig: `broken: [${kubeconfig}` },
      { ...settings, context: kubeconfig },
      { ...settings, storageClass: kubeconfig },
      { ...settings, storageClass: `top-secret-token ${"-".repeat(200)}` },
      [settings],
      kubeconfig,
    ]) {
      expect(printed({ "mesh:existing": wrong })).toContain("mesh:existing");
      expect(printed({ "mesh:existing": wrong })).not.toMatch(secret);
    }
    expect(printed({ "mesh:target": "kind", "mesh:existing": settings })).not.toMatch(secret);
    const short = { kubeconfig: "top-secret-token", context: "theirs" };
    expect(printed({ "mesh:target": "kind", "mesh:existing": short })).toMatch(
      /^mesh:existing is a secret; allowed: no mesh:existing/m,
    );
    expect(printed({ "mesh:existing": { ...settings, kubeconfig: "no kubeconfig" } })).toBe(
      "mesh:existing.kubeconfig is a secret; allowed: a kubeconfig: YAML or JSON with contexts",
    );
  });

  test("that lies open in the file is refused, by whoever reads the file", () => {
    expect(printed({}, "file")).toMatch(
      /^mesh:existing\.kubeconfig is not encrypted; allowed: a kubeconfig, as a secret: pulumi config set/,
    );
    expect(printed({}, "file")).not.toMatch(secret);
    expect(printed({})).toBe("");
  });

  test("that only Pulumi can open is taken as it is", () => {
    const settings = { ...existing["mesh:existing"], kubeconfig: "[secret]", context: "any" };
    expect(printed({ "mesh:existing": settings }, "file")).toBe("");
  });
});
