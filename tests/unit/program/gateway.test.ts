import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { IstioGateway } from "../../../components/gateway/IstioGateway.ts";
import { IstioRoutes, type Route } from "../../../components/gateway/IstioRoutes.ts";
import { at, record } from "../../support/mocks.ts";
import { recordStack } from "../../support/stacks.ts";

const virtualService = "kubernetes:networking.istio.io/v1:VirtualService";
const release = "kubernetes:helm.sh/v3:Release";

describe("the gateway", () => {
  test("is a NodePort on kind, at the number behind the cluster's host port", async () => {
    const { inputs } = await recordStack("local");
    expect(inputs(release, "ingress-proxies")).toMatchObject({
      name: "istio-ingressgateway",
      namespace: "istio-ingress",
      values: {
        service: {
          type: "NodePort",
          ports: [{ name: "status-port" }, { name: "http", port: 80, targetPort: 8080, nodePort: 30808 }],
        },
      },
    });
    expect(inputs("pulumi-nodejs:dynamic/kind:Nodes", "mesh-demo-nodes")).toMatchObject({
      spec: { ports: expect.arrayContaining([{ hostPort: 8080, nodePort: 30808 }]) },
    });
  });

  test("is whatever else its exposure says", async () => {
    const values = { loadBalancerClass: "service.k8s.aws/nlb", annotations: { scheme: "internal" } };
    const { inputs } = await record(
      () =>
        new IstioGateway("door", {
          chart: { chart: "gateway", values: {} },
          exposure: { service: { type: "LoadBalancer", values }, url: "http://door" },
          injection: { "istio-injection": "enabled" },
          replicas: 2,
        }),
    );
    const service = at<object>(inputs(release, "door-proxies"), "values.service");
    expect(service).toMatchObject({ type: "LoadBalancer", ...values });
    expect(JSON.stringify(service)).not.toContain("nodePort");
    expect(inputs(release, "door-proxies")).toMatchObject({ values: { replicaCount: 2 } });
  });

  test("listens where its proxies are", async () => {
    const { inputs } = await recordStack("local");
    expect(inputs("kubernetes:networking.istio.io/v1:Gateway", "ingress-listener")).toMatchObject({
      metadata: { namespace: "istio-ingress" },
      spec: { selector: { istio: "ingressgateway" }, servers: [{ port: { number: 80, protocol: "HTTP" }, hosts: ["*"] }] },
    });
  });

  test("runs without any privilege", async () => {
    const { inputs } = await recordStack("local");
    expect(inputs(release, "ingress-proxies")).toMatchObject({
      values: { securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } } },
    });
  });
});

describe("the route table", () => {
  const route = (path: string): Route => ({ path, delegate: { name: `at${path.replaceAll("/", "-")}`, namespace: "shop" } });
  const rows = async (...paths: string[]) => {
    const { inputs } = await record(
      () => new IstioRoutes("table", { gateway: "ns/door", namespace: "ns", routes: paths.map(route) }),
    );
    return at<{ name: string; match: { uri: { exact?: string; prefix?: string } }[] }[]>(
      inputs(virtualService, "table"),
      "spec.http",
    );
  };
  const taker = (table: Awaited<ReturnType<typeof rows>>, path: string) =>
    table.find(({ match }) =>
      match.some(({ uri }) => uri.exact === path || (uri.prefix !== undefined && path.startsWith(uri.prefix))),
    )?.name;

  test("is one VirtualService on the gateway alone, which leaves the rest to the services' own", async () => {
    const { inputs, all } = await recordStack("local");
    expect(inputs(virtualService, "routes")).toMatchObject({
      metadata: { namespace: "istio-ingress" },
      spec: {
        hosts: ["*"],
        gateways: ["istio-ingress/public"],
        http: [
          {
            delegate: { name: "product-exposed", namespace: "product" },
            match: [{ uri: { exact: "/api/products" } }, { uri: { prefix: "/api/products/" } }],
          },
        ],
      },
    });
    expect(JSON.stringify(inputs(virtualService, "routes"))).not.toContain('"route"');
    expect(inputs(virtualService, "product-delegate")).toMatchObject({
      metadata: { name: "product-exposed", namespace: "product" },
    });
    expect(all(virtualService)).toHaveLength(3);
  });

  test("takes a path and what is below it, not what merely begins alike", async () => {
    const table = await rows("/api/products");
    expect(["/api/products", "/api/products/1"].map((path) => taker(table, path))).toEqual([
      "at-api-products",
      "at-api-products",
    ]);
    expect(["/api/productsx", "/api", "/"].map((path) => taker(table, path))).toEqual([undefined, undefined, undefined]);
  });

  test("asks the longer path first, whatever the order in which they were declared", async () => {
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(["/", "/api", "/api/products", "/cart"], { minLength: 4 }), async (paths) => {
        const table = await rows(...paths);
        expect(taker(table, "/api/products/1")).toBe("at-api-products");
        expect(taker(table, "/api/other")).toBe("at-api");
        expect(taker(table, "/anything")).toBe("at-");
      }),
      { numRuns: 10 },
    );
  });
});
