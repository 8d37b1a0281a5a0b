import { ensureToolchain } from "../../../airgap/index.ts";
import { consoleProgress } from "../../../lib/progress.ts";
import { ensureContractTools } from "./tools.ts";

/** Before the first test file: every program that the tests run. */
export default async function prepare(): Promise<void> {
  const progress = consoleProgress();
  for (const part of ["cluster", "pulumi", "tools"] as const) await ensureToolchain(part, progress);
  await ensureContractTools(progress);
}
