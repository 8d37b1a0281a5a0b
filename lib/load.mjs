import { pathToFileURL } from "node:url";
import { bundle } from "./bundles.mjs";
import { traceSources } from "./stackTraces.mjs";

/**
 * How TypeScript of this project is run. A module and all it imports, of the project and of packages, become one file, or a few where it
 * imports some later: that starts several times as fast as some hundred files.
 *
 * @param {string} source its path, relative to the checkout.
 * @param {string} file what it became.
 * @returns {Promise<Record<string, unknown>>} what it exports.
 */
export async function load(source, file = bundleToRun(source)) {
  traceSources();
  return import(pathToFileURL(file).href);
}

/**
 * The file that is run for a module of the project.
 *
 * @param {string} source its path, relative to the checkout.
 */
export function bundleToRun(source) {
  return bundle(source, "run", {
    splitting: true,
    target: "node20",
    sourcemap: "linked",
    sourcesContent: false,
    // For packages that ask for Node's own modules in the way of CommonJS.
    banner: { js: 'import { createRequire as requireFrom } from "node:module";\nconst require = requireFrom(import.meta.url);' },
    // Pulumi's own must be the ones that its runtime has loaded; the provider runs without that. esbuild starts a program of its own.
    external: ["esbuild", ...(source.startsWith("provider/") ? [] : ["@pulumi/*"])],
  });
}
