import * as Plot from "@observablehq/plot";
import type { Html } from "../html.ts";
import { chart, roomFor } from "./draw.ts";

/** Whether a chart is drawn for a telephone. */
const isSmall = (width: number) => width < 600;

/** Options of a chart of named rows. Where there is no room beside a row, its name stands above it: {@link namesAbove}. */
export function rowsFrame(names: readonly string[], width: number) {
  const small = isSmall(width);
  return {
    width,
    height: 44 + names.length * (small ? 40 : 26),
    // On a telephone, for half of the first number below.
    marginLeft: small ? 14 : roomFor(names),
    marginTop: 4,
    marginBottom: 38,
    x: { labelArrow: "none", grid: true, ticks: small ? 4 : 8 },
    y: { domain: names, label: null, tickSize: 0, axis: small ? null : "left" },
  } as const;
}

/** The names of the rows on a telephone, so many pixels above their middle; elsewhere nothing. */
export function namesAbove(names: readonly string[], width: number, pixels: number): Plot.Markish[] {
  if (!isSmall(width)) return [];
  const text = { y: (name: string) => name, text: (name: string) => name };
  return [Plot.text(names, { ...text, frameAnchor: "left", textAnchor: "start", dy: -pixels, fill: "currentColor" })];
}

/** A row of {@link spansChart}, from when to when, in seconds. */
export interface SpanRow {
  readonly what: string;
  readonly from: number;
  readonly to: number;
  readonly colour: string;
  /** Behind its bar. */
  readonly text: string;
}

/** What was under way when, one below the other. */
export function spansChart(label: string, rows: readonly SpanRow[], width: number): Html {
  const small = isSmall(width);
  const names = rows.map(({ what }) => what);
  const { x, y, ...frame } = rowsFrame(names, width);
  return chart(label, {
    ...frame,
    marginRight: 50,
    x: { ...x, domain: [0, Math.max(...rows.map(({ to }) => to))], label: "seconds" },
    y: { ...y, padding: 0 },
    marks: [
      Plot.barX(rows, { y: "what", x1: "from", x2: "to", fill: "colour", insetTop: small ? 20 : 5, insetBottom: 5, rx: 1 }),
      Plot.text(rows, { y: "what", x: "to", text: "text", textAnchor: "start", dx: 6, dy: small ? 8 : 0, fill: "currentColor" }),
      namesAbove(names, width, 10),
    ],
    color: { type: "identity" },
  });
}
