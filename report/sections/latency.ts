import * as Plot from "@observablehq/plot";
import { chart, legend, roomFor, seriesOf, sideBySide } from "../charts/draw.ts";
import { count, list, milliseconds, number, rounds } from "../format.ts";
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
  const halves = rates.map(
    ({ rate, plain, mesh }) =>
      `${milliseconds(plain.p50.median)} without the mesh and ${milliseconds(mesh.p50.median)} with it at ${count(rate)}/s`,
  );
  const most = Math.max(...rates.map(({ mesh }) => mesh.all.count));
  const caption = `Half of the answers came within ${list(halves)}; up to ${count(most)} answers on each side. Marks are p50, p90 and p99 of all rounds together.`;
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
        columns: [...numbers("Requests/s"), ...words("Percentile"), ...numbers("Without", "With", "Added", "Times as long")],
        rows: rates.flatMap(({ rate, plain, mesh, added, ratio }) =>
          percentiles.map((which) => [
            count(rate),
            which,
            ...[plain[which], mesh[which], added[which]].map((one) => rounds(one, milliseconds)),
            rounds(ratio[which], number),
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
  return {
    title: "What the mesh adds",
    caption: captionOf(rates),
    picture: sideBySide(percentiles.map((which) => ({ title: which, draw: (width) => added(rates, which, width) }))),
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

/** Both distributions at one rate, up to where 99.5 % of the slower one are; times by their ratios, as tails are long. */
function curves({ rate, plain, mesh }: Rate, width: number): Html {
  const sides = [plain, mesh].map(({ all }) => all);
  const from = Math.min(...sides.map(({ cumulative, p50 }) => cumulative[0]?.[0] ?? p50));
  const to = Math.max(...sides.map(({ cumulative, p99 }) => cumulative.find(([, share]) => share >= 0.995)?.[0] ?? p99));
  return chart(`Shares of answers by their time at ${count(rate)} requests a second, with and without the mesh`, {
    width,
    height: 220,
    marginLeft: 52,
    marginTop: 10,
    marginRight: 14,
    marginBottom: 36,
    x: {
      type: "log",
      domain: [from, to],
      label: "milliseconds",
      labelArrow: "none",
      ticks: round(from, to),
      tickFormat: number,
      grid: true,
    },
    y: {
      domain: [0, 1],
      label: null,
      tickFormat: (share: number) => `${share * 100} %`,
      ticks: [0, 0.25, 0.5, 0.75, 1],
      grid: true,
    },
    marks: sides.map((all, index) => {
      const { colour = "", dash = "", symbol = "circle" } = looks[index] ?? {};
      const points = [[all.cumulative[0]?.[0] ?? from, 0] as const, ...all.cumulative.filter(([upTo]) => upTo <= to)];
      return [
        Plot.line(points, { stroke: colour, strokeWidth: 2, strokeDasharray: dash }),
        Plot.dot(
          percentiles.map((which) => [all[which], Number(which.slice(1)) / 100]),
          { symbol, fill: colour, r: 4 },
        ),
      ];
    }),
  });
}

/** Round numbers between two, few enough to be written beside each other. */
export function round(from: number, to: number): number[] {
  const digits = to / from > 50 ? [1] : [1, 2, 5];
  const powers = [-3, -2, -1, 0, 1, 2, 3, 4];
  return powers.flatMap((power) => digits.map((digit) => Number(`${digit}e${power}`))).filter((one) => one >= from && one <= to);
}

/** One percentile at each rate: a line from the least to the most round, and a mark at the median. */
function added(rates: readonly Rate[], which: (typeof percentiles)[number], width: number): Html {
  const rows = rates.map(({ rate, added }) => ({
    rate: `${count(rate)}/s`,
    ...added[which],
    text: milliseconds(added[which].median),
  }));
  const [from, to] = [Math.min(0, ...rows.map(({ least }) => least)), Math.max(...rows.map(({ most }) => most))];
  return chart(`Added at ${which}: ${list(rows.map(({ rate, text }) => `${text} at ${rate}`))}`, {
    width,
    height: 44 + rows.length * 26,
    marginLeft: roomFor(rows.map(({ rate }) => rate)),
    marginRight: 76,
    marginTop: 4,
    marginBottom: 38,
    x: { domain: [from, to], label: "milliseconds", labelArrow: "none", grid: true, ticks: 3 },
    y: { domain: rows.map(({ rate }) => rate), label: null, tickSize: 0 },
    marks: [
      Plot.ruleX([0], { stroke: "var(--faint)" }),
      Plot.ruleY(rows, { y: "rate", x1: "least", x2: "most", stroke: "var(--orange)", strokeWidth: 5, strokeOpacity: 0.35 }),
      Plot.dot(rows, { y: "rate", x: "median", fill: "var(--orange)", symbol: "square", r: 4 }),
      Plot.text(rows, { y: "rate", text: "text", frameAnchor: "right", textAnchor: "start", dx: 8, fill: "currentColor" }),
    ],
  });
}
