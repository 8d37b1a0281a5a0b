import type { GatewaySettings } from "./gatewaySettings.ts";
import type { Account } from "./names.ts";
import type { RoutePolicies } from "./policies.ts";
import type { Route } from "./route.ts";
import type { Table } from "./routeTable.ts";

/** The gateways that a service can be offered by, in the order of preference. */
export const gatewayNames = ["kong", "istio"] as const;
export type GatewayName = (typeof gatewayNames)[number];

/** Ports of a gateway's pods, and of others. */
export interface GatewayPorts {
  /** For anybody. */
  readonly listeners: readonly number[];
  /** For scrapers of metrics, besides the proxy's own. */
  readonly metrics: readonly number[];
  /** Of any address, that the gateway dials besides what it offers. */
  readonly dials: readonly number[];
}

/** A policy that a gateway does not support. */
export interface UnsupportedPolicy {
  /** Where it is in the policies, such as `["jwt", "keys", 0]`. */
  readonly option: readonly (string | number)[];
  /** What the gateway supports instead. */
  readonly allowed: string;
}

/** Policies of a service, as a gateway sees them beside those of other services. */
export interface OfferedPolicies {
  readonly policies: RoutePolicies;
}

/** What is known of a gateway before it is installed. */
export interface GatewayFacts {
  readonly name: GatewayName;
  /** What messages call it. */
  readonly title: string;
  /** The account of its proxies. Its namespace holds nothing else. */
  readonly account: Account;
  readonly ports: GatewayPorts;
  /** Ports on which the API server calls it, and what answers there. */
  readonly webhooks: readonly { readonly port: number; readonly what: string }[];
  /** Whether the proxies that follow services' rules see who calls it, and not its own pods. */
  readonly showsAddresses: boolean;
  /** Which policies it supports at all. */
  readonly supports: Readonly<Record<keyof RoutePolicies, boolean>>;
  /** What it does not support within the policies of one service. */
  unsupported(policies: RoutePolicies): UnsupportedPolicy[];
  /** The largest body that its proxies can keep to send it again, in bytes. @default any */
  retriedBytes?(settings: Pick<GatewaySettings, "istioGateway">): { readonly most: number; readonly why: string };
  /** Routes that it would never find beside the others, and the path of one that it finds in place of each. @default none */
  unreachable?(tables: readonly Table[]): { readonly route: Route; readonly below: string }[];
  /** What it does not support of the policies of services together. @default nothing */
  unsupportedTogether?<T extends OfferedPolicies>(services: readonly T[]): (UnsupportedPolicy & { readonly service: T })[];
}

/** Everything that a gateway does not support of the policies of one service. */
export function unsupportedPolicies({ supports, unsupported }: GatewayFacts, policies: RoutePolicies): UnsupportedPolicy[] {
  const given = Object.keys(policies) as (keyof RoutePolicies)[];
  return [
    ...given.filter((policy) => !supports[policy]).map((policy) => ({ option: [policy], allowed: "none" })),
    ...unsupported(policies),
  ];
}
