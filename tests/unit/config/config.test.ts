import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sections } from "../../../config/sections.ts";
import { at } from "../../lib/mocks.ts";
import { eks, existing, parse, parseConfig, plan, problems, product, serviceOf } from "../support/config.ts";

describe("what is not given has the defaults of the requirements", () => {
  test("cluster and mesh", () => {
    expect(parse()).toMatchObject({
      gateway: "both",
      cluster: { name: "mesh-demo", workers: 2, ports: { http: 80, https: 443, istio: 8080, istioTls: 8443 } },
      istio: { tags: [], accessLogs: false, certificateLifetime: "24h", drain: "1s", additionalRevisions: [] },
      kong: { correlationId: { header: "x-correlation-id" }, log: { stdout: true }, prometheus: true },
      apps: {},
      charts: {},
      images: {},
    });
  });

  test("applications, as apps/ declares them", () => {
    for (const name of ["frontend", "backend"]) {
      const source = `apps/shop/${name}/server.ts`;
      expect(serviceOf(plan(), name).versions).toEqual([
        { name: "v1", weight: 100, replicas: 2, image: { source }, env: expect.any(Object) },
      ]);
    }
    const [v1, v2] = ["product", "product-v2"].map((folder) => ({
      image: { source: `apps/product/${folder}/server.ts` },
      env: {},
    }));
    expect(serviceOf(plan(), "product").versions).toEqual([
      { name: "v1", weight: 100, replicas: 3, ...v1 },
      { name: "v2", weight: 0, replicas: 1, ...v2 },
    ]);
    expect(serviceOf(plan(), "product").ports).toEqual([{ name: "http", protocol: "http", port: 8080, target: 8080 }]);
    const { applications } = plan();
    expect(applications.find(({ namespace }) => namespace === "prod")?.databases).toMatchObject([{ storage: "1Gi" }]);
    expect(applications.find(({ namespace }) => namespace === "load")?.loadGenerators).toMatchObject([{ qps: 1 }]);
    // GET and HEAD, at every gateway, with no policy. The canary is the last version, which gets no other requests.
    expect(serviceOf(plan(), "product").exposed).toEqual({
      products: { path: "/api/products", versioned: "/api/{version}/products" },
    });
    expect(serviceOf(plan(), "product").canary).toEqual({ header: "x-canary", value: "true", version: "v2" });
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
    const clusterRanges = ["10.42.0.0/16", "fd00:10:42::/56"];
    expect(parse({ ...existing, "mesh:existing": { ...existing["mesh:existing"], clusterRanges } })).toMatchObject({
      existing: { clusterRanges },
    });
    expect(at(parse(existing), "existing")).not.toHaveProperty("clusterRanges");
  });

  test("resilience", () => {
    expect(serviceOf(plan(), "product").resilience).toEqual({
      timeout: "5s",
      retries: {
        attempts: 3,
        perTryTimeout: "1200ms",
        on: "connect-failure,refused-stream,reset,5xx",
        grpcOn: "connect-failure,refused-stream,reset,unavailable,resource-exhausted",
        maxBodyBytes: 1_048_576,
      },
      pool: {
        connectTimeout: "1s",
        maxConnections: 100,
        maxPendingRequests: 1024,
        maxRequests: 1024,
        maxRequestsPerConnection: 10,
      },
      ejection: { consecutive5xx: 5, interval: "30s", time: "30s", maxPercent: 50 },
      balancing: "ROUND_ROBIN",
    });
  });

  test("one version may leave its weight out and takes the rest; the last is the canary", () => {
    const { versions, canary } = serviceOf(
      plan(product({ replicas: 2, versions: { v1: {}, v2: { weight: 10, replicas: 1 } } })),
      "product",
    );
    expect(versions).toEqual([
      { name: "v1", weight: 90, replicas: 2, image: { source: "apps/product/product/server.ts" }, env: {} },
      { name: "v2", weight: 10, replicas: 1, image: { source: "apps/product/product-v2/server.ts" }, env: {} },
    ]);
    expect(canary).toEqual({ header: "x-canary", value: "true", version: "v2" });
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
      "mesh:apps": { product: { product: { replicas: 0 } } },
      "mesh:tls": { issuer: "self-signed", email: "a@example.com" },
    });
    expect(found.map((problem) => problem.split(" ")[0])).toEqual([
      "mesh:sources",
      "mesh:cluster.name",
      "mesh:cluster.ports.istio",
      "mesh:cluster.ports.https",
      "mesh:what",
      "mesh:tls.email",
      "mesh:apps.product.product.replicas",
    ]);
  });

  test("a value that is long is cut, so that the message stays one", () => {
    const [problem = ""] = problems(product("x".repeat(5_000)));
    expect(problem).toMatch(/^mesh:apps\.product\.product is "x+…; allowed: a mapping/);
    expect(problem.length).toBeLessThan(400);
    const [ofOption = ""] = problems(product({ replicas: "x".repeat(5_000) }));
    expect(ofOption).toMatch(/^mesh:apps\.product\.product\.replicas is "x+…; allowed: a whole number/);
    expect(ofOption.length).toBeLessThan(400);
  });
});

describe("for any versions", () => {
  const weights = fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 1, maxLength: 5 });
  const versionsOf = (given: number[]) =>
    Object.fromEntries(given.map((weight, index) => [`v${index + 1}`, { weight, env: { NUMBER: `${index + 1}` } }]));

  test("accepted exactly when they sum to 100", () => {
    fc.assert(
      fc.property(weights, (given) => {
        const sum = given.reduce((total, weight) => total + weight, 0);
        expect(problems(product({ versions: versionsOf(given) }))).toHaveLength(sum === 100 ? 0 : 1);
      }),
    );
  });

  test("with one's left out, they sum to 100 whenever the others leave something", () => {
    fc.assert(
      fc.property(weights, (given) => {
        const sum = given.reduce((total, weight) => total + weight, 0);
        const settings = product({ versions: { ...versionsOf(given), v0: {} } });
        expect(problems(settings)).toHaveLength(sum <= 100 ? 0 : 1);
        if (sum > 100) return;
        const filled = serviceOf(plan(settings), "product").versions;
        expect(filled.find(({ name }) => name === "v0")?.weight).toBe(100 - sum);
        expect(filled.reduce((total, { weight }) => total + weight, 0)).toBe(100);
      }),
    );
  });

  const expectSentences = (changes: Record<string, unknown>) => {
    for (const problem of problems(changes)) expect(problem).toMatch(/^(mesh:.+|aws:region) is .+; allowed: ./s);
  };

  test("no text, number or structure for any key ends in anything but a configuration or its problems", () => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(sections.shape)), fc.jsonValue(), (key, value) =>
        expectSentences({ [`mesh:${key}`]: value }),
      ),
    );
  });

  test("nor does any for an option of an application", () => {
    const places = [
      ...["image", "resources", "env", "replicas", "versions", "canary", "resilience", "exposed"].map((option) => [option]),
      ...["products", "others"].map((name) => ["exposed", name]),
      ...["hosts", "gateways", "methods", "policies"].map((option) => ["exposed", "products", option]),
      ...["rateLimit", "jwt", "cors", "maxBodyBytes", "addresses", "apiKeys", "bots"].map((option) => [
        "exposed",
        "products",
        "policies",
        option,
      ]),
      ...["retries", "pool", "ejection", "timeout"].map((option) => ["resilience", option]),
    ];
    fc.assert(
      fc.property(fc.constantFrom(...places), fc.jsonValue(), (path, value) =>
        expectSentences(product(path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value))),
      ),
    );
  });
});
