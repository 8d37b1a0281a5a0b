import { gatewayFacts } from "../../components/gateway/facts.ts";
import { nameOf } from "../../model/names.ts";
import { sum } from "../../tests/lib/statistics.ts";
import { forBoth } from "../charts/draw.ts";
import { drawGraph, type Graph, type GraphNode } from "../charts/graph.ts";
import { list, many, megabytes } from "../format.ts";
import type { Records } from "../records.ts";
import { type Figure, numbers, section, words } from "./section.ts";

type Platform = Records["platform"];

const gateways = new Set(Object.values(gatewayFacts).map(({ account }) => nameOf(account)));
const split = (workload: string) => workload.split("/") as [namespace: string, name: string];

/** What runs, and who calls whom of it. */
export const platform = section({
  topic: "platform",
  title: "What runs",
  about:
    "A Kubernetes cluster, Istio, its gateway and the applications, as the program made them and as they were counted in the running stack.",
  show: (data) => [architecture(data), callGraph(data)],
});

/** Workloads that requests pass, in their namespaces, and what holds them up. */
function architecture(data: Platform): Figure {
  const pods = sum(Object.values(data.pods));
  const memory = data.memory === undefined ? "" : ` in ${megabytes(data.memory)} of memory`;
  const caption = `${many(data.nodes, "node")} run ${many(pods, "ready pod")} of ${many(Object.keys(data.pods).length, "workload")}${memory}; a dot is a pod.`;
  return {
    title: "The architecture, with what is ready of it",
    caption,
    picture: forBoth((width) =>
      width > 600
        ? drawGraph(caption, architectureGraph(data), "LR")
        : drawGraph(caption, stacked(architectureGraph(data)), "TB"),
    ),
    tables: [
      {
        title: "Ready pods",
        columns: [...words("Namespace", "Workload"), ...numbers("Ready pods")],
        rows: Object.entries(data.pods).map(([workload, ready]) => [...split(workload), String(ready)]),
      },
    ],
  };
}

/** Workloads by themselves, and the pods of each namespace that no request passes in one box. */
export function architectureGraph({ pods, edges }: Platform): Graph {
  const passed = new Set(edges.flatMap(({ from, to }) => [from, to]));
  const others = Object.keys(pods).filter((workload) => !passed.has(workload));
  const gatewaysPassed = [...passed].filter((workload) => gateways.has(workload));
  return {
    nodes: [
      ...(gatewaysPassed.length > 0 ? [{ id: "outside", lines: ["browser, curl"], class: "outside" } as const] : []),
      ...[...passed].map((workload): GraphNode => {
        const [namespace, name] = split(workload);
        const kind = gateways.has(workload) ? "gateway" : "workload";
        return { id: workload, lines: [name, ready(pods[workload] ?? 0)], group: namespace, class: kind };
      }),
      ...[...new Set(others.map((workload) => split(workload)[0]))].map(
        (namespace): GraphNode => ({
          id: `${namespace}/`,
          lines: [
            namespace,
            ...others
              .filter((workload) => split(workload)[0] === namespace)
              .map((workload) => `${split(workload)[1]} ${ready(pods[workload] ?? 0)}`),
          ],
          class: "system",
        }),
      ),
    ],
    edges: [...gatewaysPassed.map((to) => ({ from: "outside", to })), ...edges.map(({ from, to }) => ({ from, to }))],
  };
}

/** The same with what no request passes below all else, one box below the other: a telephone is narrow. */
function stacked({ nodes, edges }: Graph): Graph {
  const last = edges.at(-1)?.to;
  const below = [...(last === undefined ? [] : [last]), ...nodes.filter((node) => node.class === "system").map(({ id }) => id)];
  const order = below.slice(1).map((to, index) => ({ from: below[index] ?? "", to, hidden: true }));
  return { nodes, edges: [...edges, ...order] };
}

function ready(pods: number): string {
  return pods === 0 ? "none ready" : "●".repeat(pods);
}

/** The declared calls, each with what is allowed. */
function callGraph({ edges }: Platform): Figure {
  const callees = [...new Set(edges.map(({ to }) => to))];
  const caption = `${many(edges.length, "call")} to ${many(callees.length, "workload")} ${edges.length === 1 ? "is" : "are"} declared (${list(callees)}); every other one is refused.`;
  return {
    title: "The call graph, from which every policy derives",
    caption,
    picture: forBoth((width) => drawGraph(caption, callGraphOf(edges), width > 600 ? "LR" : "TB")),
    tables: [
      {
        title: "Declared calls",
        columns: words("Caller", "Callee", "Allowed"),
        rows: edges.map(({ from, to, what }) => [from, to, what]),
      },
    ],
  };
}

export function callGraphOf(edges: Platform["edges"]): Graph {
  const workloads = [...new Set(edges.flatMap(({ from, to }) => [from, to]))];
  return {
    nodes: workloads.map((workload) => {
      const [namespace, name] = split(workload);
      return { id: workload, lines: [name, namespace], class: gateways.has(workload) ? "gateway" : "workload" };
    }),
    edges: edges.map(({ from, to, what }) => ({ from, to, lines: what.replace(" /", "\n/").split("\n") })),
  };
}
