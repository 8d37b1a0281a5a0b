import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import process from "node:process";
import { projectDir } from "./project.mjs";

const folder = join(projectDir, ".state/run");

/** A folder as deep as those of bundles: what a file says of its sources is relative to itself. */
const drafts = join(folder, "new");

/** How long a bundle stays that nobody has asked for, in milliseconds: what runs may still load a part of it. */
const unusedAfter = 24 * 60 * 60 * 1000;

/**
 * A module of the project and all it imports as one file, or more where they are split. It is kept under .state/run, and made anew when
 * one of its sources, or what npm has installed, has changed.
 *
 * @param {string} source the module's path, relative to the checkout.
 * @param {string} use what it is for: tells bundles with different options apart.
 * @param {import("esbuild").BuildOptions} options
 * @returns {string} the file.
 * @throws Error without a stack, that tells what is wrong.
 */
export function bundle(source, use, options) {
  const record = join(folder, `${use}-${source.replaceAll("/", "-")}.json`);
  try {
    const place = kept(record) ?? make(record, source, options);
    return join(place, `${basename(source, ".ts")}.js`);
  } catch (error) {
    throw Object.assign(new Error(messageOf(error)), { stack: "" });
  }
}

/** @param {unknown} error */
function messageOf(error) {
  if (!(error instanceof Error)) return String(error);
  return "syscall" in error ? `${error.message}. What is run is kept in ${folder}, which has to be writable.` : error.message;
}

/**
 * The folder of a bundle as it is kept; undefined where there is none of these sources, or not a whole one.
 *
 * @param {string} record
 */
function kept(record) {
  try {
    const { name, sizes, stamps } = JSON.parse(readFileSync(record, "utf8"));
    const place = join(folder, name);
    if (!Object.entries(stamps).every(([input, stamp]) => stampOf(input) === stamp)) return undefined;
    if (!Object.entries(sizes).every(([file, size]) => statSync(join(place, file)).size === size)) return undefined;
    for (const used of [place, record]) utimesSync(used, new Date(), new Date());
    return place;
  } catch {
    return undefined;
  }
}

/**
 * Tells one state of a file from another.
 *
 * @param {string} input its path, relative to the checkout.
 */
function stampOf(input) {
  const { mtimeMs, size } = statSync(join(projectDir, input));
  return `${mtimeMs} ${size}`;
}

/**
 * @param {string} record
 * @param {string} source
 * @param {import("esbuild").BuildOptions} options
 */
function make(record, source, options) {
  const { outputFiles = [], metafile } = build(source, options);
  const own = Object.keys(metafile?.inputs ?? {}).filter((input) => !input.startsWith("node_modules/"));
  // How it is made, and what npm writes when an installation is complete.
  const others = ["lib/bundles.mjs", "lib/load.mjs", "lib/bundle.ts", "node_modules/.package-lock.json"];
  const inputs = [...own, ...others].filter((input) => existsSync(join(projectDir, input)));
  const stamps = Object.fromEntries(inputs.map((input) => [input, stampOf(input)]));
  removeUnused();
  const name = write(outputFiles);
  const sizes = Object.fromEntries(outputFiles.map(({ path, contents }) => [basename(path), contents.length]));
  writeFileSync(`${record}.tmp-${process.pid}`, JSON.stringify({ name, sizes, stamps }));
  renameSync(`${record}.tmp-${process.pid}`, record);
  return join(folder, name);
}

/**
 * @param {string} source
 * @param {import("esbuild").BuildOptions} options
 */
function build(source, options) {
  // It is loaded where there is something to make.
  const { buildSync } = /** @type {typeof import("esbuild")} */ (createRequire(import.meta.url)("esbuild"));
  return buildSync({
    absWorkingDir: projectDir,
    entryPoints: [source],
    outdir: drafts,
    bundle: true,
    write: false,
    metafile: true,
    platform: "node",
    format: "esm",
    charset: "utf8",
    legalComments: "none",
    // The machine's own settings must not change the text.
    tsconfigRaw: {},
    logLevel: "silent",
    ...options,
  });
}

/**
 * Writes files into a folder that is named after their content, all at once, and tells its name.
 *
 * @param {readonly import("esbuild").OutputFile[]} files
 */
function write(files) {
  const digest = createHash("sha256");
  for (const { path, contents } of files) digest.update(path).update(contents);
  const name = digest.digest("hex").slice(0, 16);
  const sizeOf = (/** @type {string} */ path) => statSync(join(folder, name, basename(path)), { throwIfNoEntry: false })?.size;
  if (files.every(({ path, contents }) => sizeOf(path) === contents.length)) return name;
  const temporary = join(folder, `${name}.tmp-${process.pid}`);
  mkdirSync(temporary, { recursive: true });
  for (const { path, contents } of files) writeFileSync(join(temporary, basename(path)), contents);
  // What is there was cut short.
  rmSync(join(folder, name), { recursive: true, force: true });
  try {
    renameSync(temporary, join(folder, name));
  } catch (error) {
    // Another process has just made it.
    rmSync(temporary, { recursive: true, force: true });
    if (!existsSync(join(folder, name))) throw error;
  }
  return name;
}

function removeUnused() {
  mkdirSync(folder, { recursive: true });
  for (const entry of readdirSync(folder)) {
    const path = join(folder, entry);
    const { mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? { mtimeMs: Date.now() };
    if (Date.now() - mtimeMs > unusedAfter) rmSync(path, { recursive: true, force: true });
  }
}
