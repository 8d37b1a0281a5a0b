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

const looks = seriesOf([
  "median, the state written once",
  "its straight line of least squares",
  "the state written after each step, as Pulumi does unless told otherwise",
]);

/** Updates that wrote the state after each step, where somebody waited for them. */
const writing = ({ sizes }: Program) =>
  sizes.flatMap(({ services, upWriting }) => (upWriting ? [{ size: services, value: upWriting }] : []));

/** What more services cost the Pulumi program. */
export const program = section({
  topic: "program",
  title: "The program as it grows",
  about:
    "`pulumi preview` and `pulumi up` from nothing, at several numbers of services: the program’s own growth is linear; what Pulumi’s writing of its state adds is drawn beside it.",
  show: (data) => {
    const curves = measures.map(({ key, title, unit }) => {
      const points = data.sizes.map((size) => ({ size: size.services, value: size[key] }));
      const [look, straight, each] = looks as [Series, Series, Series];
      const all = [{ look, straight, points }, ...(key === "up" ? [{ look: each, points: writing(data) }] : [])];
      return { title, draw: (width: number) => growthChart(`${title} by services`, all, unit, width) };
    });
    return [
      {
        title: "Time of a preview and an update, and memory",
        caption: captionOf(data),
        picture: sideBySide(curves),
        legend: legend(looks),
        tables: [
          {
            title: "Medians of the rounds, with the least and the most",
            columns: numbers("Services", "Resources", ...measures.map(({ title }) => title), "Update, writing each step"),
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
export function captionOf(data: Program): string {
  const { slope, sizes } = data;
  const largest = Math.max(...sizes.map(({ services }) => services));
  const slowest = writing(data).at(-1);
  const otherwise = slowest
    ? `; where the state is written after each step, an update of ${count(slowest.size)} services takes ${seconds(slowest.value.median)}`
    : "";
  return `Each further service costs a preview ${milliseconds(slope.preview * 1_000)}, an update ${milliseconds(slope.up * 1_000)} and ${megabytes(slope.memory)} of memory, up to ${count(largest)} services${otherwise}.`;
}
