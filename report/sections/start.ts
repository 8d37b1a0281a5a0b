import * as Plot from "@observablehq/plot";
import { sum } from "../../tests/lib/statistics.ts";
import { chart, forBoth, roomFor } from "../charts/draw.ts";
import { rounds, seconds } from "../format.ts";
import type { Html } from "../html.ts";
import type { Records } from "../records.ts";
import { numbers, section, words } from "./section.ts";

type Step = Records["start"]["steps"][number];

/** How long a cluster takes from nothing. */
export const start = section({
  topic: "start",
  title: "Start",
  about: "`make up` with nothing running, until the URL answers, by step; and the commands that are typed all day.",
  show: ({ steps, commands }) => {
    const caption = captionOf(steps);
    return [
      {
        title: "From nothing to the first answer",
        caption,
        picture: forBoth((width) => bars(steps, caption, width)),
        tables: [
          {
            title: "Medians of the rounds, with the least and the most",
            columns: [...words("Step"), ...numbers("Takes")],
            rows: steps.map((step) => [step.step, rounds(step.seconds, seconds)]),
          },
          {
            title: "Commands beside what they stand on",
            columns: [...words("Command"), ...numbers("Takes"), ...words("Floor"), ...numbers("Takes", "Times the floor")],
            rows: commands.map(({ command, seconds: taken, floor }) => [
              command,
              rounds(taken, seconds),
              floor?.name ?? "",
              floor ? rounds(floor.seconds, seconds) : "",
              floor ? (taken.median / floor.seconds.median).toFixed(2) : "",
            ]),
          },
        ],
      },
    ];
  },
});

/** What a record calls the time of all steps together. */
const whole = "all of it";

/** The steps by themselves, but for those beside others. */
const partsOf = (steps: readonly Step[]): Step[] => steps.filter(({ step }) => step !== whole && !step.endsWith(", meanwhile"));

/** All steps, in seconds: as measured, or else added up. */
export function total(steps: readonly Step[]): number {
  const measured = steps.find(({ step }) => step === whole);
  return measured?.seconds.median ?? sum(steps.map((step) => step.seconds.median));
}

/** The picture's sentence. */
export function captionOf(steps: readonly Step[]): string {
  const parts = partsOf(steps);
  const [longest] = [...parts].sort((a, b) => b.seconds.median - a.seconds.median);
  const most = longest ? `, of which “${longest.step}” takes ${seconds(longest.seconds.median)}` : "";
  return `${seconds(total(steps))} from nothing to the first answer in ${parts.length} steps${most}: medians of ${longest?.seconds.rounds.length ?? 0} rounds.`;
}

/** One step below the other, each beginning where the one before ended. */
function bars(steps: readonly Step[], label: string, width: number): Html {
  const parts = partsOf(steps);
  const rows = parts.map(({ step, seconds: { median } }, index) => {
    const from = total(parts.slice(0, index));
    return { step, from, to: from + median, text: seconds(median) };
  });
  const end = total(parts);
  const small = width < 600;
  return chart(label, {
    width,
    height: 44 + rows.length * (small ? 40 : 26),
    marginLeft: small ? 10 : roomFor(rows.map(({ step }) => step)),
    marginRight: 50,
    marginTop: 4,
    marginBottom: 38,
    x: { domain: [0, end], label: "seconds", labelArrow: "none", grid: true, ticks: small ? 4 : 8 },
    y: { domain: rows.map(({ step }) => step), label: null, tickSize: 0, padding: 0, axis: small ? null : "left" },
    marks: [
      Plot.barX(rows, { y: "step", x1: "from", x2: "to", fill: "var(--blue)", insetTop: small ? 20 : 5, insetBottom: 5, rx: 1 }),
      Plot.text(rows, { y: "step", x: "to", text: "text", textAnchor: "start", dx: 6, dy: small ? 8 : 0, fill: "currentColor" }),
      small
        ? Plot.text(rows, { y: "step", text: "step", frameAnchor: "left", textAnchor: "start", dy: -10, fill: "currentColor" })
        : [],
    ],
  });
}
