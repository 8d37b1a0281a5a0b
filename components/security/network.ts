import type * as k8s from "@pulumi/kubernetes";
import type { CallGraph, Edge, Workload } from "../../model/callGraph.ts";
import { type Destination, neverOutside } from "../../model/egress.ts";
import type { GatewayPorts } from "../../model/gateway.ts";
import type { Account } from "../../model/names.ts";

/*
 * What may be said on the network, below the mesh. Probes need no rule: a pod's own node always reaches it, which is also
 * why kubelet's requests to the proxy (15020, 15021) work. A policy sees pods and their ports, never Services.
 */

type Spec = k8s.types.input.networking.v1.NetworkPolicySpec;
type Peer = k8s.types.input.networking.v1.NetworkPolicyPeer;
type Ingress = k8s.types.input.networking.v1.NetworkPolicyIngressRule;
export type Egress = k8s.types.input.networking.v1.NetworkPolicyEgressRule;

/** Neither in nor out, for every pod of a namespace that no other policy selects. */
export const denyAll: Spec = { podSelector: {}, policyTypes: ["Ingress", "Egress"] };

const port = (number: number, protocol: "TCP" | "UDP" = "TCP") => ({ port: number, protocol });
const inNamespace = (namespace: string) => ({ matchLabels: { "kubernetes.io/metadata.name": namespace } });

const podsOf = ({ namespace, name }: Account): Peer => ({
  namespaceSelector: inNamespace(namespace),
  podSelector: { matchLabels: { app: name } },
});

/** Whom pods have to do with besides each other: what differs from cluster to cluster. */
export interface Surroundings {
  /** Pods that read metrics, from any pod. @default nobody */
  readonly scrapers?: readonly Scraper[];
  /** Addresses that answer questions for names besides the cluster's own DNS pods and each node's cache, in CIDR notation. @default none */
  readonly dnsAddresses?: readonly string[];
  /** Whether names are OpenShift's business: its DNS has its own namespace and port. @default false */
  readonly openshiftDns?: boolean;
  /** Addresses of pods, Services and nodes, in CIDR notation: not outside. @default all that are private */
  readonly clusterRanges?: readonly string[];
  /** Ports of the API server besides 443 and 6443. @default none */
  readonly apiServerPorts?: readonly number[];
}

/** Pods that read metrics: those of a namespace that have these labels. */
export interface Scraper {
  readonly namespace: string;
  /** @default any pod of the namespace */
  readonly podLabels?: Readonly<Record<string, string>>;
}

/** Where a proxy's agent offers all metrics of its pod, and where Envoy offers its own. Neither goes through the proxy. */
const metricsPorts = [15020, 15090];

/** Lets who reads metrics in to these ports and the proxy's, and to nothing else. */
function scraping({ scrapers = [] }: Surroundings, ports: readonly number[] = []): Ingress[] {
  if (scrapers.length === 0) return [];
  const from = scrapers.map(
    ({ namespace, podLabels = {} }): Peer => ({
      namespaceSelector: inNamespace(namespace),
      ...(Object.keys(podLabels).length > 0 && { podSelector: { matchLabels: { ...podLabels } } }),
    }),
  );
  return [{ from, ports: [...ports, ...metricsPorts].map((number) => port(number)) }];
}

/** Where each node's own cache of names answers (NodeLocal DNS): an address that no packet leaves its node with. */
const nodeLocalDns = "169.254.20.10/32";

/** The cluster's DNS: its pods, the cache of each node, and where a cluster says it answers besides. */
function names({ dnsAddresses = [], openshiftDns = false }: Surroundings): Egress[] {
  const pods = { namespaceSelector: inNamespace("kube-system"), podSelector: { matchLabels: { "k8s-app": "kube-dns" } } };
  const addresses = [nodeLocalDns, ...dnsAddresses].map((cidr) => ({ ipBlock: { cidr } }));
  const usual = { to: [pods, ...addresses], ports: [port(53, "UDP"), port(53)] };
  const podSelector = { matchLabels: { "dns.operator.openshift.io/daemonset-dns": "default" } };
  const openshift = {
    to: [{ namespaceSelector: inNamespace("openshift-dns"), podSelector }],
    ports: [port(5353, "UDP"), port(5353)],
  };
  return [usual, ...(openshiftDns ? [openshift] : [])];
}

/** What any pod with a proxy needs: names, and its certificates and routes from whichever control plane it belongs to. */
const proxyNeeds = (surroundings: Surroundings): Egress[] => [
  ...names(surroundings),
  // No revision: during an upgrade pods of both find theirs.
  {
    to: [{ namespaceSelector: inNamespace("istio-system"), podSelector: { matchLabels: { app: "istiod" } } }],
    ports: [port(15012)],
  },
];

/** Each callee once, however many operations are declared. */
function toCallees(edges: readonly Edge[]): Egress[] {
  const rules = edges.map((edge): Egress => ({ to: [podsOf(edge.to)], ports: [port(edge.port.target)] }));
  return unique(rules);
}

/** Addresses that no other network has: without it being said, the cluster's own may be any of these. */
const privateRanges = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"];

/** Anywhere outside the cluster, in the families of addresses that it has. */
function outside({ clusterRanges: given = [] }: Surroundings): Peer[] {
  // Of no peers at all a policy says that they are all.
  const clusterRanges = given.length > 0 ? given : privateRanges;
  const isIPv6 = (range: string) => range.includes(":");
  const isIPv4 = (range: string) => !isIPv6(range);
  const families = [
    { cidr: "0.0.0.0/0", own: clusterRanges.filter(isIPv4), node: neverOutside.filter(isIPv4) },
    { cidr: "::/0", own: clusterRanges.filter(isIPv6), node: neverOutside.filter(isIPv6) },
  ];
  return families.flatMap(({ cidr, own, node }) => (own.length > 0 ? [{ ipBlock: { cidr, except: [...own, ...node] } }] : []));
}

/** Out to hosts outside: where they are said to be, or anywhere. */
export function toOutside(
  destinations: readonly Pick<Destination, "addresses" | "target">[],
  surroundings: Surroundings,
): Egress[] {
  const rules = destinations.map(({ addresses, target }): Egress => {
    const to = addresses ? addresses.map((cidr) => ({ ipBlock: { cidr } })) : outside(surroundings);
    return { to, ports: [port(target)] };
  });
  return unique(rules);
}

/** In from the callers of one workload, and out to its callees and the hosts that it reaches. */
export function peersOf(graph: CallGraph, workload: Workload, surroundings: Surroundings = {}): Spec {
  const edges = graph.callersOf(workload);
  const called = workload.ports.flatMap(({ target }): Ingress[] => {
    const callers = edges.filter((edge) => edge.port.target === target);
    const peers = callers.map(({ from, gateway }) =>
      gateway ? { namespaceSelector: inNamespace(from.namespace) } : podsOf(from),
    );
    return peers.length > 0 ? [{ from: unique(peers), ports: [port(target)] }] : [];
  });
  const ingress = [...called, ...scraping(surroundings)];
  return {
    podSelector: { matchLabels: { app: workload.name } },
    policyTypes: ["Ingress", "Egress"],
    ...(ingress.length > 0 && { ingress }),
    egress: [
      ...proxyNeeds(surroundings),
      ...toCallees(graph.calleesOf(workload)),
      ...toOutside(workload.egress ?? [], surroundings),
    ],
  };
}

/** Out to all pods of a namespace, on whichever port: a Service does not tell which of theirs it leads to. */
export const toNamespace = (namespace: string): Egress => ({ to: [{ namespaceSelector: inNamespace(namespace) }] });

/** In from anywhere on a gateway's listeners, and out to what it offers and reaches; besides that to some ports of anybody. */
export function gatewayPeers(
  graph: CallGraph,
  account: Account,
  { listeners, metrics, dials }: GatewayPorts,
  surroundings: Surroundings = {},
  reached: readonly Egress[] = [],
): Spec {
  return {
    podSelector: {},
    policyTypes: ["Ingress", "Egress"],
    ingress: [{ ports: listeners.map((number) => port(number)) }, ...scraping(surroundings, metrics)],
    egress: [
      ...proxyNeeds(surroundings),
      ...toCallees(graph.calleesOf(account)),
      ...(dials.length > 0 ? [{ ports: dials.map((number) => port(number)) }] : []),
      ...reached,
    ],
  };
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Map(values.map((value) => [JSON.stringify(value), value])).values()];
}
