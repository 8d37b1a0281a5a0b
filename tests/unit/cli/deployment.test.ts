import { expect, test } from "vitest";
import {
  type Deployment,
  pendingReleases,
  type Resource,
  withoutCluster,
  withoutPending,
} from "../../../cli/pulumi/deployment.ts";

const urn = (name: string) => `urn:pulumi:local::mesh::type::${name}`;
const resource = (name: string, type: string, more: Partial<Resource> = {}): Resource => ({
  urn: urn(name),
  type,
  custom: true,
  ...more,
});

const stack = resource("stack", "pulumi:pulumi:Stack", { custom: false });
const password = resource("password", "random:index/randomPassword:RandomPassword", { id: "p" });
const nodes = resource("nodes", "mesh:kind:Nodes", { id: "mesh-demo" });
const provider = resource("provider", "pulumi:providers:kubernetes", { id: "1", dependencies: [nodes.urn] });
const secret = resource("secret", "kubernetes:core/v1:Secret", { id: "a/b", dependencies: [password.urn] });

const deploy = (name: string) =>
  resource(name, "kubernetes:apps/v1:Deployment", { inputs: { metadata: { name: `${name}-1a2b`, namespace: "product" } } });
const release = resource("istiod", "kubernetes:helm.sh/v3:Release", { inputs: { name: "istiod", namespace: "istio-system" } });

test("without its cluster a state keeps what lives elsewhere", () => {
  const deployment: Deployment = { resources: [stack, password, nodes, provider, secret] };
  expect(withoutCluster(deployment)).toEqual({ resources: [stack, password], pending_operations: [] });
});

test("what stays does not depend on what went", () => {
  const later = resource("later", "random:index/randomId:RandomId", {
    dependencies: [password.urn, secret.urn],
    propertyDependencies: { keepers: [secret.urn], length: [password.urn], none: null },
  });
  expect(withoutCluster({ resources: [password, secret, later] }).resources?.[1]).toEqual({
    ...later,
    dependencies: [password.urn],
    propertyDependencies: { keepers: [], length: [password.urn], none: [] },
  });
});

test("an object that was being created is taken in under its name, for a refresh to find out", () => {
  const creating = deploy("product");
  const { resources, pending_operations } = withoutPending({
    resources: [stack],
    pending_operations: [{ type: "creating", resource: creating }],
  });
  expect(resources).toEqual([stack, { ...creating, id: "product/product-1a2b", outputs: creating.inputs }]);
  expect(pending_operations).toEqual([]);
});

test("an object outside of namespaces has no namespace in its name", () => {
  const namespace = resource("product", "kubernetes:core/v1:Namespace", { inputs: { metadata: { name: "product" } } });
  expect(withoutPending({ pending_operations: [{ type: "creating", resource: namespace }] }).resources).toMatchObject([
    { id: "product" },
  ]);
});

test("what can be created again as it is, is only forgotten", () => {
  const operations = [password, nodes, release, resource("nameless", "kubernetes:core/v1:Secret")];
  const pending_operations = operations.map((one) => ({ type: "creating", resource: one }));
  expect(withoutPending({ resources: [stack], pending_operations })).toEqual({ resources: [stack], pending_operations: [] });
});

test("what was being changed or deleted stays as the state knows it", () => {
  const known = { ...deploy("product"), id: "product/product-1a2b" };
  const pending_operations = ["updating", "deleting", "creating"].map((type) => ({ type, resource: known }));
  expect(withoutPending({ resources: [known], pending_operations })).toEqual({ resources: [known], pending_operations: [] });
});

test("names the Helm releases that were under way", () => {
  const pending_operations = [release, deploy("product")].map((one) => ({ type: "creating", resource: one }));
  expect(pendingReleases({ pending_operations })).toEqual([{ name: "istiod", namespace: "istio-system" }]);
  expect(pendingReleases({})).toEqual([]);
});
