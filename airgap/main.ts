import process from "node:process";
import { UserError } from "../lib/errors.ts";
import { applyProxyExceptions } from "../lib/httpProxies.ts";
import { messageOf } from "../lib/messages.ts";
import { consoleProgress } from "../lib/progress.ts";
import { ensureImages, ensureNodeImage, ensureToolchain, preflight } from "./index.ts";
import { platformImages } from "./names.ts";

/*
 * The air gap on its own: `node --import tsx airgap/main.ts [toolchain|images|node|all]`. `make up` does the same as one of
 * its steps, and builds the images of the applications' own programs as well.
 */

const progress = consoleProgress();
const parts = {
  toolchain: () => ensureToolchain(progress),
  images: () =>
    ensureImages(
      platformImages.map((name) => ({ name })),
      progress,
    ),
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
