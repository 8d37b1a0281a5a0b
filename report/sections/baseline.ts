import * as Plot from "@observablehq/plot";
import { sum } from "../../tests/lib/statistics.ts";
import { chart, forBoth, legend, roomFor, seriesOf, sideBySide, swatches } from "../charts/draw.ts";
import { namesAbove, rowsFrame } from "../charts/rows.ts";
import { count, list, milliseconds, number, percent, rounds } from "../format.ts";
import type { Html } from "../html.ts";
import {
  type BaselineSide,
  type BaselineValue,
  type BaselineWay,
  baselineValues,
  type Estimate,
  type Part,
  type Records,
  type Side,
} from "../records.ts";
import { type Figure, numbers, section, words } from "./section.ts";

type Way = Records["baseline"]["ways"][number];

const ways: Readonly<Record<BaselineWay, string>> = { direct: "From pod to pod", gateway: "Through a gateway" };
const names: Readonly<Record<Side, string>> = { plain: "without a mesh", istio: "Istio by itself", platform: "declared" };
const sides = Object.keys(names) as Side[];
const looks = seriesOf(Object.values(names));
const looksOf = (side: Side) => looks[sides.indexOf(side)];
const values = Object.keys(baselineValues) as BaselineValue[];
/** The percentiles that have marks. */
const marked = ["p50", "p90", "p99"] as const;

const parts: Readonly<Record<Part, { readonly name: string; readonly colour: string }>> = {
  client: { name: "client", colour: "var(--grey)" },
  clientProxy: { name: "client’s sidecar", colour: "var(--orange)" },
  gateway: { name: "gateway", colour: "var(--green)" },
  serviceProxy: { name: "service’s sidecar", colour: "var(--purple)" },
  service: { name: "service", colour: "var(--blue)" },
};

/** What a request costs that goes to a declared application. */
export const baseline = section({
  topic: "baseline",
  title: "Cost of a request",
  about:
    "The same application without a mesh, with Istio as its charts install it, and declared to the platform, by turns: at a constant rate, and as fast as it answers.",
  show: ({ ways }) => [distributions(ways), costs(ways), ...ways.map(comparison)],
});

function distributions(all: readonly Way[]): Figure {
  const halves = all.map(({ way, rate, sides }) => {
    const times = sides.map(({ side, times }) => `${milliseconds(times.p50)} ${names[side]}`);
    return `${ways[way].toLowerCase()} at ${count(rate)} requests a second ${list(times)}`;
  });
  return {
    title: "How many answers came within which time",
    caption: `Half of the answers came within, ${halves.join("; ")}. Marks are p50, p90 and p99 of all rounds together.`,
    picture: sideBySide(all.map((one) => ({ title: ways[one.way], draw: (width) => curves(one, width) }))),
    legend: legend(looks),
    tables: [
      {
        title: "Percentiles of all rounds together",
        columns: [...words("Side"), ...numbers(...marked)],
        rows: [],
        groups: all.map(({ way, sides }) => ({
          title: ways[way],
          rows: sides.map(({ side, times }) => [names[side], ...marked.map((which) => milliseconds(times[which]))]),
        })),
      },
    ],
  };
}

/** All distributions, up to where 99.5 % of the slowest one are; times by their ratios, as tails are long. */
function curves({ way, sides }: Way, width: number): Html {
  const all = sides.map(({ times }) => times);
  const from = Math.min(...all.map(({ cumulative, p50 }) => cumulative[0]?.[0] ?? p50));
  const to = Math.max(...all.map(({ cumulative, p99 }) => cumulative.find(([, share]) => share >= 0.995)?.[0] ?? p99));
  return chart(`Shares of answers by their time, ${ways[way].toLowerCase()}`, {
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
    marks: sides.map(({ side, times }) => {
      const { colour = "", dash = "", symbol = "circle" } = looksOf(side) ?? {};
      const points = [[times.cumulative[0]?.[0] ?? from, 0] as const, ...times.cumulative.filter(([upTo]) => upTo <= to)];
      return [
        Plot.line(points, { stroke: colour, strokeWidth: 2, strokeDasharray: dash }),
        Plot.dot(
          marked.map((which) => [times[which], Number(which.slice(1)) / 100]),
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

function costs(all: readonly Way[]): Figure {
  const spent = all.map(({ way, sides }) => {
    const each = sides.map((one) => `${milliseconds(sum(partsOf(one).map(({ median }) => median)))} ${names[one.side]}`);
    return `${ways[way].toLowerCase()} ${list(each)}`;
  });
  const caption = `A thousand requests take of a core, ${spent.join("; ")}.`;
  return {
    title: "What takes a core’s time",
    caption,
    picture: forBoth((width) => stacks(all, caption, width)),
    legend: swatches(Object.values(parts)),
    tables: [
      {
        title: "Milliseconds of a core for a thousand requests: medians of the rounds, with the least and the most",
        columns: [...words("Part"), ...numbers(...sides.map((side) => names[side]))],
        rows: [],
        groups: all.map(({ way, sides: measured }) => ({
          title: ways[way],
          rows: (Object.keys(parts) as Part[])
            .filter((part) => measured.some(({ cost }) => cost[part]))
            .map((part) => [
              parts[part].name,
              ...sides.map((side) => {
                const value = measured.find((one) => one.side === side)?.cost[part];
                return value ? rounds(value, number) : "–";
              }),
            ]),
        })),
      },
    ],
  };
}

/** Medians of the parts, in their order from the client on. */
function partsOf({ cost }: BaselineSide): { readonly part: Part; readonly median: number }[] {
  return (Object.keys(parts) as Part[]).flatMap((part) => (cost[part] ? [{ part, median: cost[part].median }] : []));
}

/** The parts of each side one after the other; those that are wide enough have their numbers in them. */
function stacks(all: readonly Way[], label: string, width: number): Html {
  const small = width < 600;
  const rows = all.flatMap(({ way, sides }) =>
    sides.flatMap((one) => {
      const own = partsOf(one);
      return own.map(({ part, median }, index) => {
        const from = sum(own.slice(0, index).map((before) => before.median));
        const name = `${way === "gateway" ? "gateway, " : ""}${names[one.side]}`;
        return { name, from, middle: from + median / 2, to: from + median, text: number(median), colour: parts[part].colour };
      });
    }),
  );
  const order = [...new Set(rows.map(({ name }) => name))];
  const room = roomFor(order);
  const most = Math.max(...rows.map(({ to }) => to));
  const wide = rows.filter(({ from, to, text }) => ((to - from) / most) * (width - room) > text.length * 8);
  return chart(label, {
    width,
    height: 46 + order.length * 34,
    marginLeft: room,
    marginRight: 16,
    marginTop: 4,
    marginBottom: 38,
    x: { label: "milliseconds of a core for 1,000 requests", labelArrow: "none", grid: true, ticks: small ? 3 : 8 },
    y: { domain: order, label: null, tickSize: 0 },
    marks: [
      Plot.barX(rows, {
        y: "name",
        x1: "from",
        x2: "to",
        fill: "colour",
        fillOpacity: 0.35,
        stroke: "colour",
        insetTop: 4,
        insetBottom: 4,
      }),
      Plot.text(wide, { y: "name", x: "middle", text: "text", fill: "currentColor" }),
    ],
    color: { type: "identity" },
  });
}

/** The picture's sentence. */
export function captionOf({ sides, ratios }: Way): string {
  const { p50, busy, memory } = ratios;
  const taken = sides[0]?.values.p50?.rounds.length ?? 0;
  return `The declared application takes ${share(p50)} of the time of Istio by itself at p50, ${share(busy)} of its processor time, and ${share(memory)} of its memory for each proxy: medians of ${taken} rounds, with what they are at 95 %.`;
}

const share = ({ median, from, to }: Estimate) => `${percent(median)} (${percent(from).replace(" %", "")}–${percent(to)})`;

function comparison(one: Way): Figure {
  return {
    title: `${ways[one.way]}: declared beside Istio by itself`,
    caption: captionOf(one),
    picture: forBoth((width) => ratiosOf(one, width)),
    tables: [
      {
        title: "Medians of the rounds, with the least and the most; the ratio with what it is at 95 %",
        columns: [...words("What"), ...numbers(...one.sides.map(({ side }) => names[side]), "declared ÷ Istio")],
        rows: values.map((value) => [
          baselineValues[value],
          ...one.sides.map((side) => (side.values[value] ? rounds(side.values[value], number) : "–")),
          share(one.ratios[value]),
        ]),
      },
    ],
  };
}

/** The ratio of each value, from where to where it is at 95 %. */
function ratiosOf({ way, ratios }: Way, width: number): Html {
  const rows = values.map((value) => ({ value: baselineValues[value], ...ratios[value], text: percent(ratios[value].median) }));
  const [from, to] = [Math.min(0.9, ...rows.map((row) => row.from)), Math.max(1.1, ...rows.map((row) => row.to))];
  const names = rows.map(({ value }) => value);
  const { x, ...frame } = rowsFrame(names, width);
  return chart(`${ways[way]}, declared beside Istio by itself: ${list(rows.map(({ value, text }) => `${value} ${text}`))}`, {
    ...frame,
    marginRight: 64,
    x: { ...x, domain: [from, to], label: "times Istio by itself" },
    marks: [
      Plot.ruleX([1], { stroke: "var(--faint)" }),
      Plot.ruleY(rows, { y: "value", x1: "from", x2: "to", stroke: "var(--blue)", strokeWidth: 5, strokeOpacity: 0.35 }),
      Plot.dot(rows, { y: "value", x: "median", fill: "var(--blue)", r: 4 }),
      Plot.text(rows, { y: "value", text: "text", frameAnchor: "right", textAnchor: "start", dx: 8, fill: "currentColor" }),
      namesAbove(names, width, 13),
    ],
  });
}
