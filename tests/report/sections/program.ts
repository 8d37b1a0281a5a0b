import { legend, type Series, seriesOf, sideBySide } from "../charts/draw.ts";
import { growthChart } from "../charts/growth.ts";
import { count, megabytes, milliseconds, rounds, seconds } from "../format.ts";
import type { Records } from "../records.ts";
import { numbers, section } from "./section.ts";

type Program = Records["program"];

const measures = [
  { key: "preview", title: "Preview", unit: seconds },
  { key: "up", title: "Update", unit: seconds },
  { key: "memory", title: "Memory of the program", unit: megabytes },
] as const;

const [once, each] = seriesOf([
  "state written once, at the end",
  "state written after each step, as Pulumi does unless told otherwise",
]) as [Series, Series];

function writing({ services, upWriting }: Program["sizes"][number]) {
  return upWriting ? [{ size: services, value: upWriting }] : [];
}

/** What more services cost the Pulumi program. */
export const program = section({
  topic: "program",
  title: "The program as it grows",
  about: "`pulumi preview` and `pulumi up` from nothing, at several numbers of services: the growth stays linear.",
  show: (data) => {
    const curves = measures.map(({ key, title, unit }) => {
      const all = [{ look: once, points: data.sizes.map((size) => ({ size: size.services, value: size[key] })) }];
      if (key === "up") all.push({ look: each, points: data.sizes.flatMap(writing) });
      return { title, draw: (width: number) => growthChart(`${title} by services`, all, unit, width) };
    });
    return [
      {
        title: "Time of a preview and an update, and memory",
        caption: captionOf(data),
        picture: sideBySide(curves),
        legend: legend([once, each]),
        tables: [
          {
            title: "Medians of the rounds, with the least and the most",
            columns: numbers(
              "Services",
              "Resources",
              ...measures.map(({ title }) => title),
              "Update, state written after each step",
            ),
            rows: data.sizes.map((size) => [
              String(size.services),
              count(size.resources),
              ...measures.map(({ key, unit }) => rounds(size[key], unit)),
              size.upWriting ? rounds(size.upWriting, seconds) : "–",
            ]),
          },
        ],
      },
    ];
  },
});

/** The picture's sentence. */
export function captionOf({ slope, sizes }: Program): string {
  const largest = Math.max(...sizes.map(({ services }) => services));
  return `Each further service costs a preview ${milliseconds(slope.preview * 1_000)}, an update ${milliseconds(slope.up * 1_000)} and ${megabytes(slope.memory)} of memory, up to ${count(largest)} services.`;
}
