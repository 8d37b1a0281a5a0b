import { relative } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { applyProxyExceptions } from "../lib/httpProxies.ts";
import { messageOf } from "../lib/messages.ts";
import { recordPlatform, recordTimeline } from "./collect.ts";
import { drawable, lastRecords, reportFile, writeReport } from "./report.ts";

/*
 * What `make report` runs: `node --import tsx report/main.ts [--stack <name>]` draws what wire tests and benchmarks recorded, and
 * what a stack runs now.
 */

applyProxyExceptions();
try {
  const { stack } = parseArgs({ options: { stack: { type: "string", default: "local" } } }).values;
  await recordPlatform(stack);
  await recordTimeline();
  const { records, problems } = await drawable(await lastRecords());
  for (const problem of problems) console.error(problem);
  const bytes = await writeReport(records);
  console.log(`${relative(process.cwd(), reportFile)}, ${(bytes / 1e3).toFixed(0)} kB`);
} catch (error) {
  console.error(messageOf(error));
  process.exitCode = 1;
}
