import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { podRole } from "./podIdentity.ts";

export interface DnsIdentityArgs {
  readonly clusterName: pulumi.Input<string>;
  /** Route 53's id of the zone. */
  readonly hostedZone: string;
  /** The account of the pods that prove whose the zone's hosts are. */
  readonly account: { readonly namespace: string; readonly name: string };
}

/**
 * Lets pods write TXT records into one hosted zone, which is how an authority learns whose a host is. Pods get an identity
 * when they are made, so it has to be there before them.
 */
export class DnsIdentity extends pulumi.ComponentResource {
  constructor(name: string, { clusterName, hostedZone, account }: DnsIdentityArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mesh:cluster:DnsIdentity", name, {}, opts);
    const { role } = podRole(name, [], { parent: this });
    const policy = JSON.stringify(dnsPolicy(hostedZone));
    const permissions = new aws.iam.RolePolicy(name, { role: role.name, policy }, { parent: this });
    new aws.eks.PodIdentityAssociation(
      name,
      { clusterName, namespace: account.namespace, serviceAccount: account.name, roleArn: role.arn },
      { parent: this, dependsOn: permissions },
    );
    this.registerOutputs();
  }
}

function dnsPolicy(hostedZone: string) {
  const zone = `arn:aws:route53:::hostedzone/${hostedZone}`;
  const textAlone = { "ForAllValues:StringEquals": { "route53:ChangeResourceRecordSetsRecordTypes": ["TXT"] } };
  return {
    Version: "2012-10-17",
    Statement: [
      { Effect: "Allow", Action: ["route53:GetChange"], Resource: "arn:aws:route53:::change/*" },
      { Effect: "Allow", Action: ["route53:ListResourceRecordSets"], Resource: zone },
      { Effect: "Allow", Action: ["route53:ChangeResourceRecordSets"], Resource: zone, Condition: textAlone },
    ],
  };
}
