import * as Plot from "@observablehq/plot";
import { sum } from "../../tests/lib/statistics.ts";
import { chart, forBoth, ink, legend, seriesOf } from "../charts/draw.ts";
import { failures, middles } from "../charts/slices.ts";
import { count, list, many, number } from "../format.ts";
import type { Html } from "../html.ts";
import type { Records } from "../records.ts";
import { numbers, section } from "./section.ts";

type Ejection = Records["ejection"];

/** A pod that fails, is put aside, and comes back. */
export const ejection = section({
  topic: "ejection",
  title: "Ejection",
  about: "A pod that keeps failing gets no requests for a while, and its share again when it is well.",
  show: (data) => {
    const caption = captionOf(data);
    const pods = podsOf(data);
    return [
      {
        title: "Answers of each pod, each second",
        caption,
        picture: forBoth((width) => timeline(data, caption, width)),
        legend: legend(seriesOf(pods.map((pod) => (pod === data.failing ? `${shortName(pod)}, which fails` : shortName(pod))))),
        tables: [
          {
            title: "Answers by time",
            columns: numbers("From", ...pods.map(shortName), "Failed"),
            rows: data.slices.map(({ at, answered, failed }) => [
              `${number(at)} s`,
              ...pods.map((pod) => count(answered[pod] ?? 0)),
              count(failed),
            ]),
          },
        ],
      },
    ];
  },
});

/** All pods that answered, the failing one first. */
export function podsOf({ slices, failing }: Ejection): string[] {
  return [...new Set([failing, ...slices.flatMap(({ answered }) => Object.keys(answered))])];
}

/** The picture's sentence. */
export function captionOf({ slices, marks, interval, baseTime, failing }: Ejection): string {
  const answered = sum(slices.flatMap((slice) => Object.values(slice.answered)));
  const failed = sum(slices.map((slice) => slice.failed));
  const happened = list(marks.map(({ at, what }) => `${what} after ${number(at)} s`));
  return `Pod ${shortName(failing)}: ${happened}; ${count(failed)} of ${many(answered + failed, "request")} failed. Pods are looked at every ${number(interval)} s, and put aside for ${number(baseTime)} s at first.`;
}

/** What tells a pod from its sisters. */
function shortName(pod: string): string {
  return pod.split("-").at(-1) ?? pod;
}

function timeline(data: Ejection, label: string, width: number): Html {
  const { marks } = data;
  const pods = podsOf(data);
  // The run ended within the last one.
  const slices = middles(data.slices).slice(0, -1);
  const most = Math.max(...slices.flatMap(({ answered }) => Object.values(answered)));
  const end = Math.max(...slices.map(({ at }) => at), ...marks.map(({ at }) => at));
  return chart(label, {
    width,
    height: (width > 600 ? 280 : 250) + marks.length * 15,
    marginTop: 14 + marks.length * 15,
    marginBottom: 38,
    marginLeft: 44,
    x: { domain: [0, end], label: "seconds", labelArrow: "none", ticks: width > 600 ? 10 : 5 },
    y: { domain: [0, most * 1.08], label: null, grid: true },
    marks: [
      // One below the other, as things happen close to each other; those late in time are written to the left of their line.
      marks.map(({ at, what }, index) => [
        Plot.ruleX([at], { stroke: "var(--faint)", insetTop: -15 * (marks.length - index) }),
        Plot.text([at], {
          x: (value: number) => value,
          text: () => what,
          frameAnchor: "top",
          dy: -15 * (marks.length - index),
          dx: at > end / 2 ? -5 : 5,
          textAnchor: at > end / 2 ? "end" : "start",
          lineAnchor: "top",
          ...ink,
        }),
      ]),
      seriesOf(pods).map(({ name, colour, dash }) =>
        Plot.line(slices, {
          x: "at",
          y: (slice: Ejection["slices"][number]) => slice.answered[name] ?? 0,
          stroke: colour,
          strokeWidth: 2,
          strokeDasharray: dash,
        }),
      ),
      failures(slices),
    ],
  });
}
