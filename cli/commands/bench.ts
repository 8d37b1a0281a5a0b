import process from "node:process";
import { UserError } from "../../lib/errors.ts";
import { foreground } from "../../lib/process.ts";

/** What is measured, each in a process of its own; first what leaves a cluster that has just been made. */
const topics = ["start", "baseline", "growth", "program"];

/** Measures one topic or all of them, on the stack `local` and beside it. */
export async function bench(only?: string): Promise<void> {
  if (only !== undefined && !topics.includes(only)) throw new UserError(`There is no bench ${only}: ${topics.join(", ")}.`);
  for (const topic of only === undefined ? topics : [only]) {
    console.log(`\n== ${topic}`);
    // As files, not as one: they share with the tests what asks Node where it is.
    const code = await foreground("node", ["--import", "tsx", `bench/${topic}.ts`], process.env);
    if (code !== 0) process.exitCode = code;
    // Whoever interrupted one wants no other.
    if (code > 128) return;
  }
}
