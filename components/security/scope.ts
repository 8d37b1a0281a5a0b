import { type ISidecar, Sidecar } from "@kubernetes-models/istio/networking.istio.io/v1";
import type { CallGraph, Edge, Workload } from "../../model/callGraph.ts";
import type { Destination } from "../../model/egress.ts";
import { headlessOf, scopeHost } from "../../model/names.ts";
import { outsideProtocols } from "./outside.ts";

type Listener = NonNullable<NonNullable<ISidecar["spec"]>["egress"]>[number];

/**
 * What the proxy of a workload knows of the mesh and beyond it: its callees, and the hosts that it reaches, on their ports alone.
 * Requests to anything else end in the caller's own pod, and the proxy is not told of changes that do not concern it.
 */
export function sidecarScope(graph: CallGraph, { namespace, name, egress = [] }: Workload): Sidecar {
  const edges = graph.calleesOf({ namespace, name });
  const callees = hostsOf(edges);
  return new Sidecar({
    metadata: { name, namespace },
    spec: {
      workloadSelector: { labels: { app: name } },
      egress: [...outsideListeners(egress, edges), { hosts: callees.length > 0 ? callees : ["~/*"] }],
      outboundTrafficPolicy: { mode: "REGISTRY_ONLY" },
    },
  });
}

function hostsOf(edges: readonly Edge[]): string[] {
  const services = edges.flatMap(({ to }) => [to, ...(to.stateful ? [headlessOf(to)] : [])]);
  return [...new Set(services.map(scopeHost))];
}

/**
 * One for each port on which hosts outside are reached: of these hosts other workloads may reach other ports, or others below the same
 * name. What a port is named for holds for it alone, so callees on it are named there, too.
 */
function outsideListeners(egress: readonly Destination[], edges: readonly Edge[]): Listener[] {
  const ports = new Map(egress.map(({ port, protocol }) => [port, protocol]));
  return [...ports].map(([number, protocol]) => {
    const outside = egress.filter(({ port }) => port === number).flatMap(({ hosts }) => hosts.map((host) => `./${host}`));
    return {
      port: { number, name: `${protocol}-${number}`, protocol: outsideProtocols[protocol] },
      hosts: [...outside, ...hostsOf(edges.filter(({ port }) => port.port === number))],
    };
  });
}
