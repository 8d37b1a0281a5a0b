import { quantile } from "../../tests/lib/statistics.ts";
import { forBoth } from "../charts/draw.ts";
import { list, many, milliseconds } from "../format.ts";
import type { Records } from "../records.ts";
import { dotRows, type Row } from "./dots.ts";
import { numbers, section, words } from "./section.ts";

/** What is promised at most, in milliseconds. */
export const limit = 2_000;

/** Permission taken away. */
export const revocation = section({
  topic: "revocation",
  title: "Revocation",
  about:
    "When a policy is tightened, whoever lost a permission is refused within two seconds, on connections that are busy and on those that are open and idle.",
  show: (data) => {
    const caption = captionOf(data);
    const kinds = kindsOf(data);
    if (kinds.length === 0) return [];
    return [
      {
        title: "From the write of a policy until the last request it should have stopped",
        caption: `${caption} ${data.cost}`,
        picture: forBoth((width) => dotRows(caption, kinds, { width, shares: [0.5, 1], limit })),
        tables: [
          {
            title: "Each write",
            columns: [...words("Connections"), ...numbers("Last allowed after")],
            rows: kinds.flatMap(({ name, values }) => values.map((value) => [name, milliseconds(value)])),
          },
        ],
      },
    ];
  },
});

type Times = Pick<Records["revocation"], "busy" | "idle">;

/** Measurements by what clients were doing, as far as there are any: a test may have failed before it came to them. */
function kindsOf({ busy, idle }: Times): Row[] {
  const kinds = [
    { name: "busy", values: busy },
    { name: "idle", values: idle },
  ];
  return kinds.filter(({ values }) => values.length > 0);
}

/** The picture's sentence. */
export function captionOf(times: Times): string {
  const parts = kindsOf(times).map(({ name, values }) => {
    const found = `${milliseconds(quantile(values, 0.5))} (p50) and ${milliseconds(Math.max(...values))} (worst)`;
    return `${found} with ${name} clients in ${many(values.length, "write")}`;
  });
  return `The last request was let through after ${list(parts)}.`;
}
