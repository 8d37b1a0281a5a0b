import { expect, test } from "vitest";
import { sidecarScope } from "../../../../components/security/scope.ts";
import { CallGraph } from "../../../../model/callGraph.ts";
import { service, shop } from "../../../lib/shop.ts";

/*
 * What proxies know of services whose pods have names of their own, and of services that call themselves.
 */

const storage = { "/data": "1Gi" };
const [prod, ...others] = shop({ backend: { storage } });
const applications = [
  { ...prod, services: [...prod.services, service("peers", { storage, calls: [{ to: "peers" }] })] },
  { namespace: "other", services: [service("caller", { calls: [{ to: "prod/backend" }] })] },
  ...others,
];
const graph = new CallGraph(applications, []);
const hostsOf = (namespace: string, name: string) => {
  const workload = graph.in(namespace).find((one) => one.name === name);
  if (!workload) throw new Error(`There is no ${name}.`);
  // The last one is that of callees, and the only one without a port.
  return sidecarScope(graph, workload).spec?.egress?.at(-1)?.hosts;
};

test("callers know a stateful service by each of its two hosts, from wherever they call", () => {
  const hosts = ["prod/backend.prod.svc.cluster.local", "prod/backend-headless.prod.svc.cluster.local"];
  expect(hostsOf("prod", "frontend")).toEqual(hosts);
  expect(hostsOf("other", "caller")).toEqual(hosts);
});

test("a service without storage has one host, and so has a database", () => {
  expect(hostsOf("load", "generator")).toEqual(["product/product.product.svc.cluster.local"]);
  expect(hostsOf("prod", "backend")).toEqual(["prod/database.prod.svc.cluster.local"]);
});

test("a service knows its own pods where it calls itself, and not otherwise", () => {
  expect(hostsOf("prod", "peers")).toEqual(["prod/peers.prod.svc.cluster.local", "prod/peers-headless.prod.svc.cluster.local"]);
  expect(hostsOf("product", "product")).toEqual(["~/*"]);
});
