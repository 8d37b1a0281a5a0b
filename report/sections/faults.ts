import * as Plot from "@observablehq/plot";
import { sum } from "../../tests/lib/statistics.ts";
import { chart, forBoth, ink, roomFor, swatches } from "../charts/draw.ts";
import { count, many, seconds } from "../format.ts";
import type { Html } from "../html.ts";
import type { Records } from "../records.ts";
import { numbers, section, words } from "./section.ts";

type Faults = Records["faults"];

/** Things that go wrong under load. */
export const faults = section({
  topic: "faults",
  title: "Faults",
  about:
    "Parts of the platform are killed, drained and replaced under load; what is lost is counted, and where none may be lost, none is.",
  show: (data) => {
    const caption = captionOf(data);
    return [
      {
        title: "What each fault cost",
        caption,
        picture: forBoth((width) => bars(data, caption, width)),
        legend: swatches([looks.kept, looks.counted, looks.broken]),
        tables: [
          {
            title: "Each fault",
            columns: [...words("Fault"), ...numbers("Requests", "Failed"), ...words("Promise"), ...numbers("Well again after")],
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
export function captionOf(faults: Faults): string {
  const all = Object.values(faults);
  const strict = all.filter(({ none }) => none);
  const lost = (some: typeof all) =>
    `${count(sum(some.map(({ failed }) => failed)))} of ${many(sum(some.map(({ requests }) => requests)), "request")}`;
  const counted = all.filter(({ none }) => !none);
  const slowest = Math.max(0, ...all.map(({ recovered }) => recovered ?? 0));
  return [
    `${many(all.length, "fault")}: ${lost(strict)} failed in the ${strict.length} where none may`,
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
function bars(faults: Faults, label: string, width: number): Html {
  const rows = Object.entries(faults).map(([what, { requests, failed, none, recovered = 0 }]) => ({
    what,
    recovered,
    colour: (none ? (failed > 0 ? looks.broken : looks.kept) : looks.counted).colour,
    text: `${none && failed > 0 ? "! " : ""}${count(failed)} of ${count(requests)} failed`,
    time: recovered > 0 ? seconds(recovered) : "",
  }));
  const names = rows.map(({ what }) => what);
  const small = width < 600;
  // On a telephone the words stand above their bar.
  const height = small ? (names.some(({ length }) => length > 40) ? 74 : 58) : 26;
  const bar = small ? height / 2 - 12 : 0;
  const word = { y: "what", ...ink } as const;
  return chart(label, {
    width,
    height: 44 + rows.length * height,
    marginLeft: small ? 12 : roomFor(names),
    marginRight: small ? 44 : 172,
    marginTop: 4,
    marginBottom: 38,
    x: {
      domain: [0, Math.max(1, ...rows.map(({ recovered }) => recovered))],
      label: "seconds until all was well again",
      labelAnchor: "center",
      labelArrow: "none",
      grid: true,
      ticks: 5,
    },
    y: { domain: names, label: null, tickSize: 0, axis: small ? null : "left", padding: 0 },
    marks: [
      Plot.ruleX([0], { stroke: "var(--faint)" }),
      Plot.barX(rows, { y: "what", x: "recovered", fill: "colour", insetTop: height - 21, insetBottom: 5, rx: 2 }),
      Plot.dot(
        rows.filter(({ time }) => time === ""),
        { y: "what", x: 0, dy: bar, r: 4, fill: "colour" },
      ),
      Plot.text(rows, { ...word, x: "recovered", text: "time", textAnchor: "start", dx: 6, dy: bar }),
      small
        ? [
            Plot.text(rows, {
              ...word,
              text: "what",
              frameAnchor: "left",
              textAnchor: "start",
              lineAnchor: "bottom",
              lineWidth: 24,
              dy: bar - 29,
              lineHeight: 1.2,
              fontWeight: 600,
            }),
            Plot.text(rows, { ...word, text: "text", frameAnchor: "left", textAnchor: "start", dy: bar - 19 }),
          ]
        : Plot.text(rows, { ...word, text: "text", frameAnchor: "right", textAnchor: "end", dx: 168 }),
    ],
    color: { type: "identity" },
  });
}
