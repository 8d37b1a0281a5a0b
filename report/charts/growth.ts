import * as Plot from "@observablehq/plot";
import { leastSquares } from "../../tests/lib/statistics.ts";
import type { Html } from "../html.ts";
import type { Rounds } from "../records.ts";
import { chart, line, type Series } from "./draw.ts";

/** Values of one kind at several sizes. */
export interface Curve {
  readonly look: Series;
  /** Of the straight line that fits best; none where left out. */
  readonly straight?: Series;
  readonly points: readonly { readonly size: number; readonly value: Rounds }[];
}

/**
 * How something grows with the number of services: medians on lines, and the least and the most at each.
 *
 * @param unit - writes a value with its unit.
 * @param width - in pixels.
 */
export function growthChart(label: string, curves: readonly Curve[], unit: (value: number) => string, width: number): Html {
  const all = curves.flatMap(({ points }) => points);
  const sizes = [...new Set(all.map(({ size }) => size))];
  const largest = Math.max(...sizes);
  return chart(label, {
    width,
    height: 210,
    marginLeft: 66,
    marginRight: 24,
    marginTop: 12,
    marginBottom: 36,
    x: { domain: [0, largest], label: "services", labelArrow: "none", ticks: spaced(sizes, largest), tickFormat: String },
    y: {
      domain: [0, Math.max(...all.map(({ value }) => value.most)) * 1.05],
      label: null,
      tickFormat: unit,
      ticks: 5,
      grid: true,
    },
    marks: curves.map(({ look, straight, points }) => [
      straight ? fitted(points, straight) : [],
      Plot.ruleX(points, {
        x: "size",
        y1: ({ value }: Point) => value.least,
        y2: ({ value }: Point) => value.most,
        stroke: look.colour,
        strokeWidth: 5,
        strokeOpacity: 0.3,
      }),
      line(
        points.map(({ size, value }) => [size, value.median] as const),
        look,
      ),
    ]),
  });
}

type Point = Curve["points"][number];

function fitted(points: readonly Point[], { colour, dash }: Series): Plot.Markish {
  const medians = points.map(({ size, value }) => [size, value.median] as const);
  const ends = [Math.min(...medians.map(([size]) => size)), Math.max(...medians.map(([size]) => size))];
  const { slope, start } = leastSquares(medians);
  return Plot.line(
    ends.map((size) => [size, start + slope * size]),
    { stroke: colour, strokeDasharray: dash, strokeWidth: 1.5 },
  );
}

/** Those of the sizes that are far enough from the one before to be written beside it. */
function spaced(sizes: readonly number[], largest: number): number[] {
  return sizes.filter((size, index) => index === 0 || size - (sizes[index - 1] ?? 0) > largest / 12);
}
