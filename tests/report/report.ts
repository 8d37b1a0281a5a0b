import { mkdir, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { UserError } from "../../cli/support/errors.ts";
import { projectDir } from "../../cli/support/paths.ts";
import type { LastRecords } from "./headlines.ts";
import { page } from "./page.ts";
import { lastRecord } from "./records.ts";
import { topics } from "./sections/index.ts";

/** Where the report lies, beside no other file that it needs. */
export const reportFile = join(projectDir, "report", "index.html");

/** The last record of each topic. */
export async function lastRecords(): Promise<LastRecords> {
  const found = await Promise.all(topics.map(async (topic) => [topic, await lastRecord(topic)] as const));
  return Object.fromEntries(found.filter(([, recorded]) => recorded !== undefined)) as LastRecords;
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
