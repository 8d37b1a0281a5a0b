import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { type CallGraph, gatewayAccounts } from "../../model/callGraph.ts";
import type { GatewayName } from "../../model/route.ts";
import { type GatewayPorts, gatewayPeers, type Surroundings } from "./network.ts";

export interface GatewayNetworkArgs {
  readonly graph: CallGraph;
  readonly gateway: GatewayName;
  /**
   * Ports of anybody that the gateway may dial besides, such as a log collector's.
   * @default none
   */
  readonly dials?: readonly number[];
  /** @default nobody reads metrics, and the cluster is as most are */
  readonly surroundings?: Surroundings;
}

/** What each gateway's pods listen on for others, and dial besides what they offer. */
const ports: Readonly<Record<GatewayName, GatewayPorts>> = {
  // HTTP, HTTPS, and the admission webhook, which the API server asks from an address that no policy can name. The admin
  // API is nobody else's. The controller dials the API server: its Service's port, and its own.
  kong: { listeners: [8000, 8443, 8080], metrics: [8100], dials: [443, 6443] },
  // HTTP, HTTPS, and the health that load balancers ask for.
  istio: { listeners: [8080, 8443, 15021], metrics: [], dials: [] },
};

/**
 * Closes a gateway's namespace on the network, but for its listeners. Kong's are not behind its proxy, as TLS ends in Kong
 * itself, so that no AuthorizationPolicy protects them: this is what does, where the cluster's network enforces it.
 */
export class GatewayNetwork extends pulumi.ComponentResource {
  constructor(
    name: string,
    { graph, gateway, dials = [], surroundings = {} }: GatewayNetworkArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("mesh:security:GatewayNetwork", name, {}, opts);
    const account = gatewayAccounts[gateway];
    const own = ports[gateway];
    // Only who asks the API server at all dials it where else it listens.
    const apiServer = own.dials.length > 0 ? (surroundings.apiServerPorts ?? []) : [];
    const dialled = [...new Set([...own.dials, ...apiServer, ...dials])];
    const spec = gatewayPeers(graph, account, { ...own, dials: dialled }, surroundings);
    const metadata = { name: "gateway", namespace: account.namespace };
    new k8s.networking.v1.NetworkPolicy(name, { metadata, spec }, { parent: this });
    this.registerOutputs();
  }
}
