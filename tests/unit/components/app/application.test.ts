import { describe, expect, test } from "vitest";
import { Application } from "../../../../components/app/Application.ts";
import { serviceAnnotations } from "../../../../components/gateway/kong/annotations.ts";
import type { ApplicationSpec, ServiceSpec } from "../../../../model/application.ts";
import { CallGraph } from "../../../../model/callGraph.ts";
import type { GatewayName } from "../../../../model/gateway.ts";
import { defaultResilience } from "../../../../model/resilience.ts";
import { type Route, routesOf } from "../../../../model/route.ts";
import { at, record } from "../../../lib/mocks.ts";
import { factsOf } from "../../../lib/shop.ts";

const service = (name: string, more: Partial<ServiceSpec> = {}): ServiceSpec => ({
  name,
  image: { reference: `registry/${name}:1` },
  port: 3000,
  probes: { ready: "/ready", health: "/health" },
  versions: [{ name: "v1", weight: 100, replicas: 1 }],
  resilience: defaultResilience,
  ...more,
});

const spec: ApplicationSpec = {
  namespace: "stores",
  services: [
    service("shop", { calls: [{ to: "stores/stock" }], env: { PGDATABASE: "another" }, exposed: { path: "/shop" } }),
    service("ledger", { exposed: { path: "/ledger", gateways: ["istio"] } }),
  ],
  databases: [
    { name: "stock", image: { registry: "registry", repository: "postgres" }, database: "stock", user: "stock", storage: "1Gi" },
  ],
};

function recordApplication(gateways: readonly GatewayName[] = ["kong", "istio"]) {
  const graph = new CallGraph([spec], factsOf(...gateways));
  const mesh = { injection: { "istio.io/rev": "stable" }, podAnnotations: { "mesh/proxy": "a-1" } };
  const routes = routesOf(spec, gateways);
  const annotations = (route: Route) =>
    gateways.includes("kong") && route.gateways.includes("kong") ? serviceAnnotations(route) : {};
  return record(() => new Application("stores", { spec, graph, routes, mesh, annotations }));
}

const deployment = "kubernetes:apps/v1:Deployment";

describe("a database's variables", () => {
  const envOf = async (name: string) => {
    const { inputs } = await recordApplication();
    return at<object[]>(inputs(deployment, name), "spec.template.spec.containers.0.env");
  };

  test("are given to whom it may be called by, and his own go before them", async () => {
    const env = await envOf("stores-shop-v1");
    expect(env).toContainEqual({ name: "PGHOST", value: "stock.stores.svc.cluster.local" });
    expect(env).toContainEqual({ name: "PGDATABASE", value: "another" });
    const secretKeyRef = { name: "stock-credentials", key: "password" };
    expect(env).toContainEqual({ name: "PGPASSWORD", valueFrom: { secretKeyRef } });
  });

  test("are nobody else's", async () => {
    expect(JSON.stringify(await envOf("stores-ledger-v1"))).not.toContain("PG");
  });
});

test("no pod is there before its namespace is closed to those who are not declared", async () => {
  const { waits } = await recordApplication();
  const closed = ["kubernetes:security.istio.io/v1:AuthorizationPolicy", "stores-allow-nothing"] as const;
  for (const name of ["stores-shop-v1", "stores-ledger-v1"]) expect(waits([deployment, name], closed)).toBe(true);
  expect(waits(["kubernetes:apps/v1:StatefulSet", "stores-stock"], closed)).toBe(true);
});

test("every pod carries the note of its proxy, and the namespace says who injects it", async () => {
  const { inputs, all } = await recordApplication();
  const workloads = [...all(deployment), ...all("kubernetes:apps/v1:StatefulSet")];
  expect(workloads).toHaveLength(3);
  for (const workload of workloads) {
    expect(at(workload.inputs, "spec.template.metadata.annotations")).toEqual({ "mesh/proxy": "a-1" });
  }
  expect(inputs("kubernetes:core/v1:Namespace", "stores")).toMatchObject({ metadata: { labels: { "istio.io/rev": "stable" } } });
});

test("Kong is told to dial the Service where it offers it, and nowhere else", async () => {
  const annotationsOf = async (name: string, gateways?: readonly GatewayName[]) => {
    const { inputs } = await recordApplication(gateways);
    return at<Record<string, string> | undefined>(inputs("kubernetes:core/v1:Service", name), "metadata.annotations");
  };
  expect(await annotationsOf("stores-shop")).toMatchObject({
    "ingress.kubernetes.io/service-upstream": "true",
    "konghq.com/retries": "0",
  });
  expect(await annotationsOf("stores-ledger")).toBeUndefined();
  expect(await annotationsOf("stores-shop", ["istio"])).toBeUndefined();
});
