import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "../Cluster.ts";
import { clusterAddons, nodeAddons } from "./addons.ts";
import { DnsIdentity, type DnsIdentityArgs } from "./DnsIdentity.ts";
import { EksControlPlane, type EksControlPlaneArgs } from "./EksControlPlane.ts";
import { EksNetwork, type EksNetworkArgs } from "./EksNetwork.ts";
import { EksNodes, type EksNodesArgs } from "./EksNodes.ts";
import { LoadBalancerController, type LoadBalancerControllerArgs } from "./LoadBalancerController.ts";

export interface EksClusterArgs extends Pick<EksControlPlaneArgs, "kubernetes" | "admins" | "publicAccess"> {
  readonly region: string;
  readonly network: Pick<EksNetworkArgs, "cidr" | "zones" | "nat">;
  readonly nodes: Pick<EksNodesArgs, "type" | "count">;
  /** Webhooks of what is deployed on the cluster, which the API server calls. @default none */
  readonly webhooks?: EksNodesArgs["webhooks"];
  readonly loadBalancerController: Pick<LoadBalancerControllerArgs, "chart" | "image">;
  /** Who may answer for the hosts of a zone. @default nobody */
  readonly dns?: Pick<DnsIdentityArgs, "hostedZone" | "account">;
}

/** The StorageClass of {@link EksCluster}, which is the default one: encrypted disks of EBS. */
export const eksStorageClass = "gp3";

/** A cluster of Amazon's with a network, nodes, disks and load balancers of its own. Its name is the component's. */
export class EksCluster extends pulumi.ComponentResource implements Cluster {
  readonly provider: k8s.Provider;
  readonly kubeconfig: pulumi.Output<string>;
  readonly context: pulumi.Output<string>;
  readonly ready: readonly pulumi.Resource[];

  constructor(name: string, args: EksClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mesh:cluster:EksCluster", name, {}, opts);
    const { region, kubernetes, admins, publicAccess } = args;
    const parent = { parent: this };

    const network = new EksNetwork(name, { cluster: name, ...args.network }, parent);
    const controlPlane = new EksControlPlane(name, { cluster: name, network, kubernetes, admins, publicAccess }, parent);
    const { cluster } = controlPlane;
    const clusterName = cluster.eksCluster.name;
    const beforeNodes = nodeAddons(name, clusterName, parent);
    const nodes = new EksNodes(
      `${name}-nodes`,
      { cluster, clusterName: name, network, kubernetes, webhooks: args.webhooks ?? [], ...args.nodes },
      { ...parent, dependsOn: beforeNodes },
    );
    const addons = clusterAddons(name, clusterName, { ...parent, dependsOn: [nodes] });

    this.kubeconfig = pulumi.secret(cluster.kubeconfigJson);
    // What @pulumi/eks calls it in every kubeconfig.
    this.context = pulumi.output("aws");
    this.provider = new k8s.Provider(
      name,
      {
        kubeconfig: this.kubeconfig,
        context: this.context,
        // Known before there is a cluster, and the same after every change of its kubeconfig.
        clusterIdentifier: `eks-${region}-${name}`,
        enableServerSideApply: true,
        // Otherwise a Secret whose content changes is deleted, and for a moment there is none.
        enableSecretMutable: true,
      },
      { ...parent, dependsOn: [nodes, ...addons] },
    );
    const inCluster = { ...parent, provider: this.provider };

    storageClass(name, inCluster);
    const controller = new LoadBalancerController(
      `${name}-load-balancers`,
      {
        ...args.loadBalancerController,
        clusterName: name,
        region,
        vpc: network.vpc,
        nodeSecurityGroup: nodes.securityGroup,
      },
      { ...inCluster, dependsOn: [nodes, ...addons] },
    );
    const dns = args.dns ? [new DnsIdentity(`${name}-dns`, { clusterName, ...args.dns }, parent)] : [];
    this.ready = [controller, ...dns];

    this.registerOutputs({ kubeconfig: this.kubeconfig, context: this.context });
  }
}

function storageClass(name: string, opts: pulumi.CustomResourceOptions): void {
  new k8s.storage.v1.StorageClass(
    `${name}-${eksStorageClass}`,
    {
      metadata: { name: eksStorageClass, annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
      provisioner: "ebs.csi.aws.com",
      parameters: { type: "gp3", encrypted: "true" },
      // A disk lives in one zone: that of the node on which its pod is placed.
      volumeBindingMode: "WaitForFirstConsumer",
      allowVolumeExpansion: true,
    },
    opts,
  );
}
