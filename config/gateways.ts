import { z } from "zod";
import { cidr } from "../model/addresses.ts";
import { type GatewayName, gatewayNames } from "../model/gateway.ts";
import { bytesOf, defaultBounds, mostConnections } from "../model/gatewayBounds.ts";
import { addIssue, boolean, connectionHeaders, duration, host, integer, listOf, message, oneOf, ownHeader, strictObject, text, url } from "../model/rules.ts";

/** Names under which the gateways answer over HTTPS, and where their certificate comes from: `mesh:tls`. */
export const tls = strictObject({
  hosts: listOf(host(), "the full names of hosts", {
    least: 1,
    most: [100, "at most 100 hosts, as many as Let's Encrypt puts into one certificate"],
  }).exactOptional(),
  issuer: oneOf("self-signed", "ca", "acme").exactOptional(),
  email: text(/^[^\s@]+@[^\s@]+\.[^\s@]+$/, "an e-mail address, for what the certificate authority has to tell").exactOptional(),
  hostedZone: text(/^Z[A-Z0-9]{5,31}$/, "the id of a hosted zone of Route 53, such as Z0123456789ABCDEFGHIJ").exactOptional(),
  server: url(["https"], "https://acme-v02.api.letsencrypt.org/directory").exactOptional(),
  plaintext: boolean().exactOptional(),
});

/** Who signs unless the stack says otherwise: cert-manager is not built here. */
export function defaultIssuer(sources: "built" | "published"): "self-signed" | "ca" {
  return sources === "built" ? "self-signed" : "ca";
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

/** What every gateway believes of callers from outside: `mesh:edge`. */
export const edge = strictObject({
  stripHeaders: listOf(strippedHeader(), "names of headers").default([]),
  // Together, as a count alone would believe whoever connects past the proxies.
  trustedProxies: strictObject({
    count: integer(1, 10).default(1),
    addresses: listOf(cidr(), "addresses in CIDR notation", { least: 1 }),
  }).exactOptional(),
});

/** Kong as a whole: `mesh:kong`. */
export const kong = strictObject({
  replicas: integer(1, 20).exactOptional(),
  correlationId: strictObject({ header: ownHeader().default("x-correlation-id") }).prefault({}),
  log: strictObject({
    stdout: boolean().default(true),
    url: url(["http", "https"], "https://logs.example.com/kong").exactOptional(),
  }).prefault({}),
  prometheus: boolean().default(true),
});

const isMemory = (given: string) => {
  const [bytes = 0, least = 0, most = 0] = [given, "256Mi", "64Gi"].map(bytesOf);
  return bytes >= least && bytes <= most;
};

const memory = () => {
  const allowed = message("a size from 256Mi to 64Gi, in whole Mi or Gi");
  return z.string(allowed).refine(isMemory, allowed);
};

/** What clients may hold of Istio's gateway: `mesh:istioGateway`. */
export const istioGateway = strictObject({
  memory: memory().default(defaultBounds.memory),
  maxConnections: integer(10, 1_000_000).default(defaultBounds.maxConnections),
  maxStreams: integer(1, 10_000).default(defaultBounds.maxStreams),
  maxHeaderKilobytes: integer(1, 60).default(defaultBounds.maxHeaderKilobytes),
  maxHeaders: integer(10, 10_000).default(defaultBounds.maxHeaders),
  headersTimeout: duration().default(defaultBounds.headersTimeout),
  requestTimeout: duration().default(defaultBounds.requestTimeout),
  streamIdleTimeout: duration().default(defaultBounds.streamIdleTimeout),
  idleTimeout: duration().default(defaultBounds.idleTimeout),
}).superRefine(({ memory, maxConnections, maxHeaderKilobytes }, ctx) => {
  const most = mostConnections({ memory, maxHeaderKilobytes });
  if (maxConnections <= most || !isMemory(memory)) return;
  const why = `which fit into memory ${memory} with maxHeaderKilobytes ${maxHeaderKilobytes}`;
  addIssue(ctx, ["maxConnections"], `at most ${most}, ${why}`, maxConnections);
});

/** Which gateways run: `mesh:gateway`. */
export const gateway = oneOf("kong", "istio", "both");

interface Asked {
  readonly sources: "built" | "published";
  readonly gateway: "kong" | "istio" | "both";
  readonly charts: { readonly kong?: { readonly path?: string; readonly repository?: string } };
  readonly images: { readonly registry?: string; readonly kong?: object; readonly kongController?: object };
}

/**
 * The gateways that a stack asks for and that can be had: Kong is not built here, so with sources `built` its chart and
 * images must come from elsewhere.
 */
export function availableGateways({ sources, gateway, charts, images }: Asked): GatewayName[] {
  const chart = charts.kong?.path ?? charts.kong?.repository;
  const pulled = images.registry !== undefined || (images.kong !== undefined && images.kongController !== undefined);
  const kong = sources === "published" || (chart !== undefined && pulled);
  const asked: readonly GatewayName[] = gateway === "both" ? gatewayNames : [gateway];
  return asked.filter((name) => name !== "kong" || kong);
}
