import { sum } from "../../tests/lib/statistics.ts";
import { forBoth } from "../charts/draw.ts";
import { spansChart } from "../charts/rows.ts";
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

/** Each step begins where the one before ended. */
function bars(steps: readonly Step[], label: string, width: number): Html {
  const parts = partsOf(steps);
  const rows = parts.map(({ step, seconds: { median } }, index) => {
    const from = total(parts.slice(0, index));
    return { what: step, from, to: from + median, colour: "var(--blue)", text: seconds(median) };
  });
  return spansChart(label, rows, width);
}
