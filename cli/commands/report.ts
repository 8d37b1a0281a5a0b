import process from "node:process";
import { foreground } from "../../lib/process.ts";

/** Draws what wire tests and benchmarks recorded, and what runs now, in a process of its own: only that one needs report/'s packages. */
export async function report(stackName: string): Promise<void> {
  const code = await foreground("node", ["--import", "tsx", "report/main.ts", "--stack", stackName], process.env);
  if (code !== 0) process.exitCode = code;
}
