import { isIP } from "node:net";
import { type ServiceEntry, Sidecar } from "@kubernetes-models/istio/networking.istio.io/v1";
import { entranceOf, scopeHost } from "../../../model/names.ts";
import type { Route } from "../../../model/route.ts";
import { externalEntry, outsideProtocols } from "../../security/outside.ts";
import { kongFacts } from "./facts.ts";

/** Whom the controller beside Kong asks. */
const apiServer = { name: "kubernetes", namespace: "default" } as const;

/**
 * What the proxies beside Kong know of the mesh and beyond it: the services that Kong offers, the API server, and where it sends its
 * log. Anything else ends in Kong's own pod.
 *
 * @param log - URL of the log's endpoint, where there is one.
 */
export function kongScope(
  namespace: string,
  routes: readonly Pick<Route, "gateways" | "service" | "name">[],
  log: string | undefined,
): Sidecar {
  const offered = routes
    .filter(({ gateways }) => gateways.includes(kongFacts.name))
    // One that is not there yet, or no longer, is known before Kong is told of it, and as long as it knows it.
    .flatMap(({ service, name }) => [service, entranceOf(service.name, name, service.namespace)].map(scopeHost));
  const collector = collectorOf(log);
  const own = collector ? [collector.inside ? scopeHost(collector.inside) : `./${collector.host}`] : [];
  return new Sidecar({
    metadata: { name: "kong", namespace },
    spec: {
      egress: [{ hosts: [...new Set([...offered, scopeHost(apiServer), ...own])] }],
      outboundTrafficPolicy: { mode: "REGISTRY_ONLY" },
    },
  });
}

/** Where Kong sends its log, if that is outside the mesh, so that the proxies beside it let it out to there. */
export function logEntry(namespace: string, log: string | undefined): ServiceEntry | undefined {
  const collector = collectorOf(log);
  if (!collector || collector.inside) return undefined;
  const { host, address, port, protocol } = collector;
  return externalEntry({ name: "log", namespace }, host, {
    ports: [{ number: port, name: `${protocol}-log`, protocol: outsideProtocols[protocol] }],
    ...(address === undefined ? { resolution: "DNS" } : { resolution: "STATIC", addresses: [address], endpoints: [{ address }] }),
  });
}

/** A log's endpoint: a Service of the cluster, or a host outside the mesh. */
interface Collector {
  readonly host: string;
  readonly port: number;
  readonly protocol: "tls" | "http";
  /** Where the URL has no name. */
  readonly address?: string;
  readonly inside?: { readonly name: string; readonly namespace: string };
}

export function collectorOf(url: string | undefined): Collector | undefined {
  if (url === undefined) return undefined;
  const { protocol: scheme, hostname, port } = new URL(url);
  const known: Pick<Collector, "protocol" | "port"> =
    scheme === "https:" ? { protocol: "tls", port: Number(port || 443) } : { protocol: "http", port: Number(port || 80) };
  const address = hostname.replace(/^\[(.*)\]$/, "$1");
  // A proxy knows everybody by a name.
  if (isIP(address)) return { ...known, host: "log.kong.internal", address };
  const [, name, namespace] = /^([^.]+)\.([^.]+)\.svc(?:\.cluster\.local)?$/.exec(hostname) ?? [];
  return { ...known, host: hostname, ...(name !== undefined && namespace !== undefined && { inside: { name, namespace } }) };
}
