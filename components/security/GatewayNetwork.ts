import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { GatewayName } from "../gateway/route.ts";
import { type CallGraph, gatewayAccounts } from "./CallGraph.ts";
import { gatewayPeers } from "./network.ts";

export interface GatewayNetworkArgs {
  readonly graph: CallGraph;
  readonly gateway: GatewayName;
  /**
   * Ports of anybody that the gateway may dial besides, such as a log collector's.
   * @default none
   */
  readonly dials?: readonly number[];
}

/** What each gateway's pods listen on for others, and dial besides what they offer. */
const ports: Readonly<Record<GatewayName, { readonly listeners: readonly number[]; readonly dials: readonly number[] }>> = {
  // HTTP, HTTPS, and the admission webhook, which the API server asks from an address that no policy can name. The admin
  // API, status and metrics are nobody else's. The controller dials the API server: its Service's port, and its own.
  kong: { listeners: [8000, 8443, 8080], dials: [443, 6443] },
  // HTTP, HTTPS, and the health that load balancers ask for.
  istio: { listeners: [8080, 8443, 15021], dials: [] },
};

/**
 * Closes a gateway's namespace on the network, but for its listeners. Kong's are not behind its proxy, as TLS ends in Kong
 * itself, so that no AuthorizationPolicy protects them: this is what does, where the cluster's network enforces it.
 */
export class GatewayNetwork extends pulumi.ComponentResource {
  constructor(name: string, { graph, gateway, dials = [] }: GatewayNetworkArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mesh:security:GatewayNetwork", name, {}, opts);
    const account = gatewayAccounts[gateway];
    const own = ports[gateway];
    const spec = gatewayPeers(graph, account, own.listeners, [...new Set([...own.dials, ...dials])]);
    const metadata = { name: "gateway", namespace: account.namespace };
    new k8s.networking.v1.NetworkPolicy(name, { metadata, spec }, { parent: this });
    this.registerOutputs();
  }
}
