import * as Plot from "@observablehq/plot";
import { chart, forBoth, ink, swatches } from "../charts/draw.ts";
import { count, many, seconds } from "../format.ts";
import type { Html } from "../html.ts";
import type { Records } from "../records.ts";
import { sum } from "../statistics.ts";
import { numbers, section, words } from "./section.ts";

type Accidents = Records["accidents"];

/** Things that go wrong under load. */
export const accidents = section({
  topic: "accidents",
  title: "Accidents",
  about:
    "Parts of the platform are killed, drained and replaced under load; what is lost is counted, and where none may be lost, none is.",
  show: (data) => {
    const caption = captionOf(data);
    return [
      {
        title: "What each accident cost",
        caption,
        picture: forBoth((width) => bars(data, caption, width)),
        legend: swatches([looks.kept, looks.counted, looks.broken]),
        tables: [
          {
            title: "Each accident",
            columns: [
              ...words("Accident"),
              ...numbers("Requests", "Failed"),
              ...words("Promise"),
              ...numbers("Well again after"),
            ],
            rows: Object.entries(data).map(([what, { requests, failed, none, recovered }]) => [
              what,
              count(requests),
              count(failed),
              none ? "none fails" : "counted",
              recovered === undefined ? "never amiss" : seconds(recovered),
            ]),
          },
        ],
      },
    ];
  },
});

/** The picture's sentence. */
export function captionOf(accidents: Accidents): string {
  const all = Object.values(accidents);
  const strict = all.filter(({ none }) => none);
  const lost = (some: typeof all) =>
    `${count(sum(some.map(({ failed }) => failed)))} of ${many(sum(some.map(({ requests }) => requests)), "request")}`;
  const counted = all.filter(({ none }) => !none);
  const slowest = Math.max(0, ...all.map(({ recovered }) => recovered ?? 0));
  return [
    `${many(all.length, "accident")}: ${lost(strict)} failed in the ${strict.length} where none may`,
    counted.length > 0 ? `, ${lost(counted)} in the others` : "",
    `, and after ${seconds(slowest)} at most all was well again.`,
  ].join("");
}

const looks = {
  kept: { name: "none failed, as promised", colour: "var(--blue)" },
  counted: { name: "some may fail: counted", colour: "var(--grey)" },
  broken: { name: "failed where none may", colour: "var(--orange)" },
} as const;

/** Seconds until all was well again, and in words how many requests were lost. */
function bars(accidents: Accidents, label: string, width: number): Html {
  const rows = Object.entries(accidents).map(([what, { requests, failed, none, recovered = 0 }]) => ({
    what,
    recovered,
    look: none ? (failed > 0 ? looks.broken : looks.kept) : looks.counted,
    text: `${none && failed > 0 ? "! " : ""}${count(failed)} of ${count(requests)} failed`,
    time: recovered > 0 ? seconds(recovered) : "",
  }));
  const most = Math.max(1, ...rows.map(({ recovered }) => recovered));
  const small = width < 600;
  const height = small ? 60 : 44;
  const above = { y: "what", frameAnchor: "left", lineAnchor: "top", dy: 4 - height / 2, ...ink } as const;
  return chart(label, {
    width,
    height: 44 + rows.length * height,
    marginLeft: 4,
    marginRight: 44,
    marginTop: 4,
    marginBottom: 38,
    x: {
      domain: [0, most],
      label: "seconds until all was well again",
      labelArrow: "none",
      grid: true,
      ticks: width > 600 ? 8 : 4,
    },
    y: { domain: rows.map(({ what }) => what), axis: null, padding: 0 },
    marks: [
      Plot.ruleX([0], { stroke: "var(--faint)" }),
      Plot.barX(rows, {
        y: "what",
        x: "recovered",
        fill: ({ look }: (typeof rows)[number]) => look.colour,
        insetTop: height - 22,
        insetBottom: 8,
        rx: 2,
      }),
      Plot.dot(
        rows.filter(({ time }) => time === ""),
        { y: "what", x: 0, dy: height / 2 - 15, dx: 4, r: 4, fill: ({ look }: (typeof rows)[number]) => look.colour },
      ),
      Plot.text(rows, { ...above, text: "what", textAnchor: "start", dx: 4, fontWeight: 600 }),
      small
        ? Plot.text(rows, { ...above, text: "text", textAnchor: "start", dx: 4, dy: above.dy + 16 })
        : Plot.text(rows, { ...above, text: "text", frameAnchor: "right", textAnchor: "end", dx: 40 }),
      Plot.text(rows, { y: "what", x: "recovered", text: "time", textAnchor: "start", dx: 6, dy: height / 2 - 15, ...ink }),
    ],
    color: { type: "identity" },
  });
}
