import * as Plot from "@observablehq/plot";
import { sum } from "../../tests/lib/statistics.ts";
import { chart, forBoth } from "../charts/draw.ts";
import { count, many, number, percent } from "../format.ts";
import type { Html } from "../html.ts";
import type { Records } from "../records.ts";
import { numbers, section, words } from "./section.ts";

type Split = Records["canary"]["splits"][number];

/** The shares of versions, tried. */
export const canary = section({
  topic: "canary",
  title: "Canary",
  about: "Each version gets the share of requests that its weight says, whether clients keep their connections or open new ones.",
  show: ({ splits }) => {
    const caption = captionOf(splits);
    return [
      {
        title: "How far each split was off its weight",
        caption: `${caption} Bars are the bounds within which all fair splits together lie with 99.9 % probability.`,
        picture: forBoth((width) => offWeight(splits, caption, width)),
        tables: [
          {
            title: "Each split",
            columns: [
              ...numbers("Weight of v2"),
              ...words("Connections"),
              ...numbers("Requests", "Answered by v2", "Share of v2", "Bounds at 99.9 %", "Failed"),
            ],
            rows: splits.map(({ weight, connections, requests, v2, least, most, failed }) => [
              `${weight} %`,
              connections,
              count(requests),
              count(v2),
              percent(v2 / requests),
              `${count(least)}–${count(most)}`,
              count(failed),
            ]),
          },
        ],
      },
    ];
  },
});

export const within = ({ v2, least, most }: Split): boolean => v2 >= least && v2 <= most;

/** The picture's sentence. */
export function captionOf(splits: readonly Split[]): string {
  const inside = splits.filter(within).length;
  const failed = sum(splits.map((split) => split.failed));
  const requests = sum(splits.map((split) => split.requests));
  const farthest = Math.max(...splits.map((split) => Math.abs(offBy(split, split.v2))));
  return `${count(inside)} of ${many(splits.length, "split")} over ${many(requests, "request")} lie within their bounds, the farthest ${number(farthest)} points off, and ${count(failed)} requests failed.`;
}

/** Percentage points between a number of answers and the declared share. */
const offBy = ({ weight, requests }: Split, v2: number): number => (v2 / requests) * 100 - weight;

function offWeight(splits: readonly Split[], label: string, width: number): Html {
  const small = width < 600;
  const rows = splits.map((split) => ({
    name: `${100 - split.weight}/${split.weight}, ${split.connections}`,
    least: offBy(split, split.least),
    most: offBy(split, split.most),
    off: offBy(split, split.v2),
    inside: within(split),
    text: small ? percent(split.v2 / split.requests) : `${count(split.v2)} of ${count(split.requests)}`,
  }));
  const farthest = Math.max(1, ...rows.flatMap(({ least, most, off }) => [-least, most, Math.abs(off)])) * 1.05;
  const outside = rows.filter(({ inside }) => !inside);
  return chart(label, {
    width,
    height: 60 + rows.length * 26,
    marginLeft: small ? 84 : 110,
    marginRight: small ? 60 : 120,
    marginTop: 8,
    marginBottom: 42,
    x: {
      domain: [-farthest, farthest],
      label: "points off the declared share of v2",
      labelAnchor: "center",
      labelArrow: "none",
      grid: true,
      ticks: small ? 4 : 8,
    },
    y: { domain: rows.map(({ name }) => name), label: null, tickSize: 0 },
    marks: [
      Plot.ruleX([0], { stroke: "var(--faint)" }),
      Plot.barX(rows, {
        y: "name",
        x1: "least",
        x2: "most",
        fill: "var(--blue)",
        fillOpacity: 0.22,
        insetTop: 3,
        insetBottom: 3,
      }),
      Plot.dot(rows, { y: "name", x: "off", r: 4.5, fill: "var(--blue)" }),
      Plot.dot(outside, { y: "name", x: "off", r: 9, symbol: "times", stroke: "var(--orange)", strokeWidth: 2.5 }),
      Plot.text(rows, { y: "name", text: "text", frameAnchor: "right", textAnchor: "start", dx: 10, fill: "currentColor" }),
    ],
  });
}
