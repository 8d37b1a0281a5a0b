import type { Run, Span } from "../../lib/lastRuns.ts";
import { forBoth, swatches } from "../charts/draw.ts";
import { spansChart } from "../charts/rows.ts";
import { count, moment, seconds } from "../format.ts";
import type { Html } from "../html.ts";
import { type Figure, numbers, section, words } from "./section.ts";

const titles: Readonly<Record<Run["cluster"], string>> = { made: "With a new cluster", kept: "On a cluster that was there" };

const kinds = {
  step: { name: "step", colour: "var(--blue)" },
  resource: { name: "resource", colour: "var(--orange)" },
} as const;

/** Resources that took less are in the table alone, in seconds. */
const least = 1;
/** So many rows can be read. */
const most = 24;

/** What one `make up` was at, and when. */
export const timeline = section({
  topic: "timeline",
  title: "Timeline",
  about: "What the last `make up` was at, and when: its steps, and the resources that Pulumi waited for.",
  show: ({ runs }) => runs.toSorted((one, other) => other.cluster.localeCompare(one.cluster)).map(figureOf),
});

function figureOf(run: Run): Figure {
  const caption = captionOf(run);
  return {
    title: titles[run.cluster],
    caption,
    picture: forBoth((width) => bars(run, caption, width)),
    legend: swatches(Object.values(kinds)),
    tables: [
      {
        title: "All of them, in the order in which they began",
        columns: [...words("What"), ...numbers("From", "To", "Takes")],
        rows: [],
        groups: [
          { title: "Steps", rows: run.steps.toSorted(byBeginning).map(rowOf) },
          { title: "Resources", rows: run.resources.toSorted(byBeginning).map(rowOf) },
        ].filter(({ rows }) => rows.length > 0),
      },
    ],
  };
}

const byBeginning = (one: Span, other: Span) => one.from - other.from;
const taken = ({ from, to }: Span) => to - from;
const rowOf = (span: Span) => [span.what, ...[span.from, span.to, taken(span)].map((value) => value.toFixed(1))];

/** The resources that are drawn: those that took longest, in the order in which they began. */
export function drawn(resources: readonly Span[]): Span[] {
  const slow = resources.filter((one) => taken(one) >= least).toSorted((one, other) => taken(other) - taken(one));
  return slow.slice(0, most).sort(byBeginning);
}

/** The picture's sentence. */
export function captionOf({ date, stack, steps, resources }: Run): string {
  const end = Math.max(0, ...steps.map(({ to }) => to));
  const shown = drawn(resources).length;
  const part = shown === resources.length ? "" : `, of which ${count(shown)} that took ${seconds(least)} or more are drawn`;
  return `${seconds(end)} on the stack ${stack}, on ${moment(date)}: ${count(steps.length)} steps, and ${count(resources.length)} resources that changed${part}.`;
}

function bars({ steps, resources }: Run, label: string, width: number): Html {
  const rows = [
    ...steps.toSorted(byBeginning).map((one) => ({ ...one, colour: kinds.step.colour })),
    ...drawn(resources).map((one) => ({ ...one, colour: kinds.resource.colour })),
  ];
  const named = rows.map((row) => ({ ...row, text: seconds(taken(row)) }));
  return spansChart(label, named, width);
}
