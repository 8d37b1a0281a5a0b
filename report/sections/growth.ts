import { leastSquares } from "../../tests/lib/statistics.ts";
import { legend, seriesOf, sideBySide } from "../charts/draw.ts";
import { type Curve, growthChart } from "../charts/growth.ts";
import { list, megabytes, milliseconds, rounds } from "../format.ts";
import type { Records } from "../records.ts";
import { numbers, section, words } from "./section.ts";

type Size = Records["growth"]["sizes"][number];
type Measure = (typeof measures)[number]["key"];

const looks = seriesOf(["each proxy knows its callees alone", "each proxy knows everybody"]);
const measures = [
  { key: "sidecar", title: "Allocated by one sidecar’s Envoy", unit: megabytes },
  { key: "container", title: "One sidecar’s whole container", unit: megabytes },
  { key: "push", title: "One change, until it is sent", unit: milliseconds },
] as const;

/** What more services cost every proxy and the control plane. */
export const growth = section({
  topic: "growth",
  title: "The mesh as it grows",
  about:
    "The memory of one idle sidecar, and the time of one change of a route from when istiod begins with it until the sidecar has been sent it, at several numbers of services, with the platform’s Sidecar scopes and without.",
  show: ({ sizes }) => [
    {
      title: "Memory of one sidecar, and time of one change",
      caption: captionOf(sizes),
      picture: sideBySide(
        measures.map(({ key, title, unit }) => ({
          title,
          draw: (width) =>
            growthChart(`${title}: ${slopes(sizes, key)} for each hundred services`, curvesOf(sizes, key), unit, width),
        })),
      ),
      legend: legend(looks),
      tables: [
        {
          title: "Medians of the rounds, with the least and the most",
          columns: [...numbers("Services"), ...words("Proxies know"), ...numbers(...measures.map(({ title }) => title))],
          rows: sizes.map((size) => [
            String(size.services),
            size.scoped ? "callees" : "everybody",
            ...measures.map(({ key, unit }) => rounds(size[key], unit)),
          ]),
        },
      ],
    },
  ],
});

/** The picture's sentence. */
export function captionOf(sizes: readonly Size[]): string {
  return `For each hundred services more, a sidecar’s Envoy takes ${slopes(sizes, "sidecar")}, its container ${slopes(sizes, "container")}, and a change ${slopes(sizes, "push")}.`;
}

/** What a hundred services more cost, with scopes and without. */
function slopes(sizes: readonly Size[], measure: Measure): string {
  const kinds = [
    { scoped: true, words: "with scopes" },
    { scoped: false, words: "without" },
  ].filter(({ scoped }) => sizes.some((size) => size.scoped === scoped));
  const unit = measures.find(({ key }) => key === measure)?.unit ?? String;
  return list(
    kinds.map(({ scoped, words }) => {
      const points = sizes.filter((size) => size.scoped === scoped).map((size) => [size.services, size[measure].median] as const);
      // Beyond a hundredth there is only noise.
      const more = Math.round(leastSquares(points).slope * 100 * 100) / 100;
      return `${more === 0 ? "nothing" : unit(more)} more ${words}`;
    }),
  );
}

function curvesOf(sizes: readonly Size[], measure: Measure): Curve[] {
  return looks.map((look, index) => ({
    look,
    points: sizes.filter(({ scoped }) => scoped === (index === 0)).map((size) => ({ size: size.services, value: size[measure] })),
  }));
}
