import * as pulumi from "@pulumi/pulumi";
import { beforeAll, describe, expect, test } from "vitest";
import { eksTarget } from "../../../stacks/eks.ts";
import type { Target } from "../../../stacks/Target.ts";
import { type Recording, record } from "../../lib/mocks.ts";
import { stackConfig } from "../../lib/stacks.ts";

function eksConfig(changes: Record<string, unknown> = {}) {
  const config = stackConfig("eks", changes);
  if (config.target !== "eks") throw new Error("the stack eks has another target");
  return config;
}

async function resolve(changes: Record<string, unknown> = {}) {
  const resolved: Target[] = [];
  const recording = await record(async () => resolved.push(await eksTarget(eksConfig(changes))));
  const [target] = resolved;
  if (!target) throw new Error("no target");
  return { target, recording };
}

const prefix = "service.beta.kubernetes.io/aws-load-balancer";

describe("the target eks", () => {
  let target: Target;
  let recording: Recording;
  beforeAll(async () => {
    ({ target, recording } = await resolve());
  });

  test.each([
    ["kong", { protocol: "tcp", port: "traffic-port" }],
    ["istio", { protocol: "http", port: "15021", path: "/healthz/ready" }],
  ] as const)("puts a public network load balancer before the pods of %s, which asks them whether they answer", (name, check) => {
    expect(target.exposure[name]).toEqual({
      service: {
        type: "LoadBalancer",
        loadBalancerClass: "service.k8s.aws/nlb",
        annotations: {
          [`${prefix}-scheme`]: "internet-facing",
          [`${prefix}-nlb-target-type`]: "ip",
          [`${prefix}-attributes`]: "load_balancing.cross_zone.enabled=true",
          [`${prefix}-target-group-attributes`]:
            "preserve_client_ip.enabled=true,proxy_protocol_v2.enabled=false,deregistration_delay.timeout_seconds=30",
          ...Object.fromEntries(Object.entries(check).map(([key, value]) => [`${prefix}-healthcheck-${key}`, value])),
          [`${prefix}-healthcheck-interval`]: "10",
          [`${prefix}-healthcheck-healthy-threshold`]: "2",
          [`${prefix}-healthcheck-unhealthy-threshold`]: "2",
        },
      },
      host: "load-balancer",
      ports: { http: 80, https: 443 },
    });
  });

  test("runs two of each, on encrypted disks, behind policies that hold", () => {
    expect(target).toMatchObject({
      replicas: { istiod: 2, gateway: 2 },
      storageClass: "gp3",
      networkPolicies: "enforced",
      gateways: ["kong", "istio"],
    });
  });

  test("is its network, and the range that EKS has Services in beside that", async () => {
    expect(target.surroundings?.clusterRanges).toEqual(["10.0.0.0/16", "10.100.0.0/16", "172.20.0.0/16"]);
    const other = await resolve({ "mesh:eks": { publicAccess: [], network: { cidr: "192.168.0.0/20" } } });
    expect(other.target.surroundings?.clusterRanges).toEqual(["192.168.0.0/20", "10.100.0.0/16", "172.20.0.0/16"]);
  });

  test("makes the cluster that the stack describes", () => {
    expect(recording.inputs("eks:index:Cluster", "mesh")).toMatchObject({
      name: "mesh",
      version: "1.36",
      publicAccessCidrs: ["203.0.113.0/24"],
      accessEntries: {},
    });
    expect(recording.inputs("eks:index:ManagedNodeGroup", "mesh-nodes")).toMatchObject({
      instanceTypes: ["t3.large"],
      scalingConfig: { desiredSize: 3 },
    });
    expect(recording.inputs("kubernetes:helm.sh/v3:Release", "mesh-load-balancers")).toMatchObject({
      chart: "aws-load-balancer-controller",
      repositoryOpts: { repo: "https://aws.github.io/eks-charts" },
      version: "3.5.0",
      values: {
        image: {
          repository: "public.ecr.aws/eks/aws-load-balancer-controller:v3.5.0@sha256",
          tag: expect.stringMatching(/^[0-9a-f]{64}$/),
        },
        region: "us-west-2",
      },
    });
  });

  test("lets cert-manager answer for hosts where a public authority asks", () => {
    expect(recording.inputs("aws:eks/podIdentityAssociation:PodIdentityAssociation", "mesh-dns")).toMatchObject({
      namespace: "cert-manager",
      serviceAccount: "cert-manager",
    });
  });
});

test("cert-manager gets no identity where the stack's own authority signs", async () => {
  const { recording } = await resolve({ "mesh:tls": { hosts: ["shop.example.com"], issuer: "ca" } });
  expect(JSON.stringify(recording.resources)).not.toContain("route53");
});

test("the load balancer controller comes from where the stack says", async () => {
  const { recording } = await resolve({
    "mesh:charts": { loadBalancerController: { repository: "https://charts.example.com", version: "3.4.9" } },
    "mesh:images": { loadBalancerController: { registry: "mirror.example.com" } },
  });
  expect(recording.inputs("kubernetes:helm.sh/v3:Release", "mesh-load-balancers")).toMatchObject({
    repositoryOpts: { repo: "https://charts.example.com" },
    version: "3.4.9",
    values: { image: { repository: "mirror.example.com/eks/aws-load-balancer-controller:v3.5.0@sha256" } },
  });
});

test("a region with fewer zones than asked for is refused before anything is registered", async () => {
  const outputs = { "aws:index/getAvailabilityZones:getAvailabilityZones": { names: ["us-west-1a", "us-west-1c"] } };
  const refused = expect.objectContaining({
    message: "mesh:eks.network.zones is 3; allowed: at most 2, as many as this region has for EKS",
  });
  const { resources } = await record(() => expect(eksTarget(eksConfig())).rejects.toEqual(refused), { outputs });
  expect(resources).toEqual([]);
});

test("AWS that does not answer is one sentence, which asks whether this machine is logged in", async () => {
  const call = (): never => {
    throw new Error("no valid credential sources found");
  };
  await pulumi.runtime.setMocks({ newResource: () => ({ id: "x", state: {} }), call }, "mesh", "eks");
  await expect(eksTarget(eksConfig())).rejects.toMatchObject({
    message: expect.stringMatching(/^AWS does not tell the zones of aws:region; is this machine logged in to AWS\? It says: /),
  });
});
