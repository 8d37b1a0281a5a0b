import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

/** The small services of apps/services. */
export const serviceNames = ["product", "frontend", "backend"] as const;
export type ServiceName = (typeof serviceNames)[number];

/** The same for each service. */
export function eachService<T>(of: (name: ServiceName) => T): Readonly<Record<ServiceName, T>> {
  return Object.fromEntries(serviceNames.map((name) => [name, of(name)])) as Record<ServiceName, T>;
}

/** What a bundle is called wherever it is run from. An ES module, which Node.js 24 tells by its content. */
export const bundleFile = "server.js";

const projectDir = fileURLToPath(new URL("..", import.meta.url));
const bundles = new Map<ServiceName, string>();

/**
 * A service and all it imports as one file for Node.js alone: in an image, or in a ConfigMap beside a public image of Node.js.
 * The same sources give the same text in every checkout, so that it can be the key of an image. Each is made once in a process.
 */
export function bundleOf(service: ServiceName): string {
  const known = bundles.get(service);
  if (known !== undefined) return known;
  const text = bundle(service);
  bundles.set(service, text);
  return text;
}

function bundle(service: ServiceName): string {
  const { outputFiles } = buildSync({
    absWorkingDir: projectDir,
    entryPoints: [`apps/services/${service}/server.ts`],
    bundle: true,
    write: false,
    platform: "node",
    target: "node24",
    format: "esm",
    charset: "utf8",
    legalComments: "none",
    // What the machine's own settings say must not change the text.
    tsconfigRaw: {},
    // Optional parts of pg, for another client library and another runtime.
    external: ["pg-native", "cloudflare:sockets"],
    // For packages that ask for Node's own modules in the way of CommonJS.
    banner: { js: 'import { createRequire } from "node:module";\nconst require = createRequire(import.meta.url);' },
    logLevel: "silent",
  });
  const [file] = outputFiles;
  if (!file) throw new Error(`esbuild has made nothing of ${service}`);
  return file.text;
}
