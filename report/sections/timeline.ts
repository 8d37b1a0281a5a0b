import * as Plot from "@observablehq/plot";
import type { Run, Span } from "../../lib/lastRuns.ts";
import { chart, forBoth, roomFor, swatches } from "../charts/draw.ts";
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
  ].map((row) => ({ ...row, text: seconds(taken(row)) }));
  const names = rows.map(({ what }) => what);
  const end = Math.max(...rows.map(({ to }) => to));
  const small = width < 600;
  return chart(label, {
    width,
    height: 44 + rows.length * (small ? 32 : 20),
    marginLeft: small ? 10 : roomFor(names),
    marginRight: 50,
    marginTop: 4,
    marginBottom: 38,
    x: { domain: [0, end], label: "seconds", labelArrow: "none", grid: true, ticks: small ? 4 : 8 },
    y: { domain: names, label: null, tickSize: 0, padding: 0, axis: small ? null : "left" },
    marks: [
      Plot.barX(rows, { y: "what", x1: "from", x2: "to", fill: "colour", insetTop: small ? 17 : 4, insetBottom: 4, rx: 1 }),
      Plot.text(rows, { y: "what", x: "to", text: "text", textAnchor: "start", dx: 6, dy: small ? 7 : 0, fill: "currentColor" }),
      small
        ? Plot.text(rows, { y: "what", text: "what", frameAnchor: "left", textAnchor: "start", dy: -8, fill: "currentColor" })
        : [],
    ],
    color: { type: "identity" },
  });
}
