import { createRequire } from "node:module";
import process from "node:process";

/*
 * What it takes to register a stack in a fresh process, against mocks: the program's own part of a preview.
 *
 *   node --import tsx bench/registration.ts <stack>
 *
 * Prints one line of JSON: seconds from the start of the process, the most memory it had, in MB, how many resources
 * it registered, and which of Pulumi's packages it loaded.
 */
const [stack = "local"] = process.argv.slice(2);
const { recordStack } = await import("../tests/lib/stacks.ts");
const { resources } = await recordStack(stack);

const files = Object.keys(createRequire(import.meta.url).cache);
const packages = files.flatMap((file) => /node_modules\/(@pulumi\/[a-z-]+)\//.exec(file)?.[1] ?? []);
const answer = {
  stack,
  seconds: Number(process.uptime().toFixed(1)),
  megabytes: Math.round(process.resourceUsage().maxRSS / 1024),
  resources: resources.length,
  packages: [...new Set(packages)].sort(),
};
console.log(JSON.stringify(answer));
