import { forBoth } from "../charts/draw.ts";
import { many, milliseconds } from "../format.ts";
import type { Records } from "../records.ts";
import { median } from "../statistics.ts";
import { dotRows } from "./dots.ts";
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
    const kinds = [
      { name: "busy", values: data.busy },
      { name: "idle", values: data.idle },
    ];
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

/** The picture's sentence. */
export function captionOf({ busy, idle }: Pick<Records["revocation"], "busy" | "idle">): string {
  const of = (values: readonly number[]) =>
    `${milliseconds(median(values))} (p50) and ${milliseconds(Math.max(...values))} (worst)`;
  return `Over ${many(busy.length, "write")} with busy clients the last request was let through after ${of(busy)}; over ${count(idle)} with idle connections after ${of(idle)}.`;
}

const count = (values: readonly number[]): string => String(values.length);
