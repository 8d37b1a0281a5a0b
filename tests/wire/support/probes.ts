import { kubeGet } from "../../lib/runningStack.ts";
import { withCallers } from "./inside/pods.ts";
import type { Probe, Seen } from "./inside/protocol.ts";

/** A pod behind a Service, and the port on which it listens for it. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

interface EndpointSlice {
  readonly metadata: { readonly namespace: string; readonly labels: Readonly<Record<string, string>> };
  readonly ports: readonly { readonly port: number }[] | null;
  readonly endpoints:
    | readonly { readonly addresses: readonly string[]; readonly conditions: { readonly ready?: boolean } }[]
    | null;
}

/** The ready pods of workloads, both as `namespace/name`, on each port of their Services. */
export async function endpointsOf(workloads: readonly string[]): Promise<Map<string, readonly Endpoint[]>> {
  const { items } = await kubeGet<{ items: EndpointSlice[] }>("endpointslices", "--all-namespaces");
  const endpoints = (workload: string) =>
    items
      .filter(({ metadata }) => `${metadata.namespace}/${metadata.labels["kubernetes.io/service-name"]}` === workload)
      .flatMap(({ endpoints, ports }) =>
        (endpoints ?? [])
          .filter(({ conditions }) => conditions.ready !== false)
          .flatMap(({ addresses: [host = ""] }) => (ports ?? []).map(({ port }) => ({ host, port }))),
      );
  return new Map(workloads.map((workload) => [workload, endpoints(workload)]));
}

/**
 * Sends each caller's probes from a pod of its own that has the caller's account, and so its identity in the mesh.
 *
 * @param asked - probes by caller, as `namespace/account`.
 * @param past - addresses that are asked past the proxies of the callers' pods.
 * @returns what was seen, in the order of the probes.
 */
export function sendProbes(
  asked: ReadonlyMap<string, readonly Probe[]>,
  past: readonly string[],
): Promise<Map<string, readonly Seen[]>> {
  const callers = [...asked];
  return withCallers(
    callers.map(([account]) => ({ account, past })),
    async (askers) => {
      const seen = await Promise.all(askers.map((asker, index) => asker.probe(callers[index]?.[1] ?? [])));
      return new Map(callers.map(([account], index) => [account, seen[index] ?? []]));
    },
  );
}
