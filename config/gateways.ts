import { z } from "zod";
import { bytesOf, defaultBounds, mostConnections } from "../model/gatewayBounds.ts";
import type { GatewayName } from "../model/route.ts";
import {
  allowing,
  boolean,
  duration,
  host,
  listOf,
  mapping,
  ofConnections,
  oneOf,
  ownHeader,
  refuse,
  text,
  url,
  whole,
} from "../model/rules.ts";
import { cidr } from "./addresses.ts";

/** Names under which the gateways answer over HTTPS, and where their certificate comes from: `mesh:tls`. */
export const tls = mapping({
  hosts: listOf(host(), "the full names of hosts", 1)
    .max(100, allowing("at most 100 hosts, as many as Let's Encrypt puts into one certificate"))
    .exactOptional(),
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
  ...[...ofConnections, "authorization", "origin", "access-control-request-method", "access-control-request-headers"],
  ...["x-request-id", "x-forwarded-proto"],
];

const strippedHeader = () => {
  const allowed = allowing("the name of a header in lower case, or its beginning and -*, such as x-acme-*");
  return text(/^[a-z0-9]+(-[a-z0-9]+)*(-\*)?$/, allowed.error).superRefine((name, ctx) => {
    const matching = new RegExp(`^${name.replace("*", ".*")}$`);
    const lost = needed.filter((header) => matching.test(header));
    if (lost.length > 0) refuse(ctx, [], `headers that requests can do without, unlike ${lost.join(", ")}`);
  });
};

/** What every gateway believes of callers from outside: `mesh:edge`. */
export const edge = mapping({
  stripHeaders: listOf(strippedHeader(), "names of headers").default([]),
  // Together, as a count alone would believe whoever connects past the proxies.
  trustedProxies: mapping({
    count: whole(1, 10).default(1),
    addresses: listOf(cidr(), "addresses in CIDR notation", 1),
  }).exactOptional(),
});

/** Kong as a whole: `mesh:kong`. */
export const kong = mapping({
  replicas: whole(1, 20).exactOptional(),
  correlationId: mapping({ header: ownHeader().default("x-correlation-id") }).prefault({}),
  log: mapping({
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
  const allowed = allowing("a size from 256Mi to 64Gi, in whole Mi or Gi");
  return z.string(allowed).refine(isMemory, allowed);
};

/** What clients may hold of Istio's gateway: `mesh:istioGateway`. */
export const istioGateway = mapping({
  memory: memory().default(defaultBounds.memory),
  maxConnections: whole(10, 1_000_000).default(defaultBounds.maxConnections),
  maxStreams: whole(1, 10_000).default(defaultBounds.maxStreams),
  maxHeaderKilobytes: whole(1, 60).default(defaultBounds.maxHeaderKilobytes),
  maxHeaders: whole(10, 10_000).default(defaultBounds.maxHeaders),
  headersTimeout: duration().default(defaultBounds.headersTimeout),
  requestTimeout: duration().default(defaultBounds.requestTimeout),
  streamIdleTimeout: duration().default(defaultBounds.streamIdleTimeout),
  idleTimeout: duration().default(defaultBounds.idleTimeout),
}).superRefine(({ memory, maxConnections, maxHeaderKilobytes }, ctx) => {
  const most = mostConnections({ memory, maxHeaderKilobytes });
  if (maxConnections <= most || !isMemory(memory)) return;
  const why = `which fit into memory ${memory} with maxHeaderKilobytes ${maxHeaderKilobytes}`;
  refuse(ctx, ["maxConnections"], `at most ${most}, ${why}`, maxConnections);
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
  const asked: GatewayName[] = gateway === "both" ? ["kong", "istio"] : [gateway];
  return asked.filter((name) => name === "istio" || kong);
}
