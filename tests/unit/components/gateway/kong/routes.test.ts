import { describe, expect, test } from "vitest";
import { Traffic } from "../../../../../components/app/Traffic.ts";
import { serviceAnnotations } from "../../../../../components/gateway/kong/annotations.ts";
import type { KongTls } from "../../../../../components/gateway/kong/KongRoutes.ts";
import type { IngressPath } from "../../../../../components/gateway/kong/paths.ts";
import { redirectFunction } from "../../../../../components/gateway/kong/redirectFunction.ts";
import { at, type Recording, record } from "../../../../lib/mocks.ts";
import { httpPort } from "../../../../lib/shop.ts";
import { oneHost, recordTable, route, types } from "../../../support/kong.ts";
import { kongTaker } from "../../../support/takers.ts";

const tls: KongTls = { hosts: ["shop.example.com", "www.example.com"], secretName: "shop-tls", plaintext: false, httpsPort: 443 };

describe("the rules of the mesh hold for what Kong forwards", () => {
  test("because Kong dials the Service and not its pods", () => {
    expect(serviceAnnotations(route())).toHaveProperty(["ingress.kubernetes.io/service-upstream"], "true");
  });

  test("because Kong asks by the Service's host, on every way in", async () => {
    const { all } = await recordTable([route(), route({ name: "frontend", path: "/" })], { tls: { ...tls, plaintext: true } });
    const offering = all(types.ingress).filter(({ name }) => name !== "table.tls");
    expect(offering).toHaveLength(4);
    for (const { inputs } of offering) {
      expect(inputs).toMatchObject({ metadata: { annotations: { "konghq.com/preserve-host": "false" } } });
    }
  });

  test("because a service's own rules are bound to the mesh under that host", async () => {
    const { inputs } = await record(() => {
      const versions = [{ name: "v1", weight: 100 }];
      const ports = [httpPort(8080)];
      new Traffic("product", { service: "product", namespace: "team", ports, versions });
    });
    expect(inputs("kubernetes:networking.istio.io/v1:VirtualService", "product-routes")).toMatchObject({
      spec: { hosts: ["product.team.svc.cluster.local"], gateways: ["mesh"] },
    });
  });
});

describe("a Service that Kong forwards to", () => {
  test("is waited for longer than the mesh waits, and asked once", () => {
    expect(serviceAnnotations(route({ timeout: "5s" }))).toEqual({
      "ingress.kubernetes.io/service-upstream": "true",
      "konghq.com/protocol": "http",
      "konghq.com/connect-timeout": "5000",
      "konghq.com/read-timeout": "6000",
      "konghq.com/write-timeout": "6000",
      "konghq.com/retries": "0",
    });
    expect(serviceAnnotations(route({ timeout: "1m" }))).toMatchObject({ "konghq.com/read-timeout": "61000" });
  });

  test("is spoken to in gRPC where it speaks gRPC, and in HTTP otherwise", () => {
    const protocolOf = (protocol: "http" | "http2" | "grpc") => serviceAnnotations(route({ protocol }))["konghq.com/protocol"];
    expect(protocolOf("grpc")).toBe("grpc");
    // The proxy beside Kong makes HTTP/2 of it.
    expect([protocolOf("http"), protocolOf("http2")]).toEqual(["http", "http"]);
  });

  test("is waited for as long as Kong can where the mesh has no end", () => {
    const timeouts = serviceAnnotations(route({ timeout: "none", protocol: "grpc" }));
    // What Kong refuses is one more.
    expect(timeouts).toMatchObject({ "konghq.com/read-timeout": "2147483646", "konghq.com/write-timeout": "2147483646" });
    expect(timeouts).toMatchObject({ "konghq.com/connect-timeout": "5000", "konghq.com/retries": "0" });
  });

  test("needs a duration that is one", () => {
    expect(() => serviceAnnotations(route({ timeout: "soon" }))).toThrow("soon is not a duration such as 250ms, 2s or 1m");
  });
});

describe("a row of Kong's table", () => {
  test("is one Ingress beside the service, which keeps the path", async () => {
    const { all, inputs } = await recordTable([route({ versioned: "/api/{version}/products" })]);
    const names = ["table.tls", "table-team-product.api", "table-team-product.api.https"];
    expect(all(types.ingress).map(({ name }) => name)).toEqual(names);
    const backend = { service: { name: "product", port: { number: 8080 } } };
    expect(inputs(types.ingress, "table-team-product.api")).toEqual({
      apiVersion: "networking.k8s.io/v1",
      kind: "Ingress",
      metadata: {
        name: "product.api",
        namespace: "team",
        annotations: {
          "konghq.com/strip-path": "false",
          "konghq.com/preserve-host": "false",
          "konghq.com/protocols": "http",
        },
      },
      spec: {
        ingressClassName: "kong",
        rules: [
          {
            http: {
              paths: ["/api/v1/products", "/api/v2/products", "/api/products"].map((path) => ({
                path,
                pathType: "Prefix",
                backend,
              })),
            },
          },
        ],
      },
    });
  });

  test("is not there for a service that Kong does not offer", async () => {
    const { resources } = await recordTable([route({ gateways: ["istio"], policies: { apiKeys: { consumers: ["partner"] } } })]);
    expect(resources.map(({ name }) => name)).toEqual(["table", "table.tls"]);
  });
});

const annotationsOf = ({ inputs }: Recording, name: string) =>
  at<Record<string, string>>(inputs(types.ingress, `table-team-${name}`), "metadata.annotations");

describe("where exposures name hosts", () => {
  const hosts = ["shop.example.com", "api.example.com", "*.example.org", "x.example.org"];
  const plain: KongTls = { ...tls, hosts, plaintext: true };
  const routes = [
    route({ name: "all", path: "/" }),
    route({ name: "all", exposure: "cart", path: "/cart" }),
    route({ name: "api", path: "/", hosts: ["api.example.com"] }),
    route({ name: "org", path: "/cart", hosts: ["*.example.org"] }),
    route({ name: "own", path: "/cart/mine", hosts: ["x.example.org", "shop.example.com"] }),
  ];

  test.each<[string, string, string | undefined]>([
    ["shop.example.com", "/", "all.api"],
    ["shop.example.com", "/cart", "all.cart"],
    ["shop.example.com", "/cart/mine", "own.api"],
    ["api.example.com", "/", "api.api"],
    ["api.example.com", "/cart", "api.api"],
    ["a.example.org", "/", "all.api"],
    ["a.example.org", "/cart/mine", "org.api"],
    ["x.example.org", "/cart", "org.api"],
    ["x.example.org", "/cart/mine", "own.api"],
    ["x.example.org", "/other", "all.api"],
  ])("a request to %s for %s is for %s, and over HTTP to another host for what has no host", async (host, path, name) => {
    const recording = await recordTable(routes, { tls: plain });
    expect(kongTaker(recording, { host, path })).toBe(`${name}.https`);
    expect(kongTaker(recording, { path, scheme: "http" })).toBe(path.startsWith("/cart") ? "all.cart" : "all.api");
    const alone = await recordTable(routes, { tls: { ...plain, plaintext: false } });
    expect(kongTaker(alone, { host, path })).toBe(`${name}.https`);
    expect(kongTaker(alone, { path })).toBeUndefined();
  });

  test("the Ingress of an exposure has each of its hosts, over HTTPS alone, and none of others", async () => {
    const recording = await recordTable(routes, { tls: plain });
    const rules = (name: string) =>
      at<{ host?: string }[]>(recording.inputs(types.ingress, `table-team-${name}`), "spec.rules").map(({ host }) => host);
    expect(rules("own.api.https").toSorted()).toEqual(["shop.example.com", "x.example.org"]);
    expect(rules("all.cart.https")).toEqual(["shop.example.com"]);
    expect(rules("all.api")).toEqual([undefined]);
    expect(annotationsOf(recording, "own.api.https")["konghq.com/protocols"]).toBe("https");
    const named = ["all.api", "all.api.https", "all.cart", "all.cart.https", "api.api.https", "org.api.https", "own.api.https"];
    expect(
      recording
        .all(types.ingress)
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual(["table.tls", ...named.map((name) => `table-team-${name}`)].toSorted());
  });
});

describe("exposures of one path, told apart by the method", () => {
  const routes = [
    route({ exposure: "write", path: "/a", methods: ["POST"], versioned: "/{version}/a" }),
    route({ exposure: "read", path: "/a", methods: ["GET", "HEAD"] }),
    route({ name: "other", path: "/a/b", methods: ["GET"] }),
    route({ name: "catalog", path: "/shop.Catalog", protocol: "grpc" }),
  ];

  test.each([
    ["GET", "/a", "product.read"],
    ["HEAD", "/a/c", "product.read"],
    ["POST", "/a", "product.write.2"],
    ["OPTIONS", "/a", "product.write.2"],
    // What is alone at its path has all that is asked there, and is found though it is longer.
    ["GET", "/a/b", "other.api"],
    ["POST", "/a/b/c", "other.api"],
    ["GET", "/v1/a", "product.write"],
    ["POST", "/v1/a", "product.write"],
  ])("%s %s is for %s", async (method, path, name) => {
    const recording = await recordTable(routes);
    expect(kongTaker(recording, { method, path, scheme: "http" })).toBe(name);
    const { hosts } = oneHost;
    expect(kongTaker(recording, { method, path, host: hosts[0] ?? "" })).toBe(`${name}.https`);
  });

  test("give methods to what is below as well, but to nothing elsewhere, nor to gRPC, nor where none are told apart", async () => {
    const told = await recordTable(routes);
    const methods = "konghq.com/methods";
    expect(annotationsOf(told, "product.read")[methods]).toBe("GET,HEAD");
    for (const name of ["other.api", "other.api.https"])
      expect(annotationsOf(told, name)[methods]?.split(",")).toEqual(
        expect.arrayContaining(["GET", "POST", "PATCH", "OPTIONS", "TRACE"]),
      );
    expect(annotationsOf(told, "product.write.2")[methods]?.split(",")).not.toContain("GET");
    for (const name of ["catalog.api", "catalog.api.https", "product.write"])
      expect(annotationsOf(told, name)).not.toHaveProperty([methods]);
    const { all } = await recordTable(routes.slice(1));
    expect(JSON.stringify(all(types.ingress))).not.toContain(methods);
  });
});

describe("an exposure", () => {
  test("that is exact has its path as a regular expression, in which no letter means something else", async () => {
    const { inputs } = await recordTable([route({ path: "/a.b", exact: true })]);
    const paths = at<IngressPath[]>(inputs(types.ingress, "table-team-product.api"), "spec.rules.0.http.paths");
    expect(paths).toMatchObject([{ path: "/~/a\\.b$", pathType: "ImplementationSpecific" }]);
  });

  test("of streams is handed on part by part, both ways, and no other", async () => {
    const recording = await recordTable([route({ stream: true }), route({ exposure: "page", path: "/" })]);
    const buffering = ["request", "response"].map((part) => `konghq.com/${part}-buffering`);
    for (const name of ["product.api", "product.api.https"])
      for (const one of buffering) expect(annotationsOf(recording, name)[one]).toBe("false");
    for (const one of buffering) expect(annotationsOf(recording, "product.page")).not.toHaveProperty([one]);
  });

  test("with a Service of its own leads to that, on the port that is offered", async () => {
    const entrance = { name: "product-api", namespace: "team" };
    const { inputs } = await recordTable([route({ entrance }), route({ exposure: "page", path: "/" })]);
    const backend = (name: string) =>
      at(inputs(types.ingress, `table-team-${name}`), "spec.rules.0.http.paths.0.backend.service");
    for (const name of ["product.api", "product.api.https"])
      expect(backend(name)).toEqual({ name: "product-api", port: { number: 8080 } });
    expect(backend("product.page")).toEqual({ name: "product", port: { number: 8080 } });
  });

  test("that sends clients elsewhere has the function that does, and no other plugin", async () => {
    const redirect = { host: "shop.example.com", code: 301 } as const;
    const recording = await recordTable([route({ redirect })], { tls: { ...oneHost, httpsPort: 8443 } });
    const plugins = recording.all(types.plugin);
    expect(plugins.map(({ inputs }) => [at(inputs, "metadata.name"), inputs.plugin, inputs.config])).toEqual([
      ["product.api.post-function", "post-function", redirectFunction(redirect, { ...oneHost, httpsPort: 8443 }).config],
    ]);
    for (const name of ["product.api", "product.api.https"])
      expect(annotationsOf(recording, name)["konghq.com/plugins"]).toBe("product.api.post-function");
  });
});

describe("a row of gRPC", () => {
  const protocolsOf = async (plaintext: boolean) => {
    const { all } = await recordTable([route({ protocol: "grpc", path: "/shop.Catalog" })], { tls: { ...tls, plaintext } });
    const own = all(types.ingress).filter(({ name }) => name !== "table.tls");
    return own.map(({ inputs }) => at<Record<string, string>>(inputs, "metadata.annotations"));
  };
  const always = { "konghq.com/strip-path": "false", "konghq.com/preserve-host": "false" };

  test("takes gRPC alone, with TLS by the hosts of TLS, and redirects nobody", async () => {
    expect(await protocolsOf(true)).toEqual([
      { ...always, "konghq.com/protocols": "grpc" },
      { ...always, "konghq.com/protocols": "grpcs" },
    ]);
    expect(await protocolsOf(false)).toEqual([{ ...always, "konghq.com/protocols": "grpcs" }]);
  });

  test("names its plugins, its path and its port as any other", async () => {
    const { inputs } = await recordTable([
      route({ protocol: "grpc", path: "/shop.Catalog", policies: { rateLimit: { requests: 1, per: "second" } } }),
    ]);
    const ingress = inputs(types.ingress, "table-team-product.api");
    expect(ingress).toMatchObject({ metadata: { annotations: { "konghq.com/plugins": "product.api.rate-limiting" } } });
    expect(at<object[]>(ingress, "spec.rules.0.http.paths").map((path) => at(path, "backend.service.port.number"))).toEqual(
      // A dot in a prefix would be any letter, so that there are two paths.
      [8080, 8080],
    );
  });
});

describe("HTTPS", () => {
  const redirected = { "konghq.com/protocols": "https", "konghq.com/https-redirect-status-code": "308" };

  test("is the only way in unless plaintext is asked for", async () => {
    const { all, inputs } = await recordTable([route()], { tls });
    expect(
      all(types.ingress)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(["table-team-product.api", "table.tls"]);
    expect(inputs(types.ingress, "table-team-product.api")).toMatchObject({
      metadata: { annotations: redirected },
      spec: { rules: [{ http: {} }] },
    });
    expect(JSON.stringify(inputs(types.ingress, "table-team-product.api"))).not.toContain('"host"');
  });

  test("is the only way in by its own hosts where others are served in plaintext", async () => {
    const { all, inputs } = await recordTable([route()], { tls: { ...tls, plaintext: true } });
    expect(all(types.ingress)).toHaveLength(3);
    const plain = inputs(types.ingress, "table-team-product.api");
    const own = inputs(types.ingress, "table-team-product.api.https");
    expect(plain).toMatchObject({ metadata: { annotations: { "konghq.com/protocols": "http" } } });
    expect(JSON.stringify(plain)).not.toContain("redirect");
    expect(own).toMatchObject({ metadata: { name: "product.api.https", annotations: redirected } });
    const http = at<object>(plain, "spec.rules.0.http");
    expect(own.spec).toEqual({
      ingressClassName: "kong",
      rules: [
        { host: "shop.example.com", http },
        { host: "www.example.com", http },
      ],
    });
  });

  test("has its certificate in Kong's own namespace, under an Ingress that offers nothing", async () => {
    const { inputs } = await recordTable([route()], { tls });
    expect(inputs(types.ingress, "table.tls")).toMatchObject({ metadata: { name: "tls", namespace: "kong" } });
    expect(inputs(types.ingress, "table.tls").spec).toEqual({
      ingressClassName: "kong",
      tls: [{ hosts: ["shop.example.com", "www.example.com"], secretName: "shop-tls" }],
      rules: [{ host: "shop.example.com" }, { host: "www.example.com" }],
    });
  });
});
