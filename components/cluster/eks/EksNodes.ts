import * as aws from "@pulumi/aws";
import * as eks from "@pulumi/eks";
import * as pulumi from "@pulumi/pulumi";
import type { EksNetwork } from "./EksNetwork.ts";
import { serviceRole } from "./podIdentity.ts";

export interface EksNodesArgs {
  readonly cluster: eks.Cluster;
  readonly clusterName: string;
  readonly network: EksNetwork;
  /** Minor version, such as `1.36`: nodes follow the control plane. */
  readonly kubernetes: string;
  /** Type of their EC2 instances. */
  readonly type: string;
  readonly count: number;
  /** Webhooks of what is deployed on the cluster, besides Istio's and those of the cluster's own parts. */
  readonly webhooks: readonly Caller[];
}

/** Where the control plane calls into nodes and pods: a name for the rule, the pods' port, and what answers there. */
interface Caller {
  readonly name: string;
  readonly port: number;
  readonly what: string;
}

/** Where the control plane calls into nodes and pods. A webhook's port that is not here is a webhook that times out. */
const fromControlPlane: readonly Caller[] = [
  { name: "https", port: 443, what: "extension API servers" },
  { name: "kubelet", port: 10250, what: "kubelets, and the webhook of cert-manager" },
  { name: "istiod", port: 15017, what: "webhooks of istiod: injection and validation" },
  { name: "load-balancers", port: 9443, what: "webhooks of the load balancer controller" },
];

/** Size of a node's disk, in GiB: images and what containers write. */
const diskSize = 50;

/** Nodes that AWS manages: in private subnets, out of reach but for each other, the control plane and load balancers. */
export class EksNodes extends pulumi.ComponentResource {
  readonly securityGroup: aws.ec2.SecurityGroup;

  constructor(name: string, args: EksNodesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mesh:cluster:EksNodes", name, {}, opts);
    const { cluster, clusterName, network, kubernetes, type, count } = args;

    this.securityGroup = new aws.ec2.SecurityGroup(
      name,
      {
        description: `Nodes and pods of ${clusterName}`,
        vpcId: network.vpc.id,
        // By this tag the load balancer controller knows where to let its load balancers in.
        tags: { Name: name, [`kubernetes.io/cluster/${clusterName}`]: "owned" },
      },
      { parent: this },
    );
    const rules = this.allow(name, cluster.clusterSecurityGroupId, [...fromControlPlane, ...args.webhooks]);
    const { role, attachments } = serviceRole(
      name,
      {
        service: "ec2.amazonaws.com",
        actions: ["sts:AssumeRole"],
        policies: ["AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"],
      },
      { parent: this },
    );
    const template = this.launchTemplate(name);

    new eks.ManagedNodeGroup(
      name,
      {
        cluster,
        nodeRoleArn: role.arn,
        subnetIds: network.privateSubnetIds,
        version: kubernetes,
        amiType: eks.AmiType.AL2023X86_64Standard,
        instanceTypes: [type],
        scalingConfig: { minSize: count, desiredSize: count, maxSize: count },
        launchTemplate: { id: template.id, version: template.latestVersion.apply(String) },
      },
      { parent: this, dependsOn: [network, ...attachments, ...rules] },
    );

    this.registerOutputs();
  }

  private allow(name: string, controlPlane: pulumi.Output<string>, callers: readonly Caller[]): pulumi.Resource[] {
    const nodes = this.securityGroup.id;
    const opts = { parent: this };
    const { SecurityGroupIngressRule: Ingress, SecurityGroupEgressRule: Egress } = aws.vpc;
    const among = {
      description: "Among nodes and pods",
      securityGroupId: nodes,
      referencedSecurityGroupId: nodes,
      ipProtocol: "-1",
    };
    const out = { description: "Anywhere", securityGroupId: nodes, cidrIpv4: "0.0.0.0/0", ipProtocol: "-1" };
    const tcp = (port: number) => ({ ipProtocol: "tcp", fromPort: port, toPort: port });
    const toApi = { securityGroupId: controlPlane, referencedSecurityGroupId: nodes, ...tcp(443) };
    return [
      new Ingress(`${name}-among`, among, opts),
      new Egress(`${name}-out`, out, opts),
      new Ingress(`${name}-to-api`, { description: "Nodes and pods to the API server", ...toApi }, opts),
      ...callers.map(({ name: caller, port, what }) => {
        const from = { securityGroupId: nodes, referencedSecurityGroupId: controlPlane, ...tcp(port) };
        return new Ingress(`${name}-from-api-${caller}`, { description: `The control plane to ${what}`, ...from }, opts);
      }),
    ];
  }

  private launchTemplate(name: string): aws.ec2.LaunchTemplate {
    const tags = { Name: name };
    return new aws.ec2.LaunchTemplate(
      name,
      {
        vpcSecurityGroupIds: [this.securityGroup.id],
        // With one hop, the answers of the metadata service end at the node: no pod can take on the node's role.
        metadataOptions: { httpEndpoint: "enabled", httpTokens: "required", httpPutResponseHopLimit: 1 },
        blockDeviceMappings: [
          {
            deviceName: "/dev/xvda",
            ebs: { volumeSize: diskSize, volumeType: "gp3", encrypted: "true", deleteOnTermination: "true" },
          },
        ],
        tagSpecifications: ["instance", "volume", "network-interface"].map((resourceType) => ({ resourceType, tags })),
        updateDefaultVersion: true,
      },
      { parent: this },
    );
  }
}
