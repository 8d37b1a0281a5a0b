import * as Plot from "@observablehq/plot";
import { sum } from "../../tests/lib/statistics.ts";
import { chart, forBoth, swatches } from "../charts/draw.ts";
import { count, milliseconds, number, percent, rounds } from "../format.ts";
import type { Html } from "../html.ts";
import type { Records, Rounds } from "../records.ts";
import { type Figure, numbers, section, words } from "./section.ts";

type Throughput = Records["throughput"];

/** What a core can do. */
export const throughput = section({
  topic: "throughput",
  title: "Throughput",
  about:
    "The same service is asked as fast as it answers, with and without the mesh; the cores that were busy with it are counted: client, service and, in the mesh, both proxies.",
  show: (data) => {
    const caption = captionOf(data);
    return [
      {
        title: "Requests a second for each core",
        caption,
        picture: forBoth((width) => bars(data, caption, width)),
        tables: [
          {
            title: "Medians of the rounds, with the least and the most",
            columns: [...words("Side"), ...numbers("Requests a second and core")],
            rows: [
              ["without the mesh", rounds(data.plain, count)],
              ["with the mesh", rounds(data.mesh, count)],
              ["with ÷ without", rounds(data.ratio, number)],
            ],
          },
        ],
      },
      costs(data),
    ];
  },
});

const parts = {
  client: { name: "client", colour: "var(--grey)" },
  clientProxy: { name: "client’s sidecar", colour: "var(--orange)" },
  service: { name: "service", colour: "var(--blue)" },
  serviceProxy: { name: "service’s sidecar", colour: "var(--purple)" },
} as const;
type Part = keyof typeof parts;

/** Medians of the parts, in their order from the client on. */
function partsOf(cost: Throughput["cost"]["plain"]): { readonly part: Part; readonly value: Rounds }[] {
  return (Object.keys(parts) as Part[]).flatMap((part) => (cost[part] ? [{ part, value: cost[part] }] : []));
}

function costs({ cost, rate }: Throughput): Figure {
  const spent = (side: "plain" | "mesh") => sum(partsOf(cost[side]).map(({ value }) => value.median));
  const caption = `A thousand requests take ${milliseconds(spent("mesh"))} of a core with the mesh and ${milliseconds(spent("plain"))} without it; on the machine as it is, ${count(rate.mesh.median)} requests a second with it and ${count(rate.plain.median)} without.`;
  return {
    title: "What takes a core’s time",
    caption,
    picture: forBoth((width) => stacks(cost, caption, width)),
    legend: swatches(Object.values(parts)),
    tables: [
      {
        title: "Milliseconds of a core for a thousand requests: medians of the rounds, with the least and the most",
        columns: [...words("Part"), ...numbers("Without", "With")],
        rows: (Object.keys(parts) as Part[]).map((part) => [
          parts[part].name,
          ...[cost.plain[part], cost.mesh[part]].map((value) => (value ? rounds(value, number) : "–")),
        ]),
      },
    ],
  };
}

/** The parts of each side one after the other; those that are wide enough have their numbers in them. */
function stacks(cost: Throughput["cost"], label: string, width: number): Html {
  const small = width < 600;
  const rows = (["plain", "mesh"] as const).flatMap((side) => {
    const own = partsOf(cost[side]);
    return own.map(({ part, value }, index) => {
      const from = sum(own.slice(0, index).map((before) => before.value.median));
      const [middle, to] = [from + value.median / 2, from + value.median];
      const text = small ? number(value.median) : `${parts[part].name} ${number(value.median)}`;
      return { side: side === "plain" ? "without" : "with", from, middle, to, text, colour: parts[part].colour };
    });
  });
  const most = Math.max(...rows.map(({ to }) => to));
  const wide = rows.filter(({ from, to, text }) => ((to - from) / most) * (width - 80) > text.length * 7);
  return chart(label, {
    width,
    height: 136,
    marginLeft: 60,
    marginRight: 16,
    marginTop: 4,
    marginBottom: 38,
    x: { label: "milliseconds of a core for 1,000 requests", labelArrow: "none", grid: true, ticks: small ? 4 : 8 },
    y: { domain: ["without", "with"], label: null, tickSize: 0 },
    marks: [
      Plot.barX(rows, {
        y: "side",
        x1: "from",
        x2: "to",
        fill: "colour",
        fillOpacity: 0.35,
        stroke: "colour",
        insetTop: 4,
        insetBottom: 4,
      }),
      Plot.text(wide, { y: "side", x: "middle", text: "text", fill: "currentColor" }),
    ],
    color: { type: "identity" },
  });
}

/** The picture's sentence. */
export function captionOf({ plain, mesh, ratio }: Throughput): string {
  return `A core answers ${count(mesh.median)} requests a second with the mesh and ${count(plain.median)} without it, which is ${percent(ratio.median)}: medians of ${mesh.rounds.length} rounds, a dot for each.`;
}

function bars({ plain, mesh }: Throughput, label: string, width: number): Html {
  const rows = [
    { name: "without", ...plain },
    { name: "with", ...mesh },
  ];
  const dots = rows.flatMap(({ name, rounds }) => rounds.map((value) => ({ name, value })));
  return chart(label, {
    width,
    height: 136,
    marginLeft: 60,
    marginRight: 56,
    marginTop: 4,
    marginBottom: 38,
    x: { label: "requests a second and core", labelArrow: "none", grid: true, ticks: width > 600 ? 8 : 4, zero: true },
    y: { domain: rows.map(({ name }) => name), label: null, tickSize: 0 },
    marks: [
      Plot.barX(rows, { y: "name", x: "median", fill: "var(--blue)", fillOpacity: 0.3, insetTop: 4, insetBottom: 4, rx: 2 }),
      Plot.dot(dots, { y: "name", x: "value", fill: "var(--blue)", r: 3.5 }),
      Plot.text(rows, {
        y: "name",
        x: "most",
        text: ({ median }: (typeof rows)[number]) => count(median),
        textAnchor: "start",
        dx: 9,
        fill: "currentColor",
      }),
    ],
  });
}
