import { beforeAll, describe, expect, test } from "vitest";
import { at, type Recording } from "../../../../lib/mocks.ts";
import { eksArgs, recordEks } from "../../../support/eks.ts";

const types = {
  vpc: "aws:ec2/vpc:Vpc",
  subnet: "aws:ec2/subnet:Subnet",
  table: "aws:ec2/routeTable:RouteTable",
  association: "aws:ec2/routeTableAssociation:RouteTableAssociation",
  nat: "aws:ec2/natGateway:NatGateway",
} as const;

describe("the network of an EKS cluster", () => {
  let recording: Recording;
  beforeAll(async () => {
    recording = await recordEks();
  });

  test("knows names, by which nodes find the private endpoint", () => {
    const dns = { enableDnsSupport: true, enableDnsHostnames: true };
    expect(recording.inputs(types.vpc, "mesh")).toMatchObject({ cidrBlock: "10.0.0.0/16", ...dns });
  });

  test.each([
    ["public", "elb", ["10.0.128.0/22", "10.0.132.0/22", "10.0.136.0/22"]],
    ["private", "internal-elb", ["10.0.0.0/19", "10.0.32.0/19", "10.0.64.0/19"]],
  ])("has a %s subnet in each zone, which load balancers find by its tags", (kind, role, ranges) => {
    for (const [zone, letter] of ["a", "b", "c"].entries()) {
      const name = `mesh-${kind}-${zone + 1}`;
      expect(recording.inputs(types.subnet, name)).toEqual({
        vpcId: "mesh-id",
        cidrBlock: ranges[zone],
        availabilityZone: `us-west-2${letter}`,
        mapPublicIpOnLaunch: false,
        tags: { Name: name, [`kubernetes.io/role/${role}`]: "1", "kubernetes.io/cluster/mesh": "owned" },
      });
    }
  });

  test("leads from public subnets to the internet, and from private ones through NAT alone", () => {
    const outside = { cidrBlock: "0.0.0.0/0" };
    expect(recording.inputs(types.table, "mesh-public").routes).toEqual([{ ...outside, gatewayId: "mesh-id" }]);
    for (const zone of [1, 2, 3]) {
      const nat = [{ ...outside, natGatewayId: "mesh-nat-1-id" }];
      expect(recording.inputs(types.table, `mesh-private-${zone}`).routes).toEqual(nat);
      expect(recording.inputs(types.association, `mesh-private-${zone}`)).toEqual({
        subnetId: `mesh-private-${zone}-id`,
        routeTableId: `mesh-private-${zone}-id`,
      });
      expect(recording.inputs(types.association, `mesh-public-${zone}`)).toEqual({
        subnetId: `mesh-public-${zone}-id`,
        routeTableId: "mesh-public-id",
      });
    }
    expect(recording.all(types.nat).map(({ inputs }) => inputs.subnetId)).toEqual(["mesh-public-1-id"]);
  });

  test("has a NAT gateway in each zone where that is asked for", async () => {
    const perZone = await recordEks({ network: { ...eksArgs.network, nat: "per-zone" } });
    for (const zone of [1, 2, 3]) {
      expect(perZone.inputs(types.nat, `mesh-nat-${zone}`)).toMatchObject({
        subnetId: `mesh-public-${zone}-id`,
        allocationId: `mesh-nat-${zone}-id`,
      });
      expect(at(perZone.inputs(types.table, `mesh-private-${zone}`), "routes.0.natGatewayId")).toBe(`mesh-nat-${zone}-id`);
    }
  });

  test("spans the zones asked for", async () => {
    const two = await recordEks({ network: { ...eksArgs.network, zones: ["us-west-2a", "us-west-2c"] } });
    expect(two.all(types.subnet).map(({ inputs }) => inputs.availabilityZone)).toEqual([
      "us-west-2a",
      "us-west-2c",
      "us-west-2a",
      "us-west-2c",
    ]);
  });
});
