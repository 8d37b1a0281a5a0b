import * as pulumi from "@pulumi/pulumi";
import { beforeAll, describe, expect, test } from "vitest";
import { type Recording, record } from "../../../../lib/mocks.ts";
import { eks, eksArgs, makeEks, recordEks } from "../../../support/eks.ts";

let recording: Recording;
beforeAll(async () => {
  recording = await recordEks();
});

test("what an EKS cluster is made of, and nothing else", async () => {
  const { resources } = recording;
  const counts = new Map<string, number>();
  for (const { type } of resources) counts.set(type, (counts.get(type) ?? 0) + 1);
  expect(Object.fromEntries([...counts].sort())).toEqual({
    "aws:cloudwatch/logGroup:LogGroup": 1,
    "aws:ec2/eip:Eip": 1,
    "aws:ec2/internetGateway:InternetGateway": 1,
    "aws:ec2/launchTemplate:LaunchTemplate": 1,
    "aws:ec2/natGateway:NatGateway": 1,
    "aws:ec2/routeTable:RouteTable": 4,
    "aws:ec2/routeTableAssociation:RouteTableAssociation": 6,
    "aws:ec2/securityGroup:SecurityGroup": 1,
    "aws:ec2/subnet:Subnet": 6,
    "aws:ec2/vpc:Vpc": 1,
    "aws:eks/addon:Addon": 5,
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": 1,
    "aws:iam/role:Role": 4,
    "aws:iam/rolePolicy:RolePolicy": 1,
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": 4,
    "aws:kms/key:Key": 1,
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": 1,
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": 7,
    "eks:index:Cluster": 1,
    "eks:index:ManagedNodeGroup": 1,
    "kubernetes:helm.sh/v3:Release": 1,
    "kubernetes:storage.k8s.io/v1:StorageClass": 1,
    "mesh:cluster:EksCluster": 1,
    "mesh:cluster:EksControlPlane": 1,
    "mesh:cluster:EksNetwork": 1,
    "mesh:cluster:EksNodes": 1,
    "mesh:cluster:LoadBalancerController": 1,
    "pulumi:providers:kubernetes": 1,
  });
});

describe("the control plane", () => {
  test("lets principals in by access entries alone", async () => {
    const cluster = recording.inputs(...eks.controlPlane);
    expect(cluster.authenticationMode).toBe("API");
    const administers = {
      admin: {
        policyArn: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
        accessScope: { type: "cluster" },
      },
    };
    expect(cluster.accessEntries).toEqual({
      "123456789012-role-ops-Admin": { principalArn: eksArgs.admins[0], accessPolicies: administers },
      "123456789012-user-Admin": { principalArn: eksArgs.admins[1], accessPolicies: administers },
    });
    for (const other of ["roleMappings", "userMappings", "instanceRoles", "creationRoleProvider"]) {
      expect(cluster).not.toHaveProperty(other);
    }
  });

  test("is pinned to a version, which is upgraded when its standard support ends", async () => {
    expect(recording.inputs(...eks.controlPlane)).toMatchObject({
      name: "mesh",
      version: "1.36",
      upgradePolicy: { supportType: "STANDARD" },
    });
  });

  test("is reached from the network, and from outside by the ranges given", async () => {
    expect(recording.inputs(...eks.controlPlane)).toMatchObject({
      endpointPrivateAccess: true,
      endpointPublicAccess: true,
      publicAccessCidrs: ["203.0.113.0/24"],
      privateSubnetIds: ["mesh-private-1-id", "mesh-private-2-id", "mesh-private-3-id"],
    });
  });

  test("is reached from the network alone where no range is given", async () => {
    const cluster = (await recordEks({ publicAccess: [] })).inputs(...eks.controlPlane);
    expect(cluster).toMatchObject({ endpointPrivateAccess: true, endpointPublicAccess: false });
    expect(cluster).not.toHaveProperty("publicAccessCidrs");
  });

  test("encrypts secrets with a key of its own, which is rotated", async () => {
    expect(recording.inputs(...eks.controlPlane).encryptionConfigKeyArn).toBe("arn:mesh");
    expect(recording.inputs("aws:kms/key:Key", "mesh")).toMatchObject({ enableKeyRotation: true, deletionWindowInDays: 7 });
  });

  test("writes all its logs to a group that is emptied and goes with it", async () => {
    const logs = ["aws:cloudwatch/logGroup:LogGroup", "mesh"] as const;
    expect(recording.inputs(...logs)).toEqual({ name: "/aws/eks/mesh/cluster", retentionInDays: 30 });
    expect(recording.inputs(...eks.controlPlane).enabledClusterLogTypes).toEqual([
      "api",
      "audit",
      "authenticator",
      "controllerManager",
      "scheduler",
    ]);
  });

  test("brings no nodes, security groups or add-ons of its own", async () => {
    expect(recording.inputs(...eks.controlPlane)).toMatchObject({
      createOidcProvider: true,
      skipDefaultNodeGroup: true,
      skipDefaultSecurityGroups: true,
      bootstrapSelfManagedAddons: false,
      useDefaultVpcCni: true,
      kubeProxyAddonOptions: { enabled: false },
      corednsAddonOptions: { enabled: false },
    });
  });
});

test("the kubeconfig is a secret, and no change of it makes another cluster", async () => {
  let secret = false;
  const made = await record(async () => {
    const cluster = makeEks();
    secret = await pulumi.isSecret(cluster.kubeconfig);
  });
  expect(secret).toBe(true);
  expect(made.inputs(...eks.provider)).toMatchObject({
    context: "aws",
    clusterIdentifier: "eks-us-west-2-mesh",
    enableServerSideApply: "true",
  });
});
