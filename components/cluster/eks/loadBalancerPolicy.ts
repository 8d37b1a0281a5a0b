import type * as pulumi from "@pulumi/pulumi";

/** What the load balancer controller is confined to. */
export interface LoadBalancerScope {
  readonly clusterName: string;
  readonly vpcArn: pulumi.Input<string>;
  /** Of the nodes' security group, into which it lets its load balancers. */
  readonly nodeSecurityGroupArn: pulumi.Input<string>;
}

interface Statement {
  readonly Effect: "Allow";
  readonly Action: readonly string[];
  readonly Resource: pulumi.Input<string> | readonly pulumi.Input<string>[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

/** The controller writes the cluster's name into this tag of whatever it makes. */
const tag = "elbv2.k8s.aws/cluster";

const securityGroups = "arn:aws:ec2:*:*:security-group/*";
const balancers = "arn:aws:elasticloadbalancing:*:*:loadbalancer/net/*/*";
const targets = "arn:aws:elasticloadbalancing:*:*:targetgroup/*/*";
const listeners = "arn:aws:elasticloadbalancing:*:*:listener/net/*/*/*";

/**
 * What the AWS Load Balancer Controller may do: what network load balancers of Services take, and none of what its own
 * policy has for application load balancers, firewalls and certificates. It may look at all, and change what bears the
 * tag of its cluster. Of listeners AWS tells no tag while they are being tagged, so they are confined by their kind.
 */
export function loadBalancerPolicy({ clusterName, vpcArn, nodeSecurityGroupArn }: LoadBalancerScope) {
  const tagged = { StringEquals: { [`aws:ResourceTag/${tag}`]: clusterName } };
  const tagging = { StringEquals: { [`aws:RequestTag/${tag}`]: clusterName } };
  // The tag itself stays, or something could be taken out of the controller's reach, or into it.
  const otherTags = { ...tagged, Null: { [`aws:RequestTag/${tag}`]: "true" } };
  const whileCreating = (action: string, by: readonly string[]) => ({ StringEquals: { ...tagging.StringEquals, [action]: by } });

  return {
    Version: "2012-10-17",
    Statement: [
      allow(reading, "*"),
      allow(["iam:CreateServiceLinkedRole"], "*", {
        StringEquals: { "iam:AWSServiceName": "elasticloadbalancing.amazonaws.com" },
      }),

      allow(["ec2:CreateSecurityGroup"], vpcArn),
      allow(["ec2:CreateSecurityGroup"], securityGroups, tagging),
      allow(["ec2:CreateTags"], securityGroups, whileCreating("ec2:CreateAction", ["CreateSecurityGroup"])),
      allow(["ec2:CreateTags", "ec2:DeleteTags"], securityGroups, otherTags),
      allow([...rules, "ec2:DeleteSecurityGroup"], securityGroups, tagged),
      allow(rules, nodeSecurityGroupArn),

      allow(elb("CreateLoadBalancer", "CreateTargetGroup"), [balancers, targets], tagging),
      allow(
        elb("AddTags"),
        [balancers, targets],
        whileCreating("elasticloadbalancing:CreateAction", ["CreateLoadBalancer", "CreateTargetGroup"]),
      ),
      allow(elb("AddTags", "RemoveTags"), [balancers, targets], otherTags),
      allow(elb(...changing), [balancers, targets], tagged),
      allow(elb("RegisterTargets", "DeregisterTargets"), targets, tagged),
      allow(elb("CreateListener"), balancers, tagged),
      allow(elb("DeleteListener", "ModifyListener", "ModifyListenerAttributes", "AddTags", "RemoveTags"), listeners),
    ],
  };
}

function allow(Action: readonly string[], Resource: Statement["Resource"], Condition?: Statement["Condition"]): Statement {
  return { Effect: "Allow", Action, Resource, ...(Condition ? { Condition } : {}) };
}

const elb = (...actions: readonly string[]) => actions.map((action) => `elasticloadbalancing:${action}`);

const rules = ["ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"];

const reading = [
  ...[
    "DescribeAccountAttributes",
    "DescribeAvailabilityZones",
    "DescribeInstances",
    "DescribeInternetGateways",
    "DescribeNetworkInterfaces",
    "DescribeRouteTables",
    "DescribeSecurityGroups",
    "DescribeSubnets",
    "DescribeTags",
    "DescribeVpcs",
    "GetSecurityGroupsForVpc",
  ].map((action) => `ec2:${action}`),
  ...elb(
    "DescribeCapacityReservation",
    "DescribeListenerAttributes",
    "DescribeListenerCertificates",
    "DescribeListeners",
    "DescribeLoadBalancerAttributes",
    "DescribeLoadBalancers",
    "DescribeRules",
    "DescribeTags",
    "DescribeTargetGroupAttributes",
    "DescribeTargetGroups",
    "DescribeTargetHealth",
  ),
];

const changing = [
  "DeleteLoadBalancer",
  "DeleteTargetGroup",
  "ModifyLoadBalancerAttributes",
  "ModifyTargetGroup",
  "ModifyTargetGroupAttributes",
  "SetIpAddressType",
  "SetSecurityGroups",
  "SetSubnets",
];
