import type { z } from "zod";
import { cidr } from "./addresses.ts";
import type { Bounds } from "./gatewayBounds.ts";
import { addIssue, boolean, connectionHeaders, integer, listOf, message, ownHeader, strictObject, text, url } from "./rules.ts";

/** Settings of a stack that gateways read; each has a section of its own. */
export interface GatewaySettings {
  readonly tls: GatewayTls;
  readonly edge: z.output<typeof edge>;
  readonly istioGateway: Bounds;
  readonly kong: z.output<typeof kong>;
}

export interface GatewayTls {
  /** Names under which HTTPS is served. HTTP to them is redirected. */
  readonly hosts: readonly string[];
  /** Whether HTTP is served under every other name, or redirected as well. */
  readonly plaintext: boolean;
}

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
