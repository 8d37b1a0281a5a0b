import { legend, seriesOf, sideBySide } from "../charts/draw.ts";
import { type Curve, growthChart } from "../charts/growth.ts";
import { list, megabytes, milliseconds, rounds } from "../format.ts";
import type { Records } from "../records.ts";
import { slope } from "../statistics.ts";
import { numbers, section, words } from "./section.ts";

type Size = Records["growth"]["sizes"][number];
type Measure = "sidecar" | "push";

const looks = seriesOf(["each proxy knows its callees alone", "each proxy knows everybody"]);
const units = { sidecar: megabytes, push: milliseconds } as const;

/** What more services cost every proxy and the control plane. */
export const growth = section({
  topic: "growth",
  title: "The mesh as it grows",
  about:
    "One sidecar's memory and istiod's time for one change are measured at several numbers of services, with the platform's Sidecar scopes and without.",
  show: ({ sizes }) => [
    {
      title: "Memory of one sidecar, and time of one push",
      caption: captionOf(sizes),
      picture: sideBySide([
        {
          title: "Memory of one sidecar’s Envoy",
          draw: (width) => growthChart(`Memory: ${slopes(sizes, "sidecar")}`, curvesOf(sizes, "sidecar"), megabytes, width),
        },
        {
          title: "From a change until every proxy has it",
          draw: (width) => growthChart(`Push time: ${slopes(sizes, "push")}`, curvesOf(sizes, "push"), milliseconds, width),
        },
      ]),
      legend: legend(looks),
      tables: [
        {
          title: "Medians of the rounds, with the least and the most",
          columns: [...numbers("Services"), ...words("Proxies know"), ...numbers("Sidecar", "Push")],
          rows: sizes.map(({ services, scoped, sidecar, push }) => [
            String(services),
            scoped ? "callees" : "everybody",
            rounds(sidecar, megabytes),
            rounds(push, milliseconds),
          ]),
        },
      ],
    },
  ],
});

/** The picture's sentence. */
export function captionOf(sizes: readonly Size[]): string {
  return `For each hundred services more, a sidecar takes ${slopes(sizes, "sidecar")}, and a change ${slopes(sizes, "push")}.`;
}

/** What a hundred services more cost, with scopes and without. */
function slopes(sizes: readonly Size[], measure: Measure): string {
  const kinds = [
    { scoped: true, words: "with scopes" },
    { scoped: false, words: "without" },
  ].filter(({ scoped }) => sizes.some((size) => size.scoped === scoped));
  return list(
    kinds.map(({ scoped, words }) => {
      const points = sizes.filter((size) => size.scoped === scoped).map((size) => [size.services, size[measure].median] as const);
      return `${units[measure](slope(points) * 100)} more ${words}`;
    }),
  );
}

function curvesOf(sizes: readonly Size[], measure: Measure): Curve[] {
  return looks.map((look, index) => ({
    look,
    points: sizes.filter(({ scoped }) => scoped === (index === 0)).map((size) => ({ size: size.services, value: size[measure] })),
  }));
}
