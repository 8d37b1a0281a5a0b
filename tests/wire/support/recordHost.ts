import { make, run, stack } from "../../lib/runningStack.ts";
import { removeThere } from "./existing.ts";
import { recordListing } from "./host.ts";

/** Before the first test file: what is on the machine while nothing of ours runs, for the test of `make down` to compare with. */
export default async function recordHost(): Promise<void> {
  // On others the tests take nothing down.
  if (stack === "local") await recordListing(tidy);
}

/** Removes what a run left that was cut off: the stack, and the cluster that stands for somebody else's. */
async function tidy(): Promise<void> {
  // Where podman is not installed yet, nothing was ever made.
  if ((await run("podman", ["--version"])).exitCode !== 0) return;
  await make("down");
  await removeThere();
}
