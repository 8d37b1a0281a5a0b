/** The gateways that a service can be offered by. */
export const gatewayNames = ["kong", "istio"] as const;
export type GatewayName = (typeof gatewayNames)[number];

/** One row of the route table, the same for every gateway: a path, and whose it is. */
export interface Route {
  /** Requests for exactly this path, or anything below it. `/` is everything that is nobody else's. */
  readonly path: string;
  /** The same with `{version}` in it, such as `/api/{version}/products`: one path for each version. */
  readonly versioned?: string;
  readonly service: { readonly name: string; readonly namespace: string; readonly port: number };
  /** Names of the service's versions. */
  readonly versions: readonly string[];
  /** The VirtualService that decides further, in the service's own namespace. */
  readonly delegate: { readonly name: string; readonly namespace: string };
  /** How long a request may take in the mesh, all tries together: gateways must wait longer. */
  readonly timeout: string;
  /** The largest body that a gateway's proxy keeps to send it again, in bytes. @default 1048576 */
  readonly retriedBytes?: number;
  readonly gateways: readonly GatewayName[];
  readonly policies: RoutePolicies;
}

/** What a gateway demands of requests before it lets them in. Whatever is left out is not demanded. */
export interface RoutePolicies {
  readonly rateLimit?: RateLimit;
  readonly jwt?: Jwt;
  readonly cors?: Cors;
  /** The largest body, in bytes; more is answered with 413. */
  readonly maxBodyBytes?: number;
  readonly addresses?: Addresses;
  /** Kong alone: callers must send a key. */
  readonly apiKeys?: ApiKeys;
  /** Kong alone: well-known robots are refused, by their `user-agent`. */
  readonly bots?: Bots;
}

/** Beyond the limit requests are answered with 429. Each proxy of a gateway counts for itself. */
export interface RateLimit {
  readonly requests: number;
  readonly per: "second" | "minute" | "hour";
  /**
   * Who shares one count: all callers, those of one address, or (Kong with API keys alone) one consumer.
   * @default everyone
   */
  readonly by?: "everyone" | "address" | "consumer";
}

/** Callers must send a JSON Web Token, as `authorization: Bearer …`, that is signed, of this issuer, and has not expired. */
export interface Jwt {
  readonly issuer: string;
  /** Public keys of the issuer, as JSON Web Keys (RFC 7517). */
  readonly keys: readonly JsonWebKey[];
  /** Istio's gateway alone. @default any */
  readonly audiences?: readonly string[];
}

/** By how much the clocks of issuers and gateways may differ, in seconds, at every gateway; it is what Envoy allows by default. */
export const clockSkew = 60;

export interface JsonWebKey {
  readonly kty: string;
  readonly kid?: string;
  readonly [member: string]: unknown;
}

/** Which pages of other origins may call from a browser. */
export interface Cors {
  /** Such as `https://example.com`, or `https://*.example.com` for every host below that one; `*` alone is any. */
  readonly origins: readonly string[];
  /** @default GET, HEAD */
  readonly methods?: readonly string[];
  /** Request headers they may send. @default none beyond the simple ones */
  readonly headers?: readonly string[];
  /** Response headers they may read. @default none beyond the simple ones */
  readonly expose?: readonly string[];
  /** @default false */
  readonly credentials?: boolean;
  /** How long a browser may remember the answer, such as `10m`. @default 10m */
  readonly maxAge?: string;
}

/** What pages may call with, and how long a browser may remember that, unless an option says otherwise. */
export const defaultCors = { methods: ["GET", "HEAD"], maxAge: "10m" } as const;

/** Addresses of callers, in CIDR notation. */
export interface Addresses {
  /** Only these. @default all */
  readonly allow?: readonly string[];
  /** Never these. @default none */
  readonly deny?: readonly string[];
}

export interface ApiKeys {
  /** Names of those who get a key; each key is generated and an output of the stack. */
  readonly consumers: readonly string[];
  /** @default apikey */
  readonly header?: string;
}

export interface Bots {
  /** Regular expressions of user agents that are let in although they are known robots. */
  readonly allow?: readonly string[];
  /** Regular expressions of user agents that are refused besides the known ones. */
  readonly deny?: readonly string[];
}
