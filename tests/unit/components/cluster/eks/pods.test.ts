import { beforeAll, describe, expect, test } from "vitest";
import type { Recording } from "../../../../lib/mocks.ts";
import { eks, recordEks } from "../../../support/eks.ts";

let recording: Recording;
beforeAll(async () => {
  recording = await recordEks();
});

describe("pods", () => {
  test("get roles by Pod Identity, and none by the cluster's OIDC issuer", async () => {
    const trusted = recording.all("aws:iam/role:Role").map(({ name, inputs }) => {
      const { Statement } = JSON.parse(String(inputs.assumeRolePolicy)) as { Statement: { Principal: unknown }[] };
      return [name, Statement.map(({ Principal }) => Principal)];
    });
    expect(Object.fromEntries(trusted)).toEqual({
      "mesh-nodes": [{ Service: "ec2.amazonaws.com" }],
      "mesh-vpc-cni": [{ Service: "pods.eks.amazonaws.com" }],
      "mesh-ebs-csi": [{ Service: "pods.eks.amazonaws.com" }],
      "mesh-load-balancers": [{ Service: "pods.eks.amazonaws.com" }],
    });
    expect(recording.inputs("aws:eks/podIdentityAssociation:PodIdentityAssociation", "mesh-load-balancers")).toEqual({
      clusterName: "mesh",
      namespace: "kube-system",
      serviceAccount: "aws-load-balancer-controller",
      roleArn: "arn:mesh-load-balancers",
    });
    expect(recording.inputs(...eks.addon("vpc-cni")).podIdentityAssociations).toEqual([
      { serviceAccount: "aws-node", roleArn: "arn:mesh-vpc-cni" },
    ]);
    expect(recording.inputs(...eks.addon("aws-ebs-csi-driver")).podIdentityAssociations).toEqual([
      { serviceAccount: "ebs-csi-controller-sa", roleArn: "arn:mesh-ebs-csi" },
    ]);
    for (const { inputs } of recording.all("aws:eks/addon:Addon")) expect(inputs).not.toHaveProperty("serviceAccountRoleArn");
    expect(JSON.stringify(recording.inputs(...eks.controller))).not.toContain("role-arn");
  });

  test("are held to NetworkPolicies", async () => {
    const { configurationValues } = recording.inputs(...eks.addon("vpc-cni"));
    expect(JSON.parse(String(configurationValues))).toEqual({ enableNetworkPolicy: "true" });
  });

  test("get encrypted disks by default", async () => {
    expect(recording.inputs(...eks.storageClass)).toMatchObject({
      metadata: { name: "gp3", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
      provisioner: "ebs.csi.aws.com",
      parameters: { type: "gp3", encrypted: "true" },
      volumeBindingMode: "WaitForFirstConsumer",
    });
  });
});
