import { describe, expect, test } from "vitest";
import { Traffic } from "../../../../../components/app/Traffic.ts";
import { serviceAnnotations } from "../../../../../components/gateway/kong/annotations.ts";
import type { KongTls } from "../../../../../components/gateway/kong/KongRoutes.ts";
import { at, record } from "../../../../lib/mocks.ts";
import { httpPort } from "../../../../lib/shop.ts";
import { recordTable, route, types } from "../../../support/kong.ts";

const tls: KongTls = { hosts: ["shop.example.com", "www.example.com"], secretName: "shop-tls", plaintext: false };

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
      new Traffic("product", { service: "product", namespace: "team", ports, versions, exposed: { path: "/api/products" } });
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
    const names = ["table.tls", "table-team-product", "table-team-product.https"];
    expect(all(types.ingress).map(({ name }) => name)).toEqual(names);
    const backend = { service: { name: "product", port: { number: 8080 } } };
    expect(inputs(types.ingress, "table-team-product")).toEqual({
      apiVersion: "networking.k8s.io/v1",
      kind: "Ingress",
      metadata: {
        name: "product",
        namespace: "team",
        annotations: {
          "konghq.com/strip-path": "false",
          "konghq.com/preserve-host": "false",
          "konghq.com/protocols": "http,https",
        },
      },
      spec: {
        ingressClassName: "kong",
        rules: [
          {
            http: {
              paths: ["/api/products", "/api/v1/products", "/api/v2/products"].map((path) => ({
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

describe("a row of gRPC", () => {
  const protocolsOf = async (plaintext: boolean) => {
    const { all } = await recordTable([route({ protocol: "grpc", path: "/shop.Catalog" })], { tls: { ...tls, plaintext } });
    const own = all(types.ingress).filter(({ name }) => name !== "table.tls");
    return own.map(({ inputs }) => at<Record<string, string>>(inputs, "metadata.annotations"));
  };
  const always = { "konghq.com/strip-path": "false", "konghq.com/preserve-host": "false" };

  test("takes gRPC alone, with TLS by the hosts of TLS, and redirects nobody", async () => {
    expect(await protocolsOf(true)).toEqual([
      { ...always, "konghq.com/protocols": "grpc,grpcs" },
      { ...always, "konghq.com/protocols": "grpcs" },
    ]);
    expect(await protocolsOf(false)).toEqual([{ ...always, "konghq.com/protocols": "grpcs" }]);
  });

  test("names its plugins, its path and its port as any other", async () => {
    const { inputs } = await recordTable([
      route({ protocol: "grpc", path: "/shop.Catalog", policies: { rateLimit: { requests: 1, per: "second" } } }),
    ]);
    const ingress = inputs(types.ingress, "table-team-product");
    expect(ingress).toMatchObject({ metadata: { annotations: { "konghq.com/plugins": "product.rate-limiting" } } });
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
    ).toEqual(["table-team-product", "table.tls"]);
    expect(inputs(types.ingress, "table-team-product")).toMatchObject({
      metadata: { annotations: redirected },
      spec: { rules: [{ http: {} }] },
    });
    expect(JSON.stringify(inputs(types.ingress, "table-team-product"))).not.toContain('"host"');
  });

  test("is the only way in by its own hosts where others are served in plaintext", async () => {
    const { all, inputs } = await recordTable([route()], { tls: { ...tls, plaintext: true } });
    expect(all(types.ingress)).toHaveLength(3);
    const plain = inputs(types.ingress, "table-team-product");
    const own = inputs(types.ingress, "table-team-product.https");
    expect(plain).toMatchObject({ metadata: { annotations: { "konghq.com/protocols": "http,https" } } });
    expect(JSON.stringify(plain)).not.toContain("redirect");
    expect(own).toMatchObject({ metadata: { name: "product.https", annotations: redirected } });
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
