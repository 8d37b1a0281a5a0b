import process from "node:process";
import { bundleToRun, load } from "./load.mjs";

/* Runs a TypeScript module of this project: `node lib/run.mjs cli/main.ts [words]`. */

try {
  const [source = ""] = process.argv.splice(2, 1);
  const file = bundleToRun(source);
  process.argv[1] = file;
  await load(source, file);
} catch (error) {
  console.error(error instanceof Error ? error.stack || error.message : error);
  process.exit(1);
}
