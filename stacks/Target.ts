import type { Cluster } from "../components/cluster/Cluster.ts";
import type { Exposure } from "../components/gateway/exposure.ts";
import type { Surroundings } from "../components/security/network.ts";
import type { Sources } from "../components/support/helm.ts";
import type { CallerAddresses } from "../model/callerAddresses.ts";
import type { GatewayName } from "../model/gateway.ts";
import type { IstioPlatform } from "../model/istioPlatforms.ts";

/** Everything in which stacks differ. What comes after it does not ask which target a stack has. */
export interface Target extends Sources {
  readonly cluster: Cluster;
  /** The gateways there are: those that the stack asks for and that can be had here. */
  readonly gateways: readonly GatewayName[];
  /** How each is reached from outside. */
  readonly exposure: Readonly<Record<GatewayName, Exposure>>;
  /** How many of each there are. Gateways have a copy that serves on when the node of the other is lost. */
  readonly replicas: { readonly istiod: number; readonly gateway: number };
  /**
   * How much of a core a node keeps for each proxy, as Kubernetes writes it; its share where there is not enough for all, too. Istio's charts
   * have `100m`: proxies with less answer late beside busy neighbours that have as much.
   */
  readonly proxyCpu: string;
  /** Of volumes. @default the cluster's own */
  readonly storageClass?: string;
  /** Whether the cluster's network holds pods to NetworkPolicies, or only keeps them. */
  readonly networkPolicies: "enforced" | "stored";
  /** Whom pods have to do with on the network besides each other. Who reads metrics is a setting of its own. @default as in most clusters */
  readonly surroundings?: Omit<Surroundings, "scrapers">;
  /** Where Istio's node agent finds the network's files, by the name that Istio's charts have for such a cluster. @default the usual places */
  readonly platform?: IstioPlatform;
  /** Where the authority of public certificates finds the records of the hosts. @default the region that cert-manager's pod runs in */
  readonly dnsRegion?: string;
  /** Whether gateways see who calls, or one address in the place of all. */
  readonly callerAddresses: CallerAddresses;
  /** What whoever deploys should know, one sentence each. */
  readonly notices: readonly string[];
}
