import * as Plot from "@observablehq/plot";
import { chart, forBoth } from "../charts/draw.ts";
import { count, number, percent, rounds } from "../format.ts";
import type { Html } from "../html.ts";
import type { Records } from "../records.ts";
import { numbers, section, words } from "./section.ts";

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
    ];
  },
});

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
