import * as Plot from "@observablehq/plot";
import { quantile } from "../../tests/lib/statistics.ts";
import { chart, ink, roomFor } from "../charts/draw.ts";
import { milliseconds } from "../format.ts";
import type { Html } from "../html.ts";

/** Measurements of one kind, in milliseconds. */
export interface Row {
  readonly name: string;
  readonly values: readonly number[];
}

export interface DotOptions {
  readonly width: number;
  /** Shares (0–1) of the values at or below a place that is marked. */
  readonly shares: readonly number[];
  /** What is promised at most, in milliseconds. */
  readonly limit?: number;
}

/** A dot for each measurement, in a row for each kind of them, with marks at some of their percentiles. */
export function dotRows(label: string, rows: readonly Row[], { width, shares, limit }: DotOptions): Html {
  const dots = rows.flatMap(({ name, values }) => values.map((value) => ({ name, value })));
  const ends = rows.flatMap(({ name, values }) => shares.map((share) => ({ name, value: quantile(values, share) })));
  const most = Math.max(...dots.map(({ value }) => value), limit ?? 0);
  return chart(label, {
    width,
    height: 44 + rows.length * 62,
    marginLeft: roomFor(rows.map(({ name }) => name)),
    marginRight: 24,
    marginTop: limit === undefined ? 4 : 22,
    marginBottom: 38,
    x: {
      domain: [0, most * 1.02],
      label: "after the write",
      labelArrow: "none",
      tickFormat: (value: number) => (value === 0 ? "0" : milliseconds(value)),
      ticks: width > 600 ? 8 : 3,
      grid: true,
    },
    y: { domain: rows.map(({ name }) => name), label: null, tickSize: 0, padding: 0.1 },
    marks: [
      limit === undefined
        ? []
        : [
            Plot.ruleX([limit], { stroke: "var(--orange)", strokeWidth: 1.5, strokeDasharray: "5 3" }),
            Plot.text([limit], {
              x: (value: number) => value,
              text: () => `at most ${milliseconds(limit)}`,
              frameAnchor: "top",
              lineAnchor: "bottom",
              textAnchor: "end",
              dy: -5,
              fill: "currentColor",
            }),
          ],
      Plot.dot(dots, { y: "name", x: "value", r: 4.5, fill: "var(--blue)", fillOpacity: 0.5, stroke: "var(--blue)" }),
      Plot.tickX(ends, { y: "name", x: "value", stroke: "currentColor", strokeWidth: 1.5, insetTop: 14, insetBottom: 14 }),
      Plot.text(rows, {
        y: "name",
        text: ({ values }: Row) => shares.map((share) => said(values, share)).join(", "),
        frameAnchor: "left",
        lineAnchor: "bottom",
        textAnchor: "start",
        dx: 4,
        dy: -14,
        ...ink,
      }),
    ],
  });
}

function said(values: readonly number[], share: number): string {
  return `${share === 1 ? "worst" : `p${share * 100}`} ${milliseconds(quantile(values, share))}`;
}
