import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { parseConfig } from "../../../config.ts";
import { eks, existing, parse, problems } from "./support/config.ts";

describe("what is not given has the defaults of the requirements", () => {
  test("cluster, mesh and copies", () => {
    expect(parse()).toMatchObject({
      gateway: "both",
      cluster: { name: "mesh-demo", workers: 2, ports: { http: 80, https: 443, istio: 8080, istioTls: 8443 } },
      istio: { tags: [], accessLogs: false, certificateLifetime: "24h", drain: "1s", beside: [] },
      kong: { correlationId: { header: "x-correlation-id" }, log: { stdout: true }, prometheus: true },
      shop: {
        frontend: { versions: [{ name: "v1", weight: 100, replicas: 2 }] },
        backend: { versions: [{ name: "v1", weight: 100, replicas: 2 }] },
        database: { storage: "1Gi" },
      },
      load: { qps: 1 },
      charts: {},
      images: {},
      product: {
        versions: [{ name: "v1", weight: 100, replicas: 3 }],
        canary: { header: "x-canary", version: "v1" },
        methods: ["GET", "HEAD"],
      },
    });
  });

  test("certificates follow the sources, and plain HTTP the target", () => {
    expect(parse().tls).toEqual({ hosts: ["shop.example.com"], issuer: "self-signed", plaintext: true });
    expect(parse({ "mesh:sources": "published" }).tls).toMatchObject({ issuer: "ca", plaintext: true });
    expect(parse(existing).tls).toEqual({ hosts: ["shop.example.com"], issuer: "ca", plaintext: false });
    expect(parse(eks).tls.plaintext).toBe(false);
    expect(parse({ ...eks, "mesh:tls": { ...eks["mesh:tls"], plaintext: true } }).tls.plaintext).toBe(true);
  });

  test("a cluster of Amazon's, with AWS's own setting of its region", () => {
    expect(parse(eks)).toMatchObject({
      target: "eks",
      eks: {
        region: "us-west-2",
        name: "mesh",
        nodes: { type: "t3.large", count: 3 },
        network: { cidr: "10.0.0.0/16", zones: 3 },
        admins: [],
        publicAccess: [],
      },
    });
    expect(parse(eks)).not.toHaveProperty("cluster");
  });

  test("a cluster that runs already", () => {
    expect(parse(existing)).toMatchObject({
      target: "existing",
      existing: { context: "theirs", exposure: { type: "LoadBalancer", annotations: {} }, networkPolicies: "stored" },
    });
    const byPorts = { ...existing["mesh:existing"], exposure: { type: "NodePort", host: "192.0.2.1", ports: { http: 31080 } } };
    expect(parse({ ...existing, "mesh:existing": byPorts })).toMatchObject({
      existing: { exposure: { host: "192.0.2.1", ports: { http: 31080, https: 30443, istio: 30808, istioTls: 30843 } } },
    });
  });

  test("resilience", () => {
    expect(parse().product.resilience).toEqual({
      timeout: "5s",
      retries: { attempts: 3, perTryTimeout: "1200ms", on: "connect-failure,refused-stream,reset,5xx", maxBodyBytes: 1_048_576 },
      pool: { connectTimeout: "1s", maxConnections: 100, maxPendingRequests: 1024, maxRequestsPerConnection: 10 },
      ejection: { consecutive5xx: 5, interval: "30s", time: "30s", maxPercent: 50 },
      balancing: "ROUND_ROBIN",
    });
  });

  test("one version may leave its weight out and takes the rest; the last is the canary", () => {
    const { versions, canary } = parse({
      "mesh:product": { replicas: 2, versions: [{ name: "v1" }, { name: "v2", weight: 10, replicas: 1 }] },
    }).product;
    expect(versions).toEqual([
      { name: "v1", weight: 90, replicas: 2 },
      { name: "v2", weight: 10, replicas: 1 },
    ]);
    expect(canary.version).toBe("v2");
  });

  test("keys of others are theirs to judge", () => {
    expect(problems({ "pulumi:disable-default-providers": '["kubernetes"]', "aws:region": "nowhere" })).toEqual([]);
  });
});

describe("a file that is wrong", () => {
  test("sources must be given: built and published differ too much to guess", () => {
    expect(() => parseConfig({ "mesh:target": "kind" }, "mine")).toThrow(
      /Pulumi\.mine\.yaml.*\n.*mesh:sources is not given; allowed: one of built, published/,
    );
  });

  test("all problems of a file at once, one line each", () => {
    const found = problems({
      "mesh:sources": "found",
      "mesh:what": "1",
      "mesh:cluster": { name: "A", ports: { istio: 0, https: 80 } },
      "mesh:product": { replicas: 0 },
      "mesh:tls": { issuer: "self-signed", email: "a@example.com" },
    });
    expect(found.map((problem) => problem.split(" ")[0])).toEqual([
      "mesh:sources",
      "mesh:cluster.name",
      "mesh:cluster.ports.istio",
      "mesh:cluster.ports.https",
      "mesh:product.replicas",
      "mesh:what",
      "mesh:tls.email",
    ]);
  });

  test("a value that is long is cut, so that the message stays one", () => {
    const [problem = ""] = problems({ "mesh:product": "x".repeat(5_000) });
    expect(problem).toMatch(/^mesh:product is "x+…; allowed: a mapping/);
    expect(problem.length).toBeLessThan(400);
  });
});

describe("for any versions", () => {
  const weights = fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 1, maxLength: 5 });
  const versionsOf = (given: number[]) => given.map((weight, index) => ({ name: `v${index + 1}`, weight }));

  test("accepted exactly when they sum to 100", () => {
    fc.assert(
      fc.property(weights, (given) => {
        const sum = given.reduce((total, weight) => total + weight, 0);
        expect(problems({ "mesh:product": { versions: versionsOf(given) } })).toHaveLength(sum === 100 ? 0 : 1);
      }),
    );
  });

  test("with the first one's left out, they sum to 100 whenever the others leave something", () => {
    fc.assert(
      fc.property(weights, (given) => {
        const versions = [{ name: "v0" }, ...versionsOf(given)];
        if (problems({ "mesh:product": { versions } }).length > 0)
          return given.reduce((total, weight) => total + weight, 0) > 100;
        const filled = parse({ "mesh:product": { versions } }).product.versions;
        return filled.reduce((total, { weight }) => total + weight, 0) === 100 && filled.every(({ weight }) => weight >= 0);
      }),
    );
  });

  const sections = ["target", "sources", "gateway", "cluster", "eks", "existing", "istio", "tls", "kong"].concat(
    ["product", "shop", "load", "charts", "images"], // all there are
  );

  test("no text, number or structure for any key ends in anything but a configuration or its problems", () => {
    fc.assert(
      fc.property(fc.constantFrom(...sections), fc.jsonValue(), (key, value) => {
        for (const problem of problems({ [`mesh:${key}`]: value }))
          expect(problem).toMatch(/^(mesh:.+|aws:region) is .+; allowed: ./s);
      }),
    );
  });
});
