import { relative } from "node:path";
import process from "node:process";
import { recordPlatform } from "../../tests/report/collect.ts";
import { lastRecords, reportFile, writeReport } from "../../tests/report/report.ts";

/** Draws what wire tests and benchmarks recorded, and what runs now, and says where the report is. */
export async function report(stackName: string): Promise<void> {
  await recordPlatform(stackName);
  const bytes = await writeReport(await lastRecords());
  console.log(`${relative(process.cwd(), reportFile)}, ${(bytes / 1e3).toFixed(0)} kB`);
}
