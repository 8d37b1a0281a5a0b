import { existsSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { originalPositionFor, TraceMap } from "@jridgewell/trace-mapping";

/** What is known of bundles: where each tells of its sources. @type {Map<string, TraceMap | undefined>} */
const maps = new Map();
/** Places in bundles that were asked for, by file, line and column, as places in sources. @type {Map<string, string>} */
const places = new Map();

/**
 * Has stacks of errors tell the lines of sources instead of bundles. Pulumi asks for a stack with each resource and each promise, so places
 * are looked up once; what Node.js and Pulumi bring for this takes a sixth of a whole preview.
 */
export function traceSources() {
  Error.prepareStackTrace = (error, frames) => [String(error), ...frames.map((frame) => `    at ${text(frame)}`)].join("\n");
}

/** @param {NodeJS.CallSite} frame */
function text(frame) {
  const name = frame.getFileName();
  if (!name?.includes("/.state/run/")) return `${frame}`;
  const file = name.startsWith("file:") ? fileURLToPath(name) : name;
  const [line, column] = [frame.getLineNumber() ?? 1, frame.getColumnNumber() ?? 1];
  return `${frame}`.replace(`${name}:${line}:${column}`, placeOf(file, line, column));
}

/**
 * @param {string} file
 * @param {number} line
 * @param {number} column
 */
function placeOf(file, line, column) {
  const asked = `${file}:${line}:${column}`;
  let known = places.get(asked);
  if (known === undefined) {
    const map = mapOf(file);
    const found = map && originalPositionFor(map, { line, column: column - 1 });
    known = found?.source ? `${resolve(dirname(file), found.source)}:${found.line}:${found.column + 1}` : asked;
    places.set(asked, known);
  }
  return known;
}

/** @param {string} file */
function mapOf(file) {
  if (!maps.has(file)) {
    const map = `${file}.map`;
    maps.set(file, existsSync(map) ? new TraceMap(readFileSync(map, "utf8")) : undefined);
  }
  return maps.get(file);
}
