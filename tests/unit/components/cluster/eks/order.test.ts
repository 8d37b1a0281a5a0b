import * as pulumi from "@pulumi/pulumi";
import { beforeAll, expect, test } from "vitest";
import { type Name, type Recording, record } from "../../../../lib/mocks.ts";
import { eks, makeEks } from "../../../support/eks.ts";

const gateway = ["test:Gateway", "gateway"] as const;
const route = ["aws:ec2/routeTableAssociation:RouteTableAssociation", "mesh-private-3"] as const;
const rule = ["aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "mesh-nodes-to-api"] as const;
const dns = ["aws:eks/podIdentityAssociation:PodIdentityAssociation", "mesh-dns"] as const;
const logs = ["aws:cloudwatch/logGroup:LogGroup", "mesh"] as const;

// What is made after something goes before it: a load balancer while its controller still lives, an add-on before its nodes.
const order: readonly (readonly [later: Name, earlier: Name])[] = [
  [eks.controlPlane, logs],
  [eks.nodes, route],
  [eks.nodes, rule],
  [eks.nodes, eks.attachment("nodes-AmazonEKSWorkerNodePolicy")],
  [eks.nodes, eks.addon("vpc-cni")],
  [eks.nodes, eks.addon("kube-proxy")],
  [eks.nodes, eks.addon("eks-pod-identity-agent")],
  [eks.addon("vpc-cni"), eks.attachment("vpc-cni-AmazonEKS_CNI_Policy")],
  [eks.addon("aws-ebs-csi-driver"), eks.attachment("ebs-csi-AmazonEBSCSIDriverPolicy")],
  [eks.addon("aws-ebs-csi-driver"), eks.nodes],
  [eks.addon("coredns"), eks.nodes],
  [eks.storageClass, eks.nodes],
  [eks.storageClass, eks.addon("coredns")],
  [eks.storageClass, eks.addon("aws-ebs-csi-driver")],
  [eks.controller, eks.nodes],
  [eks.controller, eks.addon("coredns")],
  [eks.controller, eks.policy],
  [eks.controller, eks.identity],
  [gateway, eks.controller],
  [gateway, dns],
  [dns, ["aws:iam/rolePolicy:RolePolicy", "mesh-dns"]],
];

let recording: Recording;

/** A cluster and something behind its `ready`. */
beforeAll(async () => {
  const account = { namespace: "cert-manager", name: "cert-manager" };
  recording = await record(() => {
    const { ready } = makeEks({ dns: { hostedZone: "Z0123456789ABCDEFGHIJ", account } });
    new pulumi.ComponentResource(...gateway, {}, { dependsOn: [...ready] });
  });
});

test.each(order.map(([later, earlier]) => [later.join(" "), earlier.join(" "), later, earlier] as const))(
  "%s waits for %s",
  (_later, _earlier, later, earlier) => {
    expect(recording.dependsOn(later, earlier)).toBe(true);
  },
);
