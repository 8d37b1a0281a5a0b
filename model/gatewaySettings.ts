import type { z } from "zod";
import { cidr } from "./addresses.ts";
import type { Bounds } from "./gatewayBounds.ts";
import { isBelow } from "./hosts.ts";
import {
  addIssue,
  boolean,
  connectionHeaders,
  hostOrBelow,
  integer,
  listOf,
  message,
  oneOf,
  ownHeader,
  strictObject,
  text,
  url,
} from "./rules.ts";

/** Settings of a stack that gateways read; each has a section of its own. */
export interface GatewaySettings {
  readonly tls: GatewayTls;
  readonly edge: z.output<typeof edge>;
  readonly istioGateway: Bounds;
  readonly kong: z.output<typeof kong>;
}

/** Names under which the gateways answer over HTTPS, and where their certificate comes from: `mesh:tls`. */
export const tls = strictObject({
  /**
   * Of the certificates; `*.` and a name is any host right below that. HTTP to them is redirected. The first one is what URLs of the
   * stack's outputs have.
   */
  hosts: listOf(hostOrBelow(), "the full names of hosts", {
    least: 1,
    most: [100, "at most 100 hosts, as many as Let's Encrypt puts into one certificate"],
  })
    .refine(([first = ""]) => !isBelow(first), message("a list whose first host is one, as URLs of the stack name it"))
    .exactOptional(),
  /** An authority of the stack's own, one of the cluster's own that cert-manager keeps, or a public one that speaks ACME. */
  issuer: oneOf("self-signed", "ca", "acme").exactOptional(),
  /** For ACME: where the authority writes to. */
  email: text(/^[^\s@]+@[^\s@]+\.[^\s@]+$/, "an e-mail address, for what the certificate authority has to tell").exactOptional(),
  /** For ACME: the zone that the hosts are in. */
  hostedZone: text(/^Z[A-Z0-9]{5,31}$/, "the id of a hosted zone of Route 53, such as Z0123456789ABCDEFGHIJ").exactOptional(),
  /** For ACME: the authority's directory. @default Let's Encrypt's */
  server: url(["https"], "https://acme-v02.api.letsencrypt.org/directory").exactOptional(),
  /** Whether HTTP is served under every other name, or redirected as well. @default with target kind alone */
  plaintext: boolean().exactOptional(),
});

/** The same with every default filled in. */
export type Tls = Omit<z.output<typeof tls>, Defaulted> & Required<Pick<z.output<typeof tls>, Defaulted>>;
type Defaulted = "hosts" | "issuer" | "plaintext";
export type GatewayTls = Pick<Tls, "hosts" | "plaintext">;

/** What requests cannot do without, or what gateways write themselves before they strip headers. */
const needed = [
  ...[...connectionHeaders, "authorization", "origin", "access-control-request-method", "access-control-request-headers"],
  ...["x-request-id", "x-forwarded-proto"],
];

const strippedHeader = () => {
  const allowed = message("the name of a header in lower case, or its beginning and -*, such as x-acme-*");
  return text(/^[a-z0-9]+(-[a-z0-9]+)*(-\*)?$/, allowed.error).superRefine((name, ctx) => {
    const matching = new RegExp(`^${name.replace("*", ".*")}$`);
    const lost = needed.filter((header) => matching.test(header));
    if (lost.length > 0) addIssue(ctx, [], `headers that requests can do without, unlike ${lost.join(", ")}`);
  });
};

/** Proxies between callers and a gateway, by which it knows callers' addresses. */
const trustedProxies = strictObject({
  /** How many of them each request passes, one after the other. */
  count: integer(1, 10).default(1),
  /** Theirs, in CIDR notation: who else connects is refused. A count alone would believe whoever connects past the proxies. */
  addresses: listOf(cidr(), "addresses in CIDR notation", { least: 1 }),
});
export type TrustedProxies = z.output<typeof trustedProxies>;

/** What every gateway believes of callers from outside: `mesh:edge`. */
export const edge = strictObject({
  /** Headers that no caller from outside may send, besides `callerHeaders`, and written as those are. */
  stripHeaders: listOf(strippedHeader(), "names of headers").default([]),
  /** The proxies in front, which are believed. @default none, and anybody may connect */
  trustedProxies: trustedProxies.exactOptional(),
});

/** Kong as a whole: `mesh:kong`. */
export const kong = strictObject({
  /** How many pods it has. @default as many as the target says */
  replicas: integer(1, 20).exactOptional(),
  /** Gives each request without this header a new id in it, and answers with the same. */
  correlationId: strictObject({ header: ownHeader().default("x-correlation-id") }).prefault({}),
  /** Where one JSON object for each request goes, besides the line in Kong's access log. */
  log: strictObject({
    /** The standard output of Kong's container. */
    stdout: boolean().default(true),
    /** An endpoint that takes them by POST. @default none */
    url: url(["http", "https"], "https://logs.example.com/kong").exactOptional(),
  }).prefault({}),
  /** Whether requests are counted and timed for Prometheus, on the status port (8100) at `/metrics`. */
  prometheus: boolean().default(true),
});

/** What Kong does with every request; what is left out is not done. */
export type KongPlugins = Partial<Omit<z.output<typeof kong>, "replicas">>;
