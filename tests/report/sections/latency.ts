import * as Plot from "@observablehq/plot";
import { chart, forBoth, legend, seriesOf, sideBySide } from "../charts/draw.ts";
import { count, list, milliseconds, rounds } from "../format.ts";
import type { Html } from "../html.ts";
import type { Records } from "../records.ts";
import { type Figure, numbers, section, words } from "./section.ts";

type Rate = Records["latency"]["rates"][number];

const percentiles = ["p50", "p90", "p99"] as const;
const looks = seriesOf(["without the mesh", "with the mesh"]);

/** What the mesh adds to an answer's time. */
export const latency = section({
  topic: "latency",
  title: "Latency",
  about:
    "The same service is asked from within the cluster at constant rates, with sidecars on both sides and without any, by turns.",
  show: ({ rates }) => [distributions(rates), additions(rates)],
});

function distributions(rates: readonly Rate[]): Figure {
  const caption = `Of ${count(Math.max(...rates.map(({ mesh }) => mesh.all.count)))} answers at most on each side: ${list(rates.map(({ rate, plain, mesh }) => `at ${count(rate)}/s half came within ${milliseconds(plain.p50.median)} without the mesh and ${milliseconds(mesh.p50.median)} with it`))}.`;
  return {
    title: "How many answers came within which time",
    caption,
    picture: sideBySide(
      rates.map((rate) => ({ title: `${count(rate.rate)} requests a second`, draw: (width) => curves(rate, width) })),
    ),
    legend: legend(looks),
    tables: [
      {
        title: "Percentiles: medians of the rounds, with the least and the most",
        columns: [...numbers("Requests/s"), ...words("Percentile"), ...numbers("Without", "With", "Added")],
        rows: rates.flatMap(({ rate, plain, mesh, added }) =>
          percentiles.map((which) => [
            count(rate),
            which,
            ...[plain[which], mesh[which], added[which]].map((one) => rounds(one, milliseconds)),
          ]),
        ),
      },
    ],
  };
}

/** The picture's sentence. */
export function captionOf(rates: readonly Rate[]): string {
  const parts = rates.map(
    ({ rate, added }) =>
      `${milliseconds(added.p50.median)} at p50 and ${milliseconds(added.p99.median)} at p99 at ${count(rate)}/s`,
  );
  return `Two sidecars add ${list(parts)}: medians of ${rates[0]?.added.p50.rounds.length ?? 0} rounds, with the least and the most.`;
}

function additions(rates: readonly Rate[]): Figure {
  const caption = captionOf(rates);
  return {
    title: "What the mesh adds",
    caption,
    picture: forBoth((width) => added(rates, caption, width)),
    tables: [
      {
        title: "Each round",
        columns: [...numbers("Requests/s"), ...words("Percentile"), ...numbers("Added in each round, in ms")],
        rows: rates.flatMap(({ rate, added }) =>
          percentiles.map((which) => [count(rate), which, added[which].rounds.map((value) => value.toFixed(3)).join("  ")]),
        ),
      },
    ],
  };
}

/** Both distributions at one rate, up to where 99.5 % of the slower one are. */
function curves({ rate, plain, mesh }: Rate, width: number): Html {
  const most = Math.max(...[plain, mesh].map(({ all }) => all.cumulative.find(([, share]) => share >= 0.995)?.[0] ?? all.p99));
  return chart(`Shares of answers by their time at ${count(rate)} requests a second, with and without the mesh`, {
    width,
    height: 220,
    marginLeft: 46,
    marginTop: 10,
    marginRight: 14,
    marginBottom: 36,
    x: { domain: [0, most], label: "milliseconds", labelArrow: "none", ticks: 5, grid: true },
    y: {
      domain: [0, 1],
      label: null,
      tickFormat: (share: number) => `${share * 100} %`,
      ticks: [0, 0.25, 0.5, 0.75, 1],
      grid: true,
    },
    marks: [plain, mesh].map(({ all }, index) => {
      const { colour = "", dash = "" } = looks[index] ?? {};
      const points = [[all.cumulative[0]?.[0] ?? 0, 0] as const, ...all.cumulative.filter(([upTo]) => upTo <= most)];
      return [
        Plot.line(points, { stroke: colour, strokeWidth: 2, strokeDasharray: dash }),
        percentiles.map((which) =>
          Plot.dot([[all[which], Number(which.slice(1)) / 100]], {
            symbol: looks[index]?.symbol ?? "circle",
            fill: colour,
            r: 4,
          }),
        ),
      ];
    }),
  });
}

function added(rates: readonly Rate[], label: string, width: number): Html {
  const rows = rates.flatMap(({ rate, added }) =>
    percentiles.map((which) => ({ rate: `${count(rate)}/s`, which, ...added[which], text: milliseconds(added[which].median) })),
  );
  const [from, to] = [Math.min(0, ...rows.map(({ least }) => least)), Math.max(...rows.map(({ most }) => most))];
  return chart(label, {
    width,
    height: 44 + rows.length * 26,
    marginLeft: 96,
    marginRight: 70,
    marginTop: 4,
    marginBottom: 38,
    x: { domain: [from, to], label: "milliseconds added", labelArrow: "none", grid: true, ticks: width > 600 ? 8 : 4 },
    y: { domain: percentiles, label: null, tickSize: 0 },
    fy: { domain: rates.map(({ rate }) => `${count(rate)}/s`), axis: null, padding: 0.12 },
    marks: [
      Plot.ruleX([0], { stroke: "var(--faint)" }),
      Plot.text(
        rows.filter(({ which }) => which === "p50"),
        { fy: "rate", y: "which", text: "rate", frameAnchor: "left", textAnchor: "start", dx: -96, fill: "currentColor" },
      ),
      Plot.ruleY(rows, {
        fy: "rate",
        y: "which",
        x1: "least",
        x2: "most",
        stroke: "var(--orange)",
        strokeWidth: 5,
        strokeOpacity: 0.35,
      }),
      Plot.dot(rows, { fy: "rate", y: "which", x: "median", fill: "var(--orange)", symbol: "square", r: 4 }),
      Plot.text(rows, {
        fy: "rate",
        y: "which",
        text: "text",
        frameAnchor: "right",
        textAnchor: "start",
        dx: 8,
        fill: "currentColor",
      }),
    ],
  });
}
