import { describe, expect, test } from "vitest";
import { recordEks } from "../../../support/eks.ts";

const identity = "aws:eks/podIdentityAssociation:PodIdentityAssociation";
const account = { namespace: "cert-manager", name: "cert-manager" };

describe("who answers for hosts of a zone", () => {
  test("nobody, where nobody is named", async () => {
    const { resources } = await recordEks();
    expect(JSON.stringify(resources)).not.toContain("route53");
  });

  test("the account's pods, by text records of that zone alone", async () => {
    const recording = await recordEks({ dns: { hostedZone: "Z0123456789ABCDEFGHIJ", account } });
    expect(recording.inputs(identity, "mesh-dns")).toEqual({
      clusterName: "the-cluster",
      namespace: "cert-manager",
      serviceAccount: "cert-manager",
      roleArn: "arn:mesh-dns",
    });
    const zone = "arn:aws:route53:::hostedzone/Z0123456789ABCDEFGHIJ";
    const { policy, role } = recording.inputs("aws:iam/rolePolicy:RolePolicy", "mesh-dns");
    expect(role).toBe("mesh-dns");
    expect(JSON.parse(String(policy))).toMatchObject({
      Statement: [
        { Action: ["route53:GetChange"], Resource: "arn:aws:route53:::change/*" },
        { Action: ["route53:ListResourceRecordSets"], Resource: zone },
        {
          Action: ["route53:ChangeResourceRecordSets"],
          Resource: zone,
          Condition: { "ForAllValues:StringEquals": { "route53:ChangeResourceRecordSetsRecordTypes": ["TXT"] } },
        },
      ],
    });
  });
});
