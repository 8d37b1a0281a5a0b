import { generateKeyPairSync } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { applications } from "../../apps/index.ts";
import type { ApplicationDeclaration } from "../../model/application.ts";
import { checkApplications } from "../../model/checks/check.ts";
import { routesOf } from "../../model/route.ts";
import { type Pushed, pushedFor } from "./support/kong.ts";
import { type Asked, choose, type KongConsumer, type KongRoute } from "./support/kongConfiguration.ts";

/*
 * The objects of a stack, translated by the real Kong Ingress Controller: what Kong would get of them. Kong itself is not here.
 */

const tls = "shop.example.com";
let pushed: Pushed;

describe("stack dev, which serves plain HTTP besides", () => {
  beforeAll(async () => {
    pushed = await pushedFor("dev");
  });

  test("the controller has nothing to complain of", () => {
    expect(pushed.complaints).toEqual([]);
  });

  test.each([
    ["/", "prod.frontend.80"],
    ["/index.html", "prod.frontend.80"],
    ["/api", "prod.backend.3000"],
    ["/api/catalog", "prod.backend.3000"],
    ["/apis", "prod.frontend.80"],
    ["/api/products", "product.product.8080"],
    ["/api/products/", "product.product.8080"],
    ["/api/products/7", "product.product.8080"],
    ["/api/products-of-others", "prod.backend.3000"],
    ["/api/v1/products", "product.product.8080"],
    ["/api/v2/products/7", "product.product.8080"],
    ["/api/v3/products", "prod.backend.3000"],
    ["/shop.Recommendations/List", "prod.recommendations.50051"],
    ["/shop.RecommendationsOfOthers/List", "prod.frontend.80"],
  ])("%s goes to %s, whatever the host", (path, service) => {
    for (const host of ["localhost", tls]) expect(choose(pushed.configuration, { path, host })?.service.name).toBe(service);
  });

  test("hosts of TLS are redirected to HTTPS, others are served as they come", () => {
    for (const path of ["/", "/api", "/api/products", "/api/v2/products"]) {
      expect(choose(pushed.configuration, { path, host: tls })?.route).toMatchObject({
        protocols: ["https"],
        https_redirect_status_code: 308,
      });
      expect(choose(pushed.configuration, { path })?.route.protocols).toEqual(["http"]);
    }
  });

  test("gRPC is taken with TLS by the hosts of TLS, and by others as it comes, and never redirected", () => {
    const protocolsOf = (host: string) =>
      choose(pushed.configuration, { path: "/shop.Recommendations/List", host })?.route.protocols;
    expect(protocolsOf(tls)).toEqual(["grpcs"]);
    expect(protocolsOf("localhost")).toEqual(["grpc"]);
  });

  test("paths stay as they are, and the host becomes the service's own, by which the mesh knows whose rules hold", () => {
    const routes = allRoutes();
    expect(routes.length).toBeGreaterThanOrEqual(6);
    for (const route of routes) {
      expect(route.preserve_host).toBe(false);
      // Kong takes none off a call of gRPC, so that the controller does not say it.
      expect(route.strip_path).toBe(isGrpc(route) ? undefined : false);
    }
  });

  test("Kong dials Services and never tries again, and waits longer than the mesh does", () => {
    const { services = [], upstreams = [] } = pushed.configuration;
    const deployed = checkApplications(applications, { gateways: [] }).applications;
    const offered = deployed.flatMap((application) => routesOf(application, ["kong"]));
    const byName = new Map(
      offered.map(({ entrance, service, ...route }) => [
        `${service.namespace}.${(entrance ?? service).name}.${service.port}`,
        { service, ...route },
      ]),
    );
    expect(services.map(({ name }) => name).sort()).toEqual([...byName.keys()].sort());
    for (const { name, host, ...service } of services) {
      const { timeout, service: offer } = byName.get(name) ?? {};
      expect(service).toMatchObject({ protocol: offer?.protocol, retries: 0, connect_timeout: 5_000 });
      // The mesh gives up after 5 s, unless a stream has no end: then Kong waits as long as it can.
      const longest = timeout === "none" ? 2_147_483_646 : 6_000;
      expect([service.read_timeout, service.write_timeout]).toEqual([longest, longest]);
      const [namespace, own, port] = name.split(".");
      const targets = upstreams.find((upstream) => upstream.name === host)?.targets?.map(({ target }) => target);
      expect(targets).toEqual([`${own}.${namespace}.svc:${port}`]);
    }
  });

  test("requests are looked at before there is a route, also those that get none", () => {
    expect(pluginsOf(undefined)["pre-function"]).toMatchObject({
      rewrite: [expect.stringContaining("clear_header"), expect.stringContaining(tls)],
      log: [expect.stringContaining("apikey")],
    });
  });

  test("the certificate is served to the hosts it is for", () => {
    const certificates = pushed.configuration.certificates ?? [];
    expect(certificates.map(({ snis }) => snis?.map(({ name }) => name))).toEqual([[tls]]);
    expect(certificates[0]?.cert).toContain("BEGIN CERTIFICATE");
  });

  test("nothing is demanded of requests that no policy demands", () => {
    expect(pluginsAt("/")).toEqual({});
    expect(Object.keys(pluginsAt("/api/products"))).toEqual(["rate-limiting"]);
    expect(Object.keys(pluginsAt("/api")).sort()).toEqual(["acl", "key-auth", "rate-limiting"]);
    expect((pushed.configuration.consumers ?? []).map(({ username }) => username)).toEqual(["partner"]);
  });
});

describe("every policy at once, and HTTPS alone", () => {
  const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 2_048 });
  const { publicKey: nextKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const issuer = "https://issuer.example.com";
  const ofProduct = {
    rateLimit: { requests: 5, per: "minute", by: "consumer" },
    cors: { origins: ["https://example.com"], methods: ["GET"], maxAge: "1m" },
    maxBodyBytes: 1_000,
    addresses: { allow: ["10.0.0.0/8"], deny: ["10.1.0.0/16"] },
    apiKeys: { consumers: ["alice", "bob"] },
    bots: { deny: ["curl"] },
  };
  const keys = [
    { ...publicKey.export({ format: "jwk" }), kid: "old" },
    { ...nextKey.export({ format: "jwk" }), kid: "next" },
  ];
  const ofBackend = { jwt: { issuer, keys }, rateLimit: { requests: 9, per: "second", by: "address" } };

  beforeAll(async () => {
    pushed = await pushedFor("dev", {
      "mesh:gateway": "kong",
      "mesh:tls": { hosts: [tls], plaintext: false },
      "mesh:kong": {
        correlationId: { header: "x-correlation-id" },
        log: { stdout: true, url: "http://collector.example.com:8080/logs" },
        prometheus: true,
      },
      "mesh:apps": {
        product: { product: { versions: { v1: {}, v2: { weight: 10 } }, exposed: { products: { policies: ofProduct } } } },
        prod: { backend: { exposed: { api: { policies: ofBackend } } } },
      },
    });
  });

  test("the controller has nothing to complain of", () => {
    expect(pushed.complaints).toEqual([]);
  });

  test("every route is for HTTPS or gRPC with TLS, whatever the host", () => {
    const [grpc, http] = [allRoutes().filter(isGrpc), allRoutes().filter((route) => !isGrpc(route))];
    expect([grpc.length, http.length].every(Boolean)).toBe(true);
    for (const route of http) expect(route).toMatchObject({ protocols: ["https"], https_redirect_status_code: 308 });
    for (const route of grpc) expect(route.protocols).toEqual(["grpcs"]);
  });

  test("each policy is a plugin of its route, with the configuration that Kong knows", () => {
    expect(pluginsAt("/api/products")).toEqual({
      acl: { allow: ["alice", "bob"], hide_groups_header: true },
      "bot-detection": { allow: [], deny: ["curl"] },
      cors: {
        ...{ origins: ["https://example.com"], methods: ["GET"], headers: ["accept"], exposed_headers: [] },
        ...{ credentials: false, max_age: 60 },
      },
      "ip-restriction": { allow: ["10.0.0.0/8"], deny: ["10.1.0.0/16"] },
      "key-auth": {
        ...{ key_names: ["apikey"], key_in_header: true, key_in_query: false, key_in_body: false },
        hide_credentials: true,
      },
      "rate-limiting": { minute: 5, limit_by: "consumer", policy: "local", hide_client_headers: false },
      "request-size-limiting": { allowed_payload_size: 1_000, size_unit: "bytes", require_content_length: false },
    });
  });

  test("the same holds under every path of the service, and for no other service", () => {
    for (const path of ["/api/products/7", "/api/v1/products", "/api/v2/products"]) {
      expect(pluginsAt(path)).toEqual(pluginsAt("/api/products"));
    }
    expect(Object.keys(pluginsAt("/api/catalog")).sort()).toEqual(["acl", "jwt", "post-function", "rate-limiting"]);
    expect(pluginsAt("/api/catalog")).toMatchObject({
      acl: { allow: [expect.stringMatching(/^issuer\./)] },
      jwt: { key_claim_name: "kid", claims_to_verify: [], header_names: ["authorization"] },
      "post-function": { access: [expect.stringContaining(issuer)] },
      "rate-limiting": { second: 9, limit_by: "ip" },
    });
    expect(pluginsAt("/")).toEqual({});
  });

  test("each consumer has its key and is let in to what names it, and the issuer is known by its public keys", () => {
    const { consumers = [] } = pushed.configuration;
    const named = (name: string) => consumers.find(({ username }) => username === name);
    for (const name of ["alice", "bob"]) {
      const key = `password-of-kong-routes-${name}`;
      expect(named(name)).toMatchObject({ keyauth_credentials: [{ key }], acls: [{ group: name }] });
    }
    const issuing = consumers.filter(({ custom_id }) => custom_id === issuer);
    const allowed = pluginsAt("/api/catalog").acl as { allow: string[] };
    expect(issuing).toMatchObject([{ acls: allowed.allow.map((group) => ({ group })) }]);
    expect(Object.fromEntries((issuing[0]?.jwt_secrets ?? []).map(({ key, algorithm }) => [key, algorithm]))).toEqual({
      [issuer]: "RS256",
      old: "RS256",
      next: "ES256",
    });
    expect(keyOf(issuing[0])).toBe(publicKey.export({ type: "spki", format: "pem" }).toString().trim());
    expect(consumers).toHaveLength(3);
  });

  test("what is done with every request is said once, for all of Kong", () => {
    expect(pluginsOf(undefined)).toMatchObject({
      "pre-function": { certificate: [expect.any(String)], rewrite: [expect.any(String), expect.any(String)] },
      "correlation-id": { header_name: "x-correlation-id", generator: "uuid", echo_downstream: true },
      "file-log": { path: "/dev/stdout" },
      "http-log": { http_endpoint: "http://collector.example.com:8080/logs", method: "POST" },
      prometheus: { status_code_metrics: true, latency_metrics: true },
    });
  });
});

describe("a service with many exposures", () => {
  const [own, wide] = ["own.example.com", "wide.example.com"];
  const many = {
    image: { registry: "docker.io", repository: "library/many", tag: "1" },
    ports: { http: { port: 80 }, grpc: { port: 81, protocol: "grpc" } },
    probes: { ready: { tcp: "http" } },
    exposed: {
      all: { port: "http", path: "/" },
      read: { port: "http", path: "/api" },
      create: { port: "http", path: "/api", methods: ["POST"], policies: { rateLimit: { requests: 1, per: "hour" } } },
      deep: { port: "http", path: "/api/deep/down" },
      exact: { port: "http", path: "/api/v1.0", exact: true, rewrite: "/status" },
      slow: { port: "http", path: "/slow", timeout: "1m" },
      live: { port: "http", path: "/live", stream: true },
      old: { path: "/old", redirect: { path: "/new", host: own, code: 301 } },
      own: { port: "http", path: "/", hosts: [own], methods: ["GET", "PUT"] },
      wide: { port: "http", path: "/wide", hosts: [`*.${wide}`] },
      calls: { port: "grpc", path: "/many.Calls", hosts: [own] },
    },
  } as const;

  beforeAll(async () => {
    const changes = { "mesh:gateway": "kong", "mesh:tls": { hosts: [tls, own, `*.${wide}`] }, "mesh:apps": {} };
    pushed = await pushedFor("dev", changes, [{ namespace: "team", services: { many } } as ApplicationDeclaration]);
  });

  test("the controller has nothing to complain of", () => {
    expect(pushed.complaints).toEqual([]);
  });

  test.each<[string, Asked, string]>([
    ["a path", { path: "/any" }, "all"],
    ["a method of one exposure", { path: "/api/x", method: "POST" }, "create"],
    ["of another one", { path: "/api/x", method: "HEAD" }, "read"],
    ["one that neither has", { path: "/api/x", method: "DELETE" }, "read"],
    ["a longer path, although others are told by their methods", { path: "/api/deep/down", method: "POST" }, "deep"],
    ["an exact path", { path: "/api/v1.0" }, "exact"],
    ["what is below an exact path", { path: "/api/v1.0/x" }, "read"],
    ["what looks like it for a regular expression", { path: "/api/v1x0" }, "read"],
    ["a host's own exposure before longer paths of all hosts", { path: "/api/deep/down", host: own }, "own"],
    ["gRPC of that host", { path: "/many.Calls/Do", host: own, method: "POST" }, "calls"],
    ["a host below a name", { path: "/wide/x", host: `a.${wide}` }, "wide"],
    ["what that has not for itself", { path: "/api/x", host: `a.${wide}`, method: "POST" }, "create"],
    ["what another host has not for itself", { path: "/slow", host: tls }, "slow"],
  ])("%s is of the right one", (_, asked, exposure) => {
    const { route } = choose(pushed.configuration, asked) ?? {};
    expect(route?.name).toMatch(new RegExp(`^team\\.many\\.${exposure}(\\.2)?(\\.https)?\\.`));
  });

  test("each waits as long as it may take, by a Service of its own where that is not the service's time", () => {
    const at = (path: string) => choose(pushed.configuration, { path });
    const times = ["/any", "/slow", "/live"].map((path) => [at(path)?.service.name, at(path)?.service.read_timeout]);
    expect(times).toEqual([
      ["team.many.80", 6_000],
      ["team.many-slow.80", 61_000],
      ["team.many-live.80", 2_147_483_646],
    ]);
    expect(at("/api/v1.0")?.service.name).toBe("team.many-exact.80");
    // Kong speaks one protocol with a Service.
    const calls = choose(pushed.configuration, { path: "/many.Calls/Do", host: own, method: "POST" })?.service;
    expect([calls?.name, calls?.protocol]).toEqual(["team.many-calls.81", "grpc"]);
    expect(at("/live")?.route).toMatchObject({ request_buffering: false, response_buffering: false });
    expect(at("/slow")?.route.response_buffering ?? true).toBe(true);
  });

  test("a redirect is an answer in place of the service, and policies are of one exposure alone", () => {
    const plugins = (asked: Asked) => pluginsOf(choose(pushed.configuration, asked)?.route.name ?? "no route");
    const access = [expect.stringContaining(`"https://${own}" .. "/new"`)];
    expect(plugins({ path: "/old/x" })).toEqual({ "post-function": { access } });
    // What each does not allow another one does, at the service.
    const methods = (one: string) => ({ "post-function": { access: [expect.stringContaining(`["${one}"] = true`)] } });
    const posted = plugins({ path: "/api/x", method: "POST" });
    expect(posted).toMatchObject({ ...methods("POST"), "rate-limiting": { hour: 1 } });
    expect(Object.keys(posted)).toHaveLength(2);
    expect(plugins({ path: "/api/x" })).toEqual(methods("GET"));
  });
});

function allRoutes(): KongRoute[] {
  return (pushed.configuration.services ?? []).flatMap(({ routes = [] }) => routes);
}

const isGrpc = ({ protocols }: KongRoute) => protocols.some((protocol) => protocol.startsWith("grpc"));

function pluginsAt(path: string) {
  return pluginsOf(choose(pushed.configuration, { path })?.route.name ?? "no route");
}

/** The configuration of each plugin of a route, or of those that hold for all. */
function pluginsOf(wanted: string | undefined) {
  const found = (pushed.configuration.plugins ?? []).filter(({ route }) => route === wanted);
  return Object.fromEntries(found.map(({ name, config }) => [name, config]));
}

function keyOf(consumer: KongConsumer | undefined): string | undefined {
  return consumer?.jwt_secrets?.find(({ key }) => key === "old")?.rsa_public_key?.trim();
}
