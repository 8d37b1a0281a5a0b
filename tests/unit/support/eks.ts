import { EksCluster, type EksClusterArgs } from "../../../components/cluster/eks/EksCluster.ts";
import { gatewayFacts } from "../../../components/gateway/facts.ts";
import { type Recording, record } from "../../lib/mocks.ts";

export const eksArgs: EksClusterArgs = {
  region: "us-west-2",
  kubernetes: "1.36",
  admins: ["arn:aws:iam::123456789012:role/ops/Admin", "arn:aws:iam::123456789012:user/Admin"],
  publicAccess: ["203.0.113.0/24"],
  network: { cidr: "10.0.0.0/16", zones: ["us-west-2a", "us-west-2b", "us-west-2c"], nat: "one" },
  nodes: { type: "t3.large", count: 3 },
  webhooks: Object.values(gatewayFacts).flatMap(({ name, webhooks }) => webhooks.map((webhook) => ({ name, ...webhook }))),
  loadBalancerController: {
    chart: { chart: "aws-load-balancer-controller", repository: "https://charts.example", version: "3.5.0", values: {} },
    image: { registry: "registry.example:5000", repository: "eks/controller", tag: "v3.5.0" },
  },
};

/** Everything that an EKS cluster registers which is called `mesh` and made with {@link eksArgs}, but for the changes. */
export function recordEks(changes: Partial<EksClusterArgs> = {}): Promise<Recording> {
  return record(() => makeEks(changes));
}

export function makeEks(changes: Partial<EksClusterArgs> = {}): EksCluster {
  return new EksCluster("mesh", { ...eksArgs, ...changes });
}

/** Resources of it by type and name, for {@link Recording.inputs} and {@link Recording.waits}. */
export const eks = {
  controlPlane: ["eks:index:Cluster", "mesh"],
  nodes: ["eks:index:ManagedNodeGroup", "mesh-nodes"],
  provider: ["pulumi:providers:kubernetes", "mesh"],
  controller: ["kubernetes:helm.sh/v3:Release", "mesh-load-balancers"],
  policy: ["aws:iam/rolePolicy:RolePolicy", "mesh-load-balancers"],
  identity: ["aws:eks/podIdentityAssociation:PodIdentityAssociation", "mesh-load-balancers"],
  storageClass: ["kubernetes:storage.k8s.io/v1:StorageClass", "mesh-gp3"],
  addon: (name: string) => ["aws:eks/addon:Addon", `mesh-${name}`] as const,
  attachment: (name: string) => ["aws:iam/rolePolicyAttachment:RolePolicyAttachment", `mesh-${name}`] as const,
} as const;
