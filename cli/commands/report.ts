import { relative } from "node:path";
import process from "node:process";
import { recordPlatform } from "../../report/collect.ts";
import { drawable, lastRecords, reportFile, writeReport } from "../../report/report.ts";

/** Draws what wire tests and benchmarks recorded, and what runs now, and says where the report is. */
export async function report(stackName: string): Promise<void> {
  await recordPlatform(stackName);
  const { records, problems } = await drawable(await lastRecords());
  for (const problem of problems) console.error(problem);
  const bytes = await writeReport(records);
  console.log(`${relative(process.cwd(), reportFile)}, ${(bytes / 1e3).toFixed(0)} kB`);
}
