import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { ExistingCluster } from "../../../components/cluster/ExistingCluster.ts";
import { existingTarget } from "../../../stacks/existing.ts";
import type { Target } from "../../../stacks/Target.ts";
import { record } from "../../lib/mocks.ts";
import { parseConfig } from "../support/config.ts";

/** A kubeconfig that gets its credentials from a command, with a context for each cluster. */
function kubeconfig(servers: Record<string, string>, certificate = "Zmlyc3Q="): string {
  const names = Object.keys(servers);
  const exec = { apiVersion: "client.authentication.k8s.io/v1", command: "get-token", args: ["--cluster", "one"] };
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: names.map((name) => ({ name, cluster: { server: servers[name], "certificate-authority-data": certificate } })),
    contexts: names.map((name) => ({ name: `admin@${name}`, context: { cluster: name, user: "admin" } })),
    users: [{ name: "admin", user: { exec } }],
  });
}

const both = kubeconfig({ one: "https://one.example.com:6443", two: "https://two.example.com:6443" });
const provider = ["pulumi:providers:kubernetes", "existing"] as const;

const recordCluster = (text: string, context: string) =>
  record(() => new ExistingCluster("existing", { kubeconfig: text, context }));
const identifier = async (text: string, context: string) =>
  (await recordCluster(text, context)).inputs(...provider).clusterIdentifier;

describe("a cluster that runs already", () => {
  test("is used as it is: a provider, and nothing else", async () => {
    const { resources } = await recordCluster(both, "admin@two");
    expect(resources.map(({ type, name }) => [type, name])).toEqual([
      ["mesh:cluster:ExistingCluster", "existing"],
      ["pulumi:providers:kubernetes", "existing"],
    ]);
    expect(resources[1]?.inputs).toMatchObject({ context: "admin@two", enableServerSideApply: "true" });
  });

  test("has nothing that gateways would wait for", async () => {
    await record(() => expect(new ExistingCluster("existing", { kubeconfig: both, context: "admin@one" }).ready).toEqual([]));
  });

  test("keeps its kubeconfig a secret, and passes it on as it is", async () => {
    const found: unknown[] = [];
    await record(async () => {
      const cluster = new ExistingCluster("existing", { kubeconfig: both, context: "admin@one" });
      found.push(await pulumi.isSecret(cluster.kubeconfig));
      const text = await new Promise((resolve) => cluster.kubeconfig.apply(resolve));
      found.push(text, await new Promise((resolve) => cluster.context.apply(resolve)));
    });
    expect(found).toEqual([true, both, "admin@one"]);
  });

  test("stays the same with other credentials, certificates and contexts, and not at another address", async () => {
    const known = await identifier(both, "admin@one");
    expect(known).toMatch(/^existing-[0-9a-f]{12}$/);
    const one = { one: "https://one.example.com:6443" };
    expect(await identifier(kubeconfig(one, "c2Vjb25k"), "admin@one")).toBe(known);
    expect(await identifier(kubeconfig(one).replaceAll("admin", "other"), "other@one")).toBe(known);
    expect(await identifier(both, "admin@two")).not.toBe(known);
  });

  test.each([
    [
      "a context that is not there",
      both,
      "three",
      'mesh:existing.context is "three", which mesh:existing.kubeconfig does not have; allowed: one of its contexts admin@one, admin@two',
    ],
    [
      "no context at all",
      "contexts: []",
      "one",
      'mesh:existing.context is "one", which mesh:existing.kubeconfig does not have; allowed: no context, as it has none',
    ],
    ["no kubeconfig", "hello", "one", "mesh:existing.kubeconfig is not a kubeconfig; allowed: YAML or JSON with contexts"],
    ["no YAML", "a: [", "one", "mesh:existing.kubeconfig is not a kubeconfig; allowed: YAML or JSON with contexts"],
    [
      "a context that leads nowhere",
      stringify({ contexts: [{ name: "one", context: { cluster: "gone" } }], clusters: [] }),
      "one",
      'mesh:existing.context is "one", which names no cluster with a server; allowed: a context that does',
    ],
  ])("is refused with %s", async (_what, text, context, message) => {
    const make = () => new ExistingCluster("existing", { kubeconfig: text, context });
    await record(() => expect(make).toThrow(new pulumi.RunError(message)));
  });
});

describe("the target existing", () => {
  async function resolve(existing: Record<string, unknown> = {}): Promise<Target> {
    const given = { kubeconfig: both, context: "admin@one", ...existing };
    const entries = { "mesh:target": "existing", "mesh:sources": "published", "mesh:existing": JSON.stringify(given) };
    const config = parseConfig(entries, "mine");
    if (config.target !== "existing") throw new Error("another target");
    const resolved: Target[] = [];
    await record(async () => resolved.push(await existingTarget(config)));
    const [target] = resolved;
    if (!target) throw new Error("no target");
    return target;
  }

  test("has load balancers unless told otherwise, two of each, and relies on nothing", async () => {
    const target = await resolve();
    const balanced = {
      service: { type: "LoadBalancer", annotations: {} },
      host: "load-balancer",
      ports: { http: 80, https: 443 },
    };
    expect(target.exposure).toEqual({ kong: balanced, istio: balanced });
    expect(target).toMatchObject({ replicas: { istiod: 2, gateway: 2 }, networkPolicies: "stored" });
    expect(target).not.toHaveProperty("storageClass");
  });

  test("has load balancers, disks and policies as the owner of the cluster says", async () => {
    const annotations = { "example.com/zone": "blue" };
    const target = await resolve({
      exposure: { type: "LoadBalancer", annotations, loadBalancerClass: "example.com/lb" },
      storageClass: "fast",
      networkPolicies: "enforced",
    });
    const service = { type: "LoadBalancer", annotations, loadBalancerClass: "example.com/lb" };
    expect(target.exposure.kong.service).toEqual(service);
    expect(target.exposure.istio.service).toEqual(service);
    expect(target).toMatchObject({ storageClass: "fast", networkPolicies: "enforced" });
  });

  test("is as most are, with the API server where the kubeconfig finds it, and keeps no addresses of callers", async () => {
    const target = await resolve();
    expect(target).toMatchObject({
      callerAddresses: "lost",
      surroundings: { openshiftDns: false, dnsAddresses: [], apiServerPorts: [6443] },
    });
    expect(target).not.toHaveProperty("platform");
    expect(target.surroundings).not.toHaveProperty("clusterRanges");
    const usual = await resolve({ kubeconfig: kubeconfig({ one: "https://one.example.com" }) });
    expect(usual.surroundings?.apiServerPorts).toEqual([]);
  });

  test("is of the kind that its owner says, with its DNS, its API server and its addresses", async () => {
    const dnsAddresses = ["10.96.0.10/32"];
    const target = await resolve({ platform: "openshift", dnsAddresses, apiServerPort: 16443, callerAddresses: "kept" });
    expect(target).toMatchObject({
      platform: "openshift",
      callerAddresses: "kept",
      surroundings: { openshiftDns: true, dnsAddresses, apiServerPorts: [16443, 6443] },
    });
    expect((await resolve({ platform: "k3s" })).surroundings?.openshiftDns).toBe(false);
  });

  test("has the ranges of addresses that its owner says", async () => {
    const clusterRanges = ["10.42.0.0/16", "10.43.0.0/16", "fd00:10:42::/56"];
    expect((await resolve({ clusterRanges })).surroundings?.clusterRanges).toEqual(clusterRanges);
  });

  test("has node ports of each gateway on a node that clients reach", async () => {
    const { exposure } = await resolve({ exposure: { type: "NodePort", host: "node.example.com", ports: { http: 31080 } } });
    const kong = { http: 31080, https: 30443 };
    const istio = { http: 30808, https: 30843 };
    expect(exposure).toEqual({
      kong: { service: { type: "NodePort", nodePorts: kong }, host: "node.example.com", ports: kong },
      istio: { service: { type: "NodePort", nodePorts: istio }, host: "node.example.com", ports: istio },
    });
  });
});
