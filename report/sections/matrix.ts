import * as Plot from "@observablehq/plot";
import { chart, forBoth, roomFor, swatches } from "../charts/draw.ts";
import { count, many } from "../format.ts";
import type { Html } from "../html.ts";
import type { MatrixProbe } from "../records.ts";
import { type Figure, numbers, type Row, section, words } from "./section.ts";

/** One caller and one callee, with what was tried between them. */
export interface Pair {
  readonly from: string;
  readonly to: string;
  /** Probes that were answered, as was declared. */
  readonly allowed: number;
  /** Probes that were refused, as was declared. */
  readonly refused: number;
  /** Probes that came back otherwise than was declared. */
  readonly broken: number;
}

/** Who may call whom, tried. */
export const matrix = section({
  topic: "matrix",
  title: "Who may call whom",
  about:
    "Every account tries every workload with what is declared, and with what comes near it: other methods, other paths, and the same paths written otherwise. What is declared is answered, all else refused.",
  show: ({ probes }) => [heatMap(probes)],
});

/** Probes by caller and callee, in the order they were tried. */
export function pairsOf(probes: readonly MatrixProbe[]): Pair[] {
  const keys = [...new Set(probes.map(({ from, to }) => `${from} ${to}`))];
  return keys.map((key) => {
    const own = probes.filter(({ from, to }) => `${from} ${to}` === key);
    const held = own.filter(({ held }) => held);
    const allowed = held.filter(({ allowed }) => allowed).length;
    const [from = "", to = ""] = key.split(" ");
    return { from, to, allowed, refused: held.length - allowed, broken: own.length - held.length };
  });
}

/** The picture's sentence. */
export function captionOf(probes: readonly MatrixProbe[]): string {
  const held = probes.filter(({ held }) => held);
  const allowed = held.filter(({ allowed }) => allowed).length;
  const broken = probes.length - held.length;
  const pairs = pairsOf(probes);
  const verdict = broken === 0 ? "all of them came back as declared" : `${count(broken)} did not come back as declared`;
  return `${many(probes.length, "probe")} between ${many(pairs.length, "pair")}, ${verdict}: ${count(allowed)} answered and ${count(held.length - allowed)} refused.`;
}

function heatMap(probes: readonly MatrixProbe[]): Figure {
  const pairs = pairsOf(probes);
  const caption = captionOf(probes);
  return {
    title: "Callers by callees",
    caption: `${caption} A cell’s colour is stronger the more probes it stands for; a dot is a workload and itself, or one that listens on nothing.`,
    picture: forBoth((width) => cells(pairs, caption, width)),
    legend: swatches(kinds),
    tables: [
      {
        title: "Each pair",
        columns: [...words("Caller", "Callee"), ...numbers("Answered", "Refused", "Not as declared")],
        rows: pairs.map(({ from, to, allowed, refused, broken }) => [from, to, ...[allowed, refused, broken].map(count)]),
      },
      {
        title: `Every probe (${count(probes.length)})`,
        columns: words("Request", "Declared", "Came back", "As declared"),
        rows: [],
        groups: pairs.map((pair) => ({
          title: `${pair.from} → ${pair.to}`,
          rows: probes.filter(({ from, to }) => from === pair.from && to === pair.to).map(rowOf),
        })),
      },
    ],
  };
}

function rowOf({ request, allowed, seen, held }: MatrixProbe): Row {
  return [request, allowed ? "answer" : "refuse", seen, held ? "yes" : "NO"];
}

/** What is said of a cell by its colour, and again in words. */
const kinds = [
  { name: "some requests answered (✓), as declared", colour: "var(--blue)" },
  { name: "all refused (✕), as declared", colour: "var(--grey)" },
  { name: "some not as declared (!)", colour: "var(--orange)" },
] as const;

function kindOf({ allowed, broken }: Pair): (typeof kinds)[number] {
  if (broken > 0) return kinds[2];
  return allowed > 0 ? kinds[0] : kinds[1];
}

function cells(pairs: readonly Pair[], label: string, width: number): Html {
  const callers = [...new Set(pairs.map(({ from }) => from))];
  const callees = [...new Set(pairs.map(({ to }) => to))];
  const most = Math.max(...pairs.map(tried));
  const none = callers.flatMap((from) =>
    callees.filter((to) => !pairs.some((pair) => pair.from === from && pair.to === to)).map((to) => ({ from, to })),
  );
  const small = width < 600;
  const lines = (pair: Pair) =>
    [
      pair.allowed > 0 && `${count(pair.allowed)} ${small ? "✓" : "answered"}`,
      pair.refused > 0 && `${count(pair.refused)} ${small ? "✕" : "refused"}`,
      pair.broken > 0 && `${count(pair.broken)} ${small ? "!" : "not as declared"}`,
    ]
      .filter(Boolean)
      .join("\n");
  return chart(label, {
    width,
    style: { fontSize: small ? "11px" : "12px" },
    height: 60 + callers.length * 52,
    marginLeft: roomFor(callers.map(twoLines)) * (small ? 0.92 : 1),
    marginTop: 46,
    marginBottom: 4,
    marginRight: 2,
    x: { domain: callees, axis: "top", label: null, tickSize: 0, tickFormat: twoLines, padding: 0.04 },
    y: { domain: callers, label: null, tickSize: 0, tickFormat: twoLines, padding: 0.06 },
    marks: [
      Plot.cell(pairs, {
        x: "to",
        y: "from",
        fill: (pair: Pair) => kindOf(pair).colour,
        fillOpacity: (pair: Pair) => 0.14 + 0.36 * (tried(pair) / most),
        rx: 3,
        title: (pair: Pair) => `${pair.from} → ${pair.to}: ${kindOf(pair).name}`,
      }),
      Plot.cell(pairs, { x: "to", y: "from", stroke: (pair: Pair) => kindOf(pair).colour, strokeWidth: 1, fill: "none", rx: 3 }),
      Plot.text(pairs, { x: "to", y: "from", text: lines, fill: "currentColor", lineHeight: 1.25 }),
      Plot.text(none, { x: "to", y: "from", text: () => "·", fill: "var(--faint)", fontSize: 18 }),
    ],
    color: { type: "identity" },
    opacity: { type: "identity" },
  });
}

const tried = ({ allowed, refused, broken }: Pair): number => allowed + refused + broken;

/** A workload's name, and its namespace below. */
function twoLines(workload: string): string {
  const [namespace, name] = workload.split("/");
  return `${name}\n${namespace}`;
}
