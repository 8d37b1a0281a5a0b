import process from "node:process";
import { UserError } from "../cli/support/errors.ts";
import { messageOf } from "../cli/support/messages.ts";
import { consoleProgress } from "../cli/support/progress.ts";
import { applyProxyExceptions } from "../cli/support/proxies.ts";
import { ensureImages, ensureNodeImage, ensureToolchain, preflight } from "./index.ts";
import { builtImages } from "./names.ts";

/*
 * The air gap on its own: `node --import tsx airgap/main.ts [toolchain|images|node|all]`. `make up` does the same as one of
 * its steps.
 */

const progress = consoleProgress();
const parts = {
  toolchain: () => ensureToolchain(progress),
  images: () => ensureImages(builtImages, progress),
  node: () => ensureNodeImage(progress),
  async all() {
    await parts.toolchain();
    await parts.node();
    return parts.images();
  },
};

applyProxyExceptions();
const part = process.argv[2] ?? "all";
try {
  if (!(part in parts)) throw new UserError(`There is no part ${part}: ${Object.keys(parts).join(", ")}.`);
  const problems = await preflight();
  if (problems.length > 0) throw new UserError(problems.join("\n"));
  console.log(JSON.stringify(await parts[part as keyof typeof parts](), undefined, 2));
} catch (error) {
  console.error(messageOf(error));
  process.exitCode = 1;
}
