import { beforeAll, describe, expect, test } from "vitest";
import { at, type Recording } from "../../../../lib/mocks.ts";
import { eks, recordEks } from "../../../support/eks.ts";

let recording: Recording;
beforeAll(async () => {
  recording = await recordEks();
});

describe("nodes", () => {
  test("are of Amazon Linux 2023, as many as asked for, in private subnets", async () => {
    const group = recording.inputs(...eks.nodes);
    expect(group).toEqual({
      cluster: "eks:index:Cluster mesh",
      nodeRoleArn: "arn:mesh-nodes",
      subnetIds: ["mesh-private-1-id", "mesh-private-2-id", "mesh-private-3-id"],
      version: "1.36",
      amiType: "AL2023_x86_64_STANDARD",
      instanceTypes: ["t3.large"],
      scalingConfig: { minSize: 3, desiredSize: 3, maxSize: 3 },
      launchTemplate: { id: "mesh-nodes-id", version: "7" },
    });
  });

  test("answer no pod that asks for their metadata, and have encrypted disks", async () => {
    const template = recording.inputs("aws:ec2/launchTemplate:LaunchTemplate", "mesh-nodes");
    expect(template.metadataOptions).toEqual({ httpEndpoint: "enabled", httpTokens: "required", httpPutResponseHopLimit: 1 });
    expect(at(template, "blockDeviceMappings.0.ebs")).toMatchObject({ encrypted: "true", volumeType: "gp3", volumeSize: 50 });
    // Either could give a node a public address, or another door.
    for (const other of ["networkInterfaces", "keyName", "imageId", "userData"]) expect(template).not.toHaveProperty(other);
    expect(template.vpcSecurityGroupIds).toEqual(["mesh-nodes-id"]);
  });

  test("may register, pull images and hand identities to pods, and nothing else", async () => {
    const policies = recording
      .all("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
      .filter(({ inputs }) => inputs.role === "mesh-nodes")
      .map(({ inputs }) => inputs.policyArn);
    expect(policies).toEqual([
      "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy",
      "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly",
    ]);
  });

  test.each([
    ["istiod's webhooks", 15017],
    ["kubelets and cert-manager's webhook", 10250],
    ["Kong's webhook", 8080],
    ["the load balancer controller's webhooks", 9443],
    ["extension API servers", 443],
  ])("let the control plane reach %s", async (_what, port) => {
    const open = recording
      .all("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
      .filter(({ inputs }) => inputs.referencedSecurityGroupId === "the-control-plane" && inputs.fromPort === port);
    expect(open.map(({ inputs }) => inputs)).toEqual([
      expect.objectContaining({ securityGroupId: "mesh-nodes-id", ipProtocol: "tcp", fromPort: port, toPort: port }),
    ]);
  });

  test("let in the control plane, each other, and nobody else", async () => {
    const rules = recording.all("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule").map(({ inputs }) => inputs);
    const into = (group: string) => rules.filter(({ securityGroupId }) => securityGroupId === group);
    expect(new Set(into("mesh-nodes-id").map((rule) => rule.referencedSecurityGroupId))).toEqual(
      new Set(["mesh-nodes-id", "the-control-plane"]),
    );
    expect(into("the-control-plane")).toEqual([
      expect.objectContaining({ referencedSecurityGroupId: "mesh-nodes-id", fromPort: 443, toPort: 443 }),
    ]);
    for (const rule of rules) {
      expect(rule).not.toHaveProperty("cidrIpv4");
      expect(rule).not.toHaveProperty("cidrIpv6");
    }
    const group = recording.inputs("aws:ec2/securityGroup:SecurityGroup", "mesh-nodes");
    expect(group).not.toHaveProperty("ingress");
    expect(group).not.toHaveProperty("egress");
    expect(at(group, "tags")).toMatchObject({ "kubernetes.io/cluster/mesh": "owned" });
  });
});
