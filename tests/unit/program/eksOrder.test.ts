import { expect, test } from "@jest/globals";
import * as pulumi from "@pulumi/pulumi";
import { type Recording, record } from "../../support/mocks.ts";
import { eks, makeEks } from "./support/eks.ts";

type Name = readonly [type: string, name: string];

const gateway = ["test:Gateway", "gateway"] as const;
const route = ["aws:ec2/routeTableAssociation:RouteTableAssociation", "mesh-private-3"] as const;
const rule = ["aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "mesh-nodes-to-api"] as const;
const logs = ["aws:cloudwatch/logGroup:LogGroup", "mesh"] as const;

// What is made after something goes before it: a load balancer while its controller still lives, an add-on before its nodes.
test.each<[string, Name, Name]>([
  ["the control plane", eks.controlPlane, logs],
  ["nodes", eks.nodes, route],
  ["nodes", eks.nodes, rule],
  ["nodes", eks.nodes, eks.attachment("nodes-AmazonEKSWorkerNodePolicy")],
  ["nodes", eks.nodes, eks.addon("vpc-cni")],
  ["nodes", eks.nodes, eks.addon("kube-proxy")],
  ["nodes", eks.nodes, eks.addon("eks-pod-identity-agent")],
  ["the pods' network", eks.addon("vpc-cni"), eks.attachment("vpc-cni-AmazonEKS_CNI_Policy")],
  ["disks", eks.addon("aws-ebs-csi-driver"), eks.attachment("ebs-csi-AmazonEBSCSIDriverPolicy")],
  ["disks", eks.addon("aws-ebs-csi-driver"), eks.nodes],
  ["names", eks.addon("coredns"), eks.nodes],
  ["objects", eks.storageClass, eks.nodes],
  ["objects", eks.storageClass, eks.addon("coredns")],
  ["objects", eks.storageClass, eks.addon("aws-ebs-csi-driver")],
  ["the load balancer controller", eks.controller, eks.nodes],
  ["the load balancer controller", eks.controller, eks.addon("coredns")],
  ["the load balancer controller", eks.controller, eks.policy],
  ["the load balancer controller", eks.controller, eks.identity],
  ["a gateway", gateway, eks.controller],
])("the order: %s (%s) after %s", async (_what, later, earlier) => {
  expect((await recordWith(earlier[0])).waits(later, earlier)).toBe(true);
});

const recordings = new Map<string, Recording>();

/** A cluster and something behind its `ready`, of which resources of one type take long. */
async function recordWith(slow: string): Promise<Recording> {
  const known = recordings.get(slow);
  if (known) return known;
  const run = () => new pulumi.ComponentResource(...gateway, {}, { dependsOn: [...makeEks().ready] });
  const recording = await record(run, { slow });
  recordings.set(slow, recording);
  return recording;
}
