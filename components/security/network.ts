import type * as k8s from "@pulumi/kubernetes";
import type { Account, CallGraph, Edge, Workload } from "./CallGraph.ts";

/*
 * What may be said on the network, below the mesh. Probes need no rule: a pod's own node always reaches it, which is also
 * why kubelet's requests to the proxy (15020, 15021) work. A policy sees pods and their ports, never Services.
 */

type Spec = k8s.types.input.networking.v1.NetworkPolicySpec;
type Peer = k8s.types.input.networking.v1.NetworkPolicyPeer;
type Egress = k8s.types.input.networking.v1.NetworkPolicyEgressRule;

/** Neither in nor out, for every pod of a namespace that no other policy selects. */
export const denyAll: Spec = { podSelector: {}, policyTypes: ["Ingress", "Egress"] };

const port = (number: number, protocol: "TCP" | "UDP" = "TCP") => ({ port: number, protocol });
const inNamespace = (namespace: string) => ({ matchLabels: { "kubernetes.io/metadata.name": namespace } });

const podsOf = ({ namespace, name }: Account): Peer => ({
  namespaceSelector: inNamespace(namespace),
  podSelector: { matchLabels: { app: name } },
});

/** What any pod with a proxy needs: names, and its certificates and routes from whichever control plane it belongs to. */
const proxyNeeds: Egress[] = [
  {
    to: [{ namespaceSelector: inNamespace("kube-system"), podSelector: { matchLabels: { "k8s-app": "kube-dns" } } }],
    ports: [port(53, "UDP"), port(53)],
  },
  // No revision: during an upgrade pods of both find theirs.
  {
    to: [{ namespaceSelector: inNamespace("istio-system"), podSelector: { matchLabels: { app: "istiod" } } }],
    ports: [port(15012)],
  },
];

/** Each callee once, however many operations are declared. */
function toCallees(edges: readonly Edge[]): Egress[] {
  const rules = edges.map(({ to }): Egress => ({ to: [podsOf(to)], ports: [port(to.listens.containerPort)] }));
  return unique(rules);
}

/** In from the callers and out to the callees of one workload. */
export function peersOf(graph: CallGraph, workload: Workload): Spec {
  const { listens } = workload;
  const callers = graph
    .callersOf(workload)
    .map(({ from, gateway }) => (gateway ? { namespaceSelector: inNamespace(from.namespace) } : podsOf(from)));
  return {
    podSelector: { matchLabels: { app: workload.name } },
    policyTypes: ["Ingress", "Egress"],
    ...(listens && callers.length > 0 && { ingress: [{ from: unique(callers), ports: [port(listens.containerPort)] }] }),
    egress: [...proxyNeeds, ...toCallees(graph.calleesOf(workload))],
  };
}

/** In from anywhere on a gateway's listeners, and out to what it offers; besides that to some ports of anybody. */
export function gatewayPeers(graph: CallGraph, account: Account, listeners: readonly number[], dials: readonly number[]): Spec {
  return {
    podSelector: {},
    policyTypes: ["Ingress", "Egress"],
    ingress: [{ ports: listeners.map((number) => port(number)) }],
    egress: [
      ...proxyNeeds,
      ...toCallees(graph.calleesOf(account)),
      ...(dials.length > 0 ? [{ ports: dials.map((number) => port(number)) }] : []),
    ],
  };
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Map(values.map((value) => [JSON.stringify(value), value])).values()];
}
