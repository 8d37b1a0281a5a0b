import { beforeAll, describe, expect, test } from "vitest";
import { at, type Recording } from "../../../../lib/mocks.ts";
import { eks, eksArgs, recordEks } from "../../../support/eks.ts";

let recording: Recording;
beforeAll(async () => {
  recording = await recordEks();
});

describe("the load balancer controller", () => {
  test("is told what it could only learn from the nodes' metadata", () => {
    const release = recording.inputs(...eks.controller);
    expect(release).toMatchObject({
      chart: "aws-load-balancer-controller",
      version: "3.5.0",
      repositoryOpts: { repo: "https://charts.example" },
      namespace: "kube-system",
    });
    expect(release.values).toMatchObject({ clusterName: "mesh", region: "us-west-2", vpcId: "mesh-id", replicaCount: 2 });
    expect(at(release, "values.serviceAccount")).toEqual({ name: "aws-load-balancer-controller" });
  });

  test("serves Services of its class, and stands in the way of nothing else", () => {
    expect(recording.inputs(...eks.controller).values).toMatchObject({
      enableServiceMutatorWebhook: false,
      webhookConfig: { disableIngressValidation: true },
      createIngressClassResource: false,
      enableShield: false,
      enableWaf: false,
      enableWafv2: false,
      controllerConfig: { featureGates: { ALBGatewayAPI: false, NLBGatewayAPI: false } },
    });
  });

  test.each([
    [{ tag: "v3.5.0" }, "registry.example:5000/eks/controller", "v3.5.0"],
    [{ digest: "sha256:0a" }, "registry.example:5000/eks/controller@sha256", "0a"],
    [{ tag: "v3.5.0", digest: "sha256:0a" }, "registry.example:5000/eks/controller:v3.5.0@sha256", "0a"],
  ])("runs the image %j", async (which, repository, tag) => {
    const { chart, image } = eksArgs.loadBalancerController;
    const { tag: _, ...rest } = image;
    const redirected = await recordEks({ loadBalancerController: { chart, image: { ...rest, ...which } } });
    expect(at(redirected.inputs(...eks.controller), "values.image")).toEqual({ repository, tag });
  });
});

describe("what the load balancer controller may do", () => {
  interface Statement {
    readonly Effect: string;
    readonly Action: readonly string[];
    readonly Resource: string | readonly string[];
    readonly Condition?: unknown;
  }
  const tag = "elbv2.k8s.aws/cluster";
  const tagged = { StringEquals: { [`aws:ResourceTag/${tag}`]: "mesh" } };
  let statements: readonly Statement[];
  beforeAll(() => {
    statements = at(JSON.parse(String(recording.inputs(...eks.policy).policy)), "Statement");
  });
  const granting = (action: string) => statements.filter(({ Action }) => Action.includes(action));

  test("is nothing without a bound, but for looking", () => {
    const free = statements.filter(({ Resource, Condition }) => Resource === "*" && Condition === undefined);
    for (const { Action } of free) {
      for (const action of Action) expect(action).toMatch(/^(ec2|elasticloadbalancing):(Describe|Get)[A-Za-z]+$/);
    }
    for (const { Effect, Action } of statements) {
      expect(Effect).toBe("Allow");
      expect(Action.join()).not.toContain("*");
    }
  });

  test("is nothing that application load balancers, firewalls or certificates need", () => {
    expect(JSON.stringify(statements)).not.toMatch(/waf|shield|cognito|acm:|loadbalancer\/app|listener-rule|SetWebAcl/i);
  });

  test.each([
    "elasticloadbalancing:DeleteLoadBalancer",
    "elasticloadbalancing:ModifyLoadBalancerAttributes",
    "elasticloadbalancing:DeleteTargetGroup",
    "elasticloadbalancing:RegisterTargets",
    "elasticloadbalancing:DeregisterTargets",
    "elasticloadbalancing:CreateListener",
    "ec2:DeleteSecurityGroup",
  ])("is %s of what bears its cluster's tag alone", (action) => {
    expect(granting(action).map(({ Condition }) => Condition)).toEqual([tagged]);
  });

  test.each(["elasticloadbalancing:CreateLoadBalancer", "elasticloadbalancing:CreateTargetGroup"])(
    "is %s with its cluster's tag alone",
    (action) => {
      const tagging = { StringEquals: { [`aws:RequestTag/${tag}`]: "mesh" } };
      expect(granting(action).map(({ Condition }) => Condition)).toEqual([tagging]);
    },
  );

  test("is to open its own security groups, and that of the nodes", () => {
    expect(granting("ec2:AuthorizeSecurityGroupIngress").map(({ Resource, Condition }) => [Resource, Condition])).toEqual([
      ["arn:aws:ec2:*:*:security-group/*", tagged],
      ["arn:mesh-nodes", undefined],
    ]);
  });

  test("is never to put its cluster's tag on what is there already, or to take it off", () => {
    const changing = statements.filter(
      ({ Action, Condition }) =>
        Action.some((action) => /:(AddTags|RemoveTags|CreateTags|DeleteTags)$/.test(action)) &&
        !JSON.stringify(Condition ?? {}).includes("CreateAction"),
    );
    const confined = changing.filter(({ Resource }) => !JSON.stringify(Resource).includes("listener/net"));
    expect(confined).toHaveLength(2);
    for (const { Condition } of confined) {
      expect(Condition).toEqual({ ...tagged, Null: { [`aws:RequestTag/${tag}`]: "true" } });
    }
  });
});
