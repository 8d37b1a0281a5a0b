import { DestinationRule, type IServiceEntry, ServiceEntry } from "@kubernetes-models/istio/networking.istio.io/v1";
import type { OutsideHost } from "../../model/callGraph.ts";

/*
 * Hosts outside the cluster, as proxies of one namespace know them, and no other.
 */

const isWild = (host: string) => host.startsWith("*.");

/** Name of the objects about a host. */
const nameOf = (host: string) => (isWild(host) ? `egress-all.${host.slice(2)}` : `egress.${host}`);

/** Protocols as Istio names them. */
export const outsideProtocols = { tls: "TLS", http: "HTTP", tcp: "TCP" } as const;

/** A host outside the mesh, known in one namespace alone. */
export function externalEntry(
  metadata: { readonly name: string; readonly namespace: string },
  host: string,
  rest: Pick<NonNullable<IServiceEntry["spec"]>, "ports" | "resolution" | "addresses" | "endpoints">,
): ServiceEntry {
  return new ServiceEntry({ metadata, spec: { hosts: [host], exportTo: ["."], location: "MESH_EXTERNAL", ...rest } });
}

/**
 * A host on its ports. A proxy looks for its address itself: what a workload says of that does not count. Of a wildcard it cannot, and
 * goes where the workload would.
 *
 * @see https://istio.io/latest/docs/reference/config/networking/service-entry/
 */
export function outsideEntry(namespace: string, { host, ports }: OutsideHost): ServiceEntry {
  return externalEntry({ name: nameOf(host), namespace }, host, {
    resolution: isWild(host) ? "NONE" : "DNS",
    ports: ports.map(({ port, target, protocol }) => ({
      ...{ number: port, name: `${protocol}-${port}`, protocol: outsideProtocols[protocol] },
      ...(target !== port && { targetPort: target }),
    })),
  });
}

/**
 * TLS with a host on the ports on which workloads leave that to their proxies; undefined where they do not. The certificate has to be
 * signed by an authority that the proxy's image knows, as those of the internet are.
 */
export function originatedTls(namespace: string, { host, ports }: OutsideHost): DestinationRule | undefined {
  const originated = ports.filter(({ originate }) => originate);
  if (originated.length === 0) return undefined;
  const tls = { mode: "SIMPLE" as const, sni: host, subjectAltNames: [host] };
  return new DestinationRule({
    metadata: { name: nameOf(host), namespace },
    spec: {
      ...{ host, exportTo: ["."] },
      trafficPolicy: { portLevelSettings: originated.map(({ port }) => ({ port: { number: port }, tls })) },
    },
  });
}
