import { mkdir, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { UserError } from "../lib/errors.ts";
import { stateDir } from "../lib/paths.ts";
import type { LastRecords } from "./headlines.ts";
import { makers, page } from "./page.ts";
import { lastRecord } from "./records.ts";
import { topics } from "./sections/index.ts";

/** Where the report is. It needs no other file. */
export const reportFile = join(stateDir, "report.html");

/** The last record of each topic. */
export async function lastRecords(): Promise<LastRecords> {
  const found = await Promise.all(topics.map(async (topic) => [topic, await lastRecord(topic)] as const));
  return Object.fromEntries(found.filter(([, recorded]) => recorded !== undefined)) as LastRecords;
}

/** What of the records this version can draw, and a sentence for each that it cannot. */
export interface Drawable {
  readonly records: LastRecords;
  readonly problems: readonly string[];
}

/** Leaves out the records of another form: those that a version before or after this one has made. */
export async function drawable(records: LastRecords): Promise<Drawable> {
  const recorded = topics.filter((topic) => records[topic] !== undefined);
  const checked = await Promise.all(
    recorded.map(async (topic) => ({ topic, drawn: await isDrawn({ [topic]: records[topic] } as LastRecords) })),
  );
  const others = checked.filter(({ drawn }) => !drawn).map(({ topic }) => topic);
  return {
    records: Object.fromEntries(Object.entries(records).filter(([topic]) => !others.some((other) => other === topic))),
    problems: others.map(
      (topic) => `The record of ${topic} is of another version's form and left out. Try: ${makers[topic]}, which makes it anew.`,
    ),
  };
}

/** Whether a page comes of it, with a number in each place. */
async function isDrawn(records: LastRecords): Promise<boolean> {
  try {
    return !/\b(NaN|undefined|Infinity)\b/.test(await page(records));
  } catch {
    return false;
  }
}

/**
 * Writes the report.
 *
 * @returns its size in bytes.
 * @throws UserError when nothing was recorded yet.
 */
export async function writeReport(records: LastRecords, file = reportFile): Promise<number> {
  if (Object.keys(records).length === 0) {
    throw new UserError(
      "Nothing is recorded yet. Try: make up wire, which tests what the mesh promises, or make bench, which measures what it costs.",
    );
  }
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, await page(records));
  return (await stat(file)).size;
}
