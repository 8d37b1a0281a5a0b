import { join } from "node:path";
import { ensureToolchain, toolchainBin } from "../../airgap/index.ts";
import { consoleProgress } from "../../lib/progress.ts";

/** Prints where one of the programs is that only people run, and builds them all where they are missing. */
export async function tool(name: string): Promise<void> {
  await ensureToolchain("tools", consoleProgress());
  console.log(join(toolchainBin("tools"), name));
}
