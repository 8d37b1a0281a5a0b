import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { type Image, imageName } from "../../../model/image.ts";
import { type ChartSource, helmRelease } from "../../support/helm.ts";
import { loadBalancerPolicy } from "./loadBalancerPolicy.ts";
import { podRole } from "./podIdentity.ts";

export interface LoadBalancerControllerArgs {
  readonly chart: ChartSource;
  readonly image: Image;
  readonly clusterName: string;
  readonly region: string;
  readonly vpc: aws.ec2.Vpc;
  readonly nodeSecurityGroup: aws.ec2.SecurityGroup;
}

const namespace = "kube-system";
const account = "aws-load-balancer-controller";

/**
 * Makes network load balancers for Services of the class `service.k8s.aws/nlb`, and takes them away. Whatever has such
 * a Service depends on this, so that it lives until the last of them is gone.
 */
export class LoadBalancerController extends pulumi.ComponentResource {
  constructor(name: string, args: LoadBalancerControllerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mesh:cluster:LoadBalancerController", name, {}, opts);
    const { chart, image, clusterName, region, vpc, nodeSecurityGroup } = args;

    const { role } = podRole(name, [], { parent: this });
    const scope = { clusterName, vpcArn: vpc.arn, nodeSecurityGroupArn: nodeSecurityGroup.arn };
    const policy = pulumi.jsonStringify(loadBalancerPolicy(scope));
    const permissions = new aws.iam.RolePolicy(name, { role: role.name, policy }, { parent: this });
    const identity = new aws.eks.PodIdentityAssociation(
      name,
      { clusterName, namespace, serviceAccount: account, roleArn: role.arn },
      { parent: this },
    );
    helmRelease(
      name,
      {
        source: chart,
        release: "aws-load-balancer-controller",
        namespace,
        values: {
          clusterName,
          image: controllerImageValues(image),
          // The metadata service, where it would look otherwise, does not answer pods.
          region,
          vpcId: vpc.id,
          serviceAccount: { name: account },
          replicaCount: 2,
          podDisruptionBudget: { maxUnavailable: 1 },
          resources: { requests: { cpu: "20m", memory: "128Mi" }, limits: { memory: "256Mi" } },
          ...onlyForServicesThatSaySo,
        },
      },
      { parent: this, dependsOn: [permissions, identity] },
    );

    this.registerOutputs();
  }
}

/** The chart knows no digests, but puts a colon between two texts: whatever is before the last one, and what is after it. */
function controllerImageValues(image: Image) {
  const name = imageName(image);
  const colon = name.lastIndexOf(":");
  return { repository: name.slice(0, colon), tag: name.slice(colon + 1) };
}

/**
 * It serves Services that name its class, and nothing else. Its webhooks for all Services and Ingresses are off: while
 * it does not run, nobody could create any, Kong's Ingresses among them.
 */
const onlyForServicesThatSaySo = {
  enableServiceMutatorWebhook: false,
  webhookConfig: { disableIngressValidation: true },
  createIngressClassResource: false,
  ingressClassParams: { create: false },
  enableShield: false,
  enableWaf: false,
  enableWafv2: false,
  controllerConfig: { featureGates: { ALBGatewayAPI: false, NLBGatewayAPI: false, LBCapacityReservation: false } },
};
