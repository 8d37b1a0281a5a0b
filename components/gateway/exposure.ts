import type * as pulumi from "@pulumi/pulumi";

/** How a gateway is reached from outside the cluster. A target resolves it; components only pass it on. */
export interface Exposure {
  /** Of the gateway's Service. */
  readonly service: {
    readonly type: "NodePort" | "LoadBalancer";
    readonly nodePorts?: { readonly http: number; readonly https: number };
    readonly annotations?: Readonly<Record<string, pulumi.Input<string>>>;
    readonly loadBalancerClass?: string;
  };
  /** Where clients find it: a host that is known, or the address that the load balancer is given. */
  readonly host: string | "load-balancer";
  /** The ports that clients use. */
  readonly ports: { readonly http: number; readonly https: number };
}

/** Through ports of the nodes, which lead to other ports of a host, or are asked themselves. */
export function onNodes(host: string, nodePorts: Exposure["ports"], ports = nodePorts): Exposure {
  return { service: { type: "NodePort", nodePorts }, host, ports };
}

/** How long nobody may notice yet that a proxy is leaving, in seconds; it serves on as if nothing were. */
export const withdrawal = { NodePort: 5, LoadBalancer: 60 } as const;
/** How long a leaving proxy then finishes what it has begun and sends clients elsewhere, in seconds. */
export const drain = 15;
