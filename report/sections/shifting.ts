import * as Plot from "@observablehq/plot";
import { quantile, sum } from "../../tests/lib/statistics.ts";
import { chart, forBoth, ink, legend, seriesOf } from "../charts/draw.ts";
import { failures, middles } from "../charts/slices.ts";
import { count, list, many, milliseconds, number } from "../format.ts";
import type { Html } from "../html.ts";
import type { Mark, Records, Slice } from "../records.ts";
import { dotRows } from "./dots.ts";
import { type Figure, numbers, section, words } from "./section.ts";

type Shifting = Records["shifting"];

/** Weights moved under load. */
export const shifting = section({
  topic: "shifting",
  title: "Shifting",
  about: "A canary's weight is moved from 0 to 100 % in steps by `pulumi up`, under constant load: no request fails.",
  show: (data) => {
    const share = captionOf(data);
    return [
      {
        title: "The canary's share while its weight moves",
        caption: share,
        picture: forBoth((width) => shares(data, share, width)),
        legend: legend(looks),
        tables: [
          {
            title: "Requests by time",
            columns: numbers("From", "Answered by v1", "Answered by v2", "Share of v2", "Failed"),
            rows: data.slices.map((slice) => [
              `${number(slice.at)} s`,
              count(slice.answered.v1 ?? 0),
              count(slice.answered.v2 ?? 0),
              shareOf(slice) === undefined ? "–" : `${number(shareOf(slice) ?? 0)} %`,
              count(slice.failed),
            ]),
          },
        ],
      },
      ...(data.convergence.length > 0 ? [reached(data.convergence)] : []),
    ];
  },
});

const looks = seriesOf(["share of requests that v2 answered", "weight declared, from when it is written"]);

function reached(times: readonly number[]): Figure {
  const caption = convergenceCaption(times);
  return {
    title: "From a write until the last proxy has it",
    caption,
    picture: forBoth((width) => dotRows(caption, [{ name: "all proxies", values: times }], { width, shares: [0.5, 0.99] })),
    tables: [
      {
        title: "Each write",
        columns: [...words("Write"), ...numbers("Last proxy after")],
        rows: times.map((value, index) => [String(index + 1), milliseconds(value)]),
      },
    ],
  };
}

/** The picture's sentence. */
export function captionOf({ marks, requests, failed }: Shifting): string {
  return `The weight moved by way of ${list(marks.map(({ what }) => what))} under ${many(requests, "request")}, of which ${count(failed)} failed.`;
}

export function convergenceCaption(times: readonly number[]): string {
  return `After ${many(times.length, "write")}, the last proxy had the change after ${milliseconds(quantile(times, 0.5))} (p50) and ${milliseconds(quantile(times, 0.99))} (p99).`;
}

/** Of v2, in percent; none where nobody answered. */
function shareOf({ answered }: Slice): number | undefined {
  const all = sum(Object.values(answered));
  return all === 0 ? undefined : ((answered.v2 ?? 0) / all) * 100;
}

/** The weight declared from each mark on, until one that names none, or the end. */
export function stepsOf(marks: readonly Mark[], end: number): { readonly at: number; readonly weight: number }[] {
  const steps = marks.map(({ at, what }) => ({ at, weight: Number.parseFloat(what) }));
  const open = steps.findIndex(({ weight }) => Number.isNaN(weight));
  const known = open < 0 ? steps : steps.slice(0, open);
  return [...known, { at: steps[open]?.at ?? end, weight: known.at(-1)?.weight ?? 0 }];
}

function shares({ slices: whole, marks }: Shifting, label: string, width: number): Html {
  const slices = middles(whole);
  const end = Math.max(...slices.map(({ at }) => at), ...marks.map(({ at }) => at));
  const points = slices.flatMap((slice) => {
    const share = shareOf(slice);
    return share === undefined ? [] : [{ at: slice.at, share }];
  });
  const [measured, declared] = looks;
  const weights = stepsOf(marks, end);
  return chart(label, {
    width,
    height: width > 600 ? 300 : 240,
    marginTop: 34,
    marginBottom: 38,
    marginLeft: 52,
    x: { domain: [0, end], label: "seconds", labelArrow: "none", ticks: width > 600 ? 10 : 5 },
    y: {
      domain: [0, 100],
      label: null,
      ticks: [0, 20, 40, 60, 80, 100],
      tickFormat: (value: number) => `${value} %`,
      grid: true,
    },
    marks: [
      Plot.areaY(points, { x: "at", y: "share", fill: measured?.colour ?? "", fillOpacity: 0.15 }),
      Plot.ruleX(marks, { x: "at", stroke: "var(--faint)" }),
      Plot.line(weights, {
        x: "at",
        y: "weight",
        curve: "step-after",
        stroke: declared?.colour ?? "",
        strokeWidth: 1.5,
        strokeDasharray: declared?.dash ?? "",
      }),
      Plot.line(points, { x: "at", y: "share", stroke: measured?.colour ?? "", strokeWidth: 2 }),
      Plot.text(marks, { x: "at", text: "what", frameAnchor: "top", lineAnchor: "bottom", dy: -10, ...ink }),
      failures(slices),
    ],
  });
}
