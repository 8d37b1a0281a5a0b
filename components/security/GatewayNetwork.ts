import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { CallGraph } from "../../model/callGraph.ts";
import type { GatewayFacts } from "../../model/gateway.ts";
import { type Egress, gatewayPeers, type Surroundings } from "./network.ts";

export interface GatewayNetworkArgs {
  readonly graph: CallGraph;
  /** The gateway's account and ports. */
  readonly facts: Pick<GatewayFacts, "account" | "ports">;
  /**
   * What it may reach besides, such as a log collector.
   * @default nothing
   */
  readonly reached?: readonly Egress[];
  /** @default nobody reads metrics, and the cluster is as most are */
  readonly surroundings?: Surroundings;
}

/**
 * Closes a gateway's namespace on the network, but for its listeners. Where these are not behind the proxy, as TLS ends in the
 * gateway itself, no AuthorizationPolicy protects them: this is what does, where the cluster's network enforces it.
 */
export class GatewayNetwork extends pulumi.ComponentResource {
  constructor(
    name: string,
    { graph, facts: { account, ports: own }, reached = [], surroundings = {} }: GatewayNetworkArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("mesh:security:GatewayNetwork", name, {}, opts);
    // Only who asks the API server at all dials it where else it listens.
    const apiServer = own.dials.length > 0 ? (surroundings.apiServerPorts ?? []) : [];
    const dials = [...new Set([...own.dials, ...apiServer])];
    const spec = gatewayPeers(graph, account, { ...own, dials }, surroundings, reached);
    const metadata = { name: "gateway", namespace: account.namespace };
    new k8s.networking.v1.NetworkPolicy(name, { metadata, spec }, { parent: this });
    this.registerOutputs();
  }
}
