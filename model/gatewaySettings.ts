import type { Bounds } from "./gatewayBounds.ts";

/** Settings of a stack that gateways read; each has a section of its own. */
export interface GatewaySettings {
  readonly tls: GatewayTls;
  readonly edge: Edge;
  readonly istioGateway: Bounds;
  readonly kong: KongSettings;
}

export interface GatewayTls {
  /** Names under which HTTPS is served. HTTP to them is redirected. */
  readonly hosts: readonly string[];
  /** Whether HTTP is served under every other name, or redirected as well. */
  readonly plaintext: boolean;
}

/** What every gateway believes of callers from outside. */
export interface Edge {
  /** Headers that no caller from outside may send, besides `callerHeaders`, and written as those are. */
  readonly stripHeaders: readonly string[];
  /** The proxies in front, which are believed. @default none, and anybody may connect */
  readonly trustedProxies?: TrustedProxies;
}

/** Proxies between callers and a gateway, by which it knows callers' addresses. */
export interface TrustedProxies {
  /** How many of them each request passes, one after the other. */
  readonly count: number;
  /** Theirs, in CIDR notation: who else connects is refused. */
  readonly addresses: readonly string[];
}

/** What Kong does with every request. */
export interface KongPlugins {
  /** Gives each request without this header a new id in it, and answers with the same. @default not done */
  readonly correlationId?: { readonly header: string };
  /** Where one JSON object for each request goes, besides the line in Kong's access log. @default nowhere */
  readonly log?: {
    /** The standard output of Kong's container. */
    readonly stdout: boolean;
    /** An endpoint that takes them by POST. @default none */
    readonly url?: string | undefined;
  };
  /** Whether requests are counted and timed for Prometheus, on the status port (8100) at `/metrics`. @default false */
  readonly prometheus?: boolean;
}

/** Kong as a whole. */
export interface KongSettings extends KongPlugins {
  /** How many pods it has. @default as many as the target says */
  readonly replicas?: number;
}
