import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";

/** The ARN of a policy that AWS maintains. */
export function managedPolicy(name: string): string {
  return `arn:aws:iam::aws:policy/${name}`;
}

/** A role for one service of AWS, with policies that AWS maintains. */
export function serviceRole(
  name: string,
  { service, actions, policies }: { service: string; actions: readonly string[]; policies: readonly string[] },
  opts: pulumi.CustomResourceOptions,
): { readonly role: aws.iam.Role; readonly attachments: readonly aws.iam.RolePolicyAttachment[] } {
  const trust = {
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: actions, Principal: { Service: service } }],
  };
  const role = new aws.iam.Role(name, { assumeRolePolicy: JSON.stringify(trust) }, opts);
  const attachments = policies.map((policy) => {
    const args = { role: role.name, policyArn: managedPolicy(policy) };
    return new aws.iam.RolePolicyAttachment(`${name}-${policy.split("/").at(-1)}`, args, opts);
  });
  return { role, attachments };
}

/** A role that pods take on by EKS Pod Identity, once something associates it with their service account. */
export function podRole(name: string, policies: readonly string[], opts: pulumi.CustomResourceOptions) {
  const trust = { service: "pods.eks.amazonaws.com", actions: ["sts:AssumeRole", "sts:TagSession"] };
  return serviceRole(name, { ...trust, policies }, opts);
}
