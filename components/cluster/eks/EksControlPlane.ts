import * as aws from "@pulumi/aws";
import * as eks from "@pulumi/eks";
import * as pulumi from "@pulumi/pulumi";
import type { EksNetwork } from "./EksNetwork.ts";

export interface EksControlPlaneArgs {
  /** The cluster's name, unique in its account and region. */
  readonly cluster: string;
  readonly network: EksNetwork;
  /** Minor version, such as `1.36`. */
  readonly kubernetes: string;
  /**
   * ARNs of IAM roles and users who administer the cluster. Whoever creates it does so anyway, and must not be among
   * them: AWS refuses a second entry for the same principal.
   */
  readonly admins: readonly string[];
  /** Ranges of addresses, in CIDR notation, that reach the API server from outside. None: it is reached from the network alone. */
  readonly publicAccess: readonly string[];
}

const adminPolicy = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy";

/** How long logs of the control plane are kept, in days. */
const logRetention = 30;

/** How long a key that nobody needs any more can still be brought back, in days: AWS allows no less. */
const keyDeletion = 7;

/** The part of a cluster that AWS runs: API server and its data, who may use it, and its logs. */
export class EksControlPlane extends pulumi.ComponentResource {
  readonly cluster: eks.Cluster;

  constructor(name: string, args: EksControlPlaneArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mesh:cluster:EksControlPlane", name, {}, opts);
    const { cluster, network, kubernetes, admins, publicAccess } = args;

    const key = new aws.kms.Key(
      name,
      {
        description: `Secrets of the EKS cluster ${cluster}`,
        enableKeyRotation: true,
        deletionWindowInDays: keyDeletion,
        tags: { Name: name },
      },
      { parent: this },
    );
    // EKS would make it by itself, keep everything for ever, and leave it behind.
    const logs = new aws.cloudwatch.LogGroup(
      name,
      { name: `/aws/eks/${cluster}/cluster`, retentionInDays: logRetention },
      { parent: this },
    );

    this.cluster = new eks.Cluster(
      name,
      {
        name: cluster,
        version: kubernetes,
        // An old version is upgraded at the end of its standard support, instead of costing six times as much.
        upgradePolicy: { supportType: "STANDARD" },
        authenticationMode: eks.AuthenticationMode.Api,
        accessEntries: Object.fromEntries(admins.map((arn) => [entryName(arn), administrator(arn)])),
        createOidcProvider: true,
        vpcId: network.vpc.id,
        privateSubnetIds: network.privateSubnetIds,
        endpointPrivateAccess: true,
        endpointPublicAccess: publicAccess.length > 0,
        ...(publicAccess.length > 0 ? { publicAccessCidrs: [...publicAccess] } : {}),
        enabledClusterLogTypes: ["api", "audit", "authenticator", "controllerManager", "scheduler"],
        encryptionConfigKeyArn: key.arn,
        ...withoutDefaults,
      },
      { parent: this, dependsOn: [logs] },
    );

    this.registerOutputs();
  }
}

/** Nodes, their security group and the add-ons are this program's business, where their order and identities can be said. */
const withoutDefaults: eks.ClusterArgs = {
  skipDefaultNodeGroup: true,
  skipDefaultSecurityGroups: true,
  nodeAssociatePublicIpAddress: false,
  bootstrapSelfManagedAddons: false,
  useDefaultVpcCni: true,
  kubeProxyAddonOptions: { enabled: false },
  corednsAddonOptions: { enabled: false },
};

function administrator(principalArn: string) {
  return { principalArn, accessPolicies: { admin: { policyArn: adminPolicy, accessScope: { type: "cluster" } } } };
}

/** What Pulumi calls an entry: of account, kind and name, so that no order of the list matters. */
function entryName(arn: string): string {
  return arn
    .split(":")
    .slice(4)
    .join("-")
    .replaceAll(/[^\w.@=+-]/g, "-");
}
