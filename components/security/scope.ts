import { Sidecar } from "@kubernetes-models/istio/networking.istio.io/v1";
import type { CallGraph, Workload } from "../../model/callGraph.ts";
import { serviceHost } from "../../model/names.ts";

/**
 * What the proxy of a workload knows of the mesh: its callees. Requests to anything else end in the caller's own pod, and
 * the proxy is not told of changes that do not concern it.
 */
export function sidecarScope(graph: CallGraph, { namespace, name }: Workload): Sidecar {
  const callees = graph.calleesOf({ namespace, name }).map(({ to }) => `${to.namespace}/${serviceHost(to)}`);
  return new Sidecar({
    metadata: { name, namespace },
    spec: {
      workloadSelector: { labels: { app: name } },
      egress: [{ hosts: callees.length > 0 ? [...new Set(callees)] : ["~/*"] }],
      outboundTrafficPolicy: { mode: "REGISTRY_ONLY" },
    },
  });
}
