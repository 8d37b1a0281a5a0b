import { readFileSync } from "node:fs";
import { bundle } from "./bundles.mjs";

/** The name of a bundle's file. An ES module, which Node.js 24 tells by its content. */
export const bundleFile = "server.js";

const bundles = new Map<string, string>();

/**
 * A program and all it imports as one file for Node.js alone: in an image, or in a ConfigMap beside a public image of Node.js.
 * The same sources give the same text in every checkout, so that it can be the key of an image. Each is made once in a process.
 *
 * @param source - path of the program's TypeScript file, relative to the checkout.
 */
export function bundleOf(source: string): string {
  const known = bundles.get(source);
  if (known !== undefined) return known;
  const file = bundle(source, "image", {
    target: "node24",
    // A ConfigMap holds 1 MiB. Names stay, for whoever reads an error.
    minifyWhitespace: true,
    minifySyntax: true,
    // For packages that ask for Node's own modules in the way of CommonJS.
    banner: { js: 'import { createRequire } from "node:module";\nconst require = createRequire(import.meta.url);' },
    // Optional parts of pg, for another client library and another runtime.
    external: ["pg-native", "cloudflare:sockets"],
  });
  const text = readFileSync(file, "utf8");
  bundles.set(source, text);
  return text;
}
