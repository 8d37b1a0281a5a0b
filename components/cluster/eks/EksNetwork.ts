import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { subnetRanges } from "./subnets.ts";

export interface EksNetworkArgs {
  /** The cluster that lives in it. Load balancers find their subnets by its name. */
  readonly cluster: string;
  /** Its addresses, in CIDR notation, from /16 to /20. */
  readonly cidr: string;
  /** Names of the availability zones that it spans. EKS wants two at least. */
  readonly zones: readonly string[];
  /**
   * NAT gateways: `one` in all costs a third, but when its zone fails, nodes of the others reach nothing outside;
   * with one `per-zone` they do, and traffic pays for no way between zones.
   */
  readonly nat: "one" | "per-zone";
}

/** A network of a cluster's own: nodes in private subnets, load balancers in public ones, in every zone. */
export class EksNetwork extends pulumi.ComponentResource {
  readonly vpc: aws.ec2.Vpc;
  readonly privateSubnetIds: pulumi.Output<string>[];
  private readonly cluster: string;

  constructor(name: string, { cluster, cidr, zones, nat }: EksNetworkArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mesh:cluster:EksNetwork", name, {}, opts);
    this.cluster = cluster;
    const ranges = subnetRanges(cidr, zones.length);

    // Nodes look for the private endpoint of the control plane by its name.
    const dns = { enableDnsSupport: true, enableDnsHostnames: true };
    this.vpc = new aws.ec2.Vpc(name, { cidrBlock: cidr, ...dns, tags: { Name: name } }, { parent: this });

    const publicSubnets = this.subnets(`${name}-public`, zones, ranges.public, "kubernetes.io/role/elb");
    const privateSubnets = this.subnets(`${name}-private`, zones, ranges.private, "kubernetes.io/role/internal-elb");
    this.routeOutside(name, publicSubnets);
    const gateways = this.natGateways(name, nat === "one" ? publicSubnets.slice(0, 1) : publicSubnets);
    this.routeThrough(`${name}-private`, privateSubnets, gateways);
    this.privateSubnetIds = privateSubnets.map(({ id }) => id);

    this.registerOutputs();
  }

  /** One in each zone. Nothing in them gets a public address by itself: load balancers and NAT gateways bring theirs. */
  private subnets(name: string, zones: readonly string[], ranges: readonly string[], role: string): aws.ec2.Subnet[] {
    return zones.map((availabilityZone, index) => {
      const tags = { Name: `${name}-${index + 1}`, [role]: "1", [`kubernetes.io/cluster/${this.cluster}`]: "owned" };
      const args = { vpcId: this.vpc.id, availabilityZone, cidrBlock: ranges[index] ?? "", mapPublicIpOnLaunch: false, tags };
      return new aws.ec2.Subnet(tags.Name, args, { parent: this });
    });
  }

  private routeOutside(name: string, subnets: readonly aws.ec2.Subnet[]): void {
    const gateway = new aws.ec2.InternetGateway(name, { vpcId: this.vpc.id, tags: { Name: name } }, { parent: this });
    const routes = [{ cidrBlock: "0.0.0.0/0", gatewayId: gateway.id }];
    const tags = { Name: `${name}-public` };
    const table = new aws.ec2.RouteTable(`${name}-public`, { vpcId: this.vpc.id, routes, tags }, { parent: this });
    for (const [zone, { id }] of subnets.entries()) this.associate(`${name}-public-${zone + 1}`, id, table);
  }

  private natGateways(name: string, subnets: readonly aws.ec2.Subnet[]): aws.ec2.NatGateway[] {
    return subnets.map((subnet, zone) => {
      const tags = { Name: `${name}-nat-${zone + 1}` };
      const address = new aws.ec2.Eip(tags.Name, { domain: "vpc", tags }, { parent: this });
      return new aws.ec2.NatGateway(tags.Name, { subnetId: subnet.id, allocationId: address.id, tags }, { parent: this });
    });
  }

  /** A table for each zone even when gateways are fewer: another number of them then changes routes alone. */
  private routeThrough(name: string, subnets: readonly aws.ec2.Subnet[], gateways: readonly aws.ec2.NatGateway[]): void {
    for (const [index, { id }] of subnets.entries()) {
      const gateway = gateways[index] ?? gateways[0];
      const zone = `${name}-${index + 1}`;
      const routes = gateway ? [{ cidrBlock: "0.0.0.0/0", natGatewayId: gateway.id }] : [];
      const table = new aws.ec2.RouteTable(zone, { vpcId: this.vpc.id, routes, tags: { Name: zone } }, { parent: this });
      this.associate(zone, id, table);
    }
  }

  private associate(name: string, subnetId: pulumi.Output<string>, { id }: aws.ec2.RouteTable): void {
    new aws.ec2.RouteTableAssociation(name, { subnetId, routeTableId: id }, { parent: this });
  }
}
