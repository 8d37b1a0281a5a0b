import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { podRole } from "./podIdentity.ts";

/*
 * What EKS itself installs and keeps up to date. No version is asked for: EKS then takes its default one for the
 * Kubernetes version of the cluster, and keeps it until that changes.
 */

/** What nodes need to become ready: their pods' network, the way to services, and identities for pods. */
export function nodeAddons(name: string, clusterName: pulumi.Input<string>, opts: pulumi.CustomResourceOptions): aws.eks.Addon[] {
  const addon = addons(name, clusterName, opts);
  const network = podRole(`${name}-vpc-cni`, ["AmazonEKS_CNI_Policy"], opts);
  return [
    addon("eks-pod-identity-agent"),
    addon("kube-proxy"),
    addon("vpc-cni", {
      // Otherwise a NetworkPolicy is stored and holds nobody back.
      configurationValues: JSON.stringify({ enableNetworkPolicy: "true" }),
      podIdentityAssociations: [{ serviceAccount: "aws-node", roleArn: network.role.arn }],
      dependsOn: network.attachments,
    }),
  ];
}

/** What needs nodes to run on: names, and disks. */
export function clusterAddons(
  name: string,
  clusterName: pulumi.Input<string>,
  opts: pulumi.CustomResourceOptions,
): aws.eks.Addon[] {
  const addon = addons(name, clusterName, opts);
  const disks = podRole(`${name}-ebs-csi`, ["service-role/AmazonEBSCSIDriverPolicy"], opts);
  return [
    addon("coredns"),
    addon("aws-ebs-csi-driver", {
      podIdentityAssociations: [{ serviceAccount: "ebs-csi-controller-sa", roleArn: disks.role.arn }],
      dependsOn: disks.attachments,
    }),
  ];
}

interface AddonOptions extends Pick<aws.eks.AddonArgs, "configurationValues" | "podIdentityAssociations"> {
  readonly dependsOn?: readonly pulumi.Resource[];
}

function addons(name: string, clusterName: pulumi.Input<string>, opts: pulumi.CustomResourceOptions) {
  return (addonName: string, { dependsOn = [], ...rest }: AddonOptions = {}) => {
    const conflicts = { resolveConflictsOnCreate: "OVERWRITE", resolveConflictsOnUpdate: "OVERWRITE" };
    const given = Array.isArray(opts.dependsOn) ? opts.dependsOn : [];
    const args = { clusterName, addonName, ...conflicts, ...rest };
    return new aws.eks.Addon(`${name}-${addonName}`, args, { ...opts, dependsOn: [...given, ...dependsOn] });
  };
}
