import type { ChartSource } from "../support/helm.ts";
import type { Exposure } from "./exposure.ts";

/** What every gateway is made of, whoever makes it. */
export interface GatewayArgs {
  readonly chart: ChartSource;
  readonly exposure: Exposure;
  /** Labels of a namespace that make the control plane inject the proxy, and the revision it is to be of. */
  readonly injection: Readonly<Record<string, string>>;
  /** Annotations of the gateway's pods; a change rolls them. @default none */
  readonly podAnnotations?: Readonly<Record<string, string>>;
  /** How many pods there are. Each counts requests for itself. */
  readonly replicas: number;
  /** @default HTTP alone, to every host */
  readonly tls?: GatewayTls;
}

export interface GatewayTls {
  /** Names under which HTTPS is served. HTTP to them is redirected. */
  readonly hosts: readonly string[];
  /** Whether HTTP is served under every other name, or redirected as well. */
  readonly plaintext: boolean;
}
