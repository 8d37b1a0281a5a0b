import { Graphviz } from "@hpcc-js/wasm-graphviz";
import type { Html } from "../html.ts";
import { pictureOf } from "./draw.ts";

/*
 * Graphs, laid out by Graphviz. It takes colours as its own names alone, so each part has a class and the page's style
 * sheet colours it.
 */

export interface GraphNode {
  readonly id: string;
  /** Lines of text; the first is bold. */
  readonly lines: readonly string[];
  /** The box it lies in, by its title; none where left out. */
  readonly group?: string;
  readonly class?: "outside" | "gateway" | "workload" | "system";
}

export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  /** Lines of text beside it. */
  readonly lines?: readonly string[];
  /** Not drawn: the one is only to lie behind the other. */
  readonly hidden?: boolean;
}

export interface Graph {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
}

const graphviz = await Graphviz.load();

/** Draws a graph: from left to right for a page, from above to below for a telephone. */
export function drawGraph(label: string, graph: Graph, direction: "LR" | "TB"): Html {
  return pictureOf(graphviz.dot(dotOf(graph, direction)).replace(/(width|height)="(\d+)pt"/g, '$1="$2"'), label);
}

/** The graph in Graphviz's language. */
export function dotOf({ nodes, edges }: Graph, direction: "LR" | "TB"): string {
  const groups = [...new Set(nodes.flatMap(({ group }) => group ?? []))];
  const own = (wanted: string | undefined) => nodes.filter(({ group }) => group === wanted).map(node);
  const near = direction === "LR" ? "nodesep=0.25 ranksep=0.6" : "nodesep=0.15 ranksep=0.35";
  return [
    `digraph {`,
    `graph [rankdir=${direction} ${near} bgcolor=transparent pad=0.05 fontname="DejaVu Sans" fontsize=11]`,
    `node [shape=box style=rounded fontname="DejaVu Sans" fontsize=12 margin="0.12,0.07" height=0.3]`,
    `edge [fontname="DejaVu Sans" fontsize=11 arrowsize=0.7]`,
    ...own(undefined),
    ...groups.flatMap((group, index) => [
      `subgraph cluster_${index} { label=${quote(group)} labeljust=l style=rounded margin=10`,
      ...own(group),
      `}`,
    ]),
    ...edges.map(
      ({ from, to, lines = [], hidden }) =>
        `${quote(from)} -> ${quote(to)} [label=${quote(lines.join("\n"))}${hidden ? " style=invis" : ""}]`,
    ),
    `}`,
  ].join("\n");
}

function node({ id, lines: [first = "", ...rest], class: name = "workload" }: GraphNode): string {
  const label = [`<b>${entities(first)}</b>`, ...rest.map(entities)].join("<br/>");
  return `${quote(id)} [class=${name} label=<${label}>]`;
}

/** A string in quotes; a new line is centred. */
function quote(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&").replaceAll("\n", "\\n")}"`;
}

function entities(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
