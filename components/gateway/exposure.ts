import type { Values } from "../support/helm.ts";

/** How a gateway is reached from outside the cluster. A target resolves it; components only pass it on. */
export interface Exposure {
  /** Of the gateway's Service; the node ports by the names of the Service's ports. */
  readonly service: {
    readonly type: "NodePort" | "LoadBalancer";
    readonly nodePorts?: Readonly<Record<string, number>>;
    /** Further settings of the Service, such as a load balancer's class. */
    readonly values?: Values;
  };
  /** Where that is, without a path. */
  readonly url: string;
}
