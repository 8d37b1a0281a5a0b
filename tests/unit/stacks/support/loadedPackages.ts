import { createRequire } from "node:module";
import { recordStack } from "../../../lib/stacks.ts";

/*
 * Registers stacks one after the other in a fresh process, and prints which of Pulumi's packages each of them had loaded when it
 * was registered, as a line of JSON.
 *
 *   node --import tsx tests/unit/stacks/support/loadedPackages.ts <stack> ...
 */
for (const stack of process.argv.slice(2)) {
  await recordStack(stack);
  const files = Object.keys(createRequire(import.meta.url).cache);
  const packages = files.flatMap((file) => /node_modules\/(@pulumi\/[a-z-]+)\//.exec(file)?.[1] ?? []);
  console.log(JSON.stringify([...new Set(packages)]));
}
