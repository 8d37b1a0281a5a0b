import type { ServiceImage } from "../components/app/Microservice.ts";
import type { Cluster } from "../components/cluster/Cluster.ts";
import type { Exposure } from "../components/gateway/exposure.ts";
import type { IstioCharts } from "../components/mesh/Istio.ts";

/** Everything in which stacks differ. What comes after it does not ask which target a stack has. */
export interface Target extends Sources {
  readonly cluster: Cluster;
  /** How the gateways are reached from outside. */
  readonly exposure: { readonly istio: Exposure };
  /** How many of each there are: one is enough on one machine. */
  readonly replicas: { readonly istiod: number; readonly gateway: number };
}

/** The small services of apps/services. */
export type ServiceName = "product";

/** Where charts and images come from. */
export interface Sources {
  readonly charts: IstioCharts;
  readonly images: Readonly<Record<ServiceName, ServiceImage>>;
}
