import { createReadStream, readFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { posix } from "node:path";
import type { Entry, Source, Tree } from "./tree.ts";

/*
 * The tar format (POSIX ustar, with a pax record where a path or a link does not fit), written so that the same tree gives
 * the same bytes: entries sorted, no times, owners as numbers.
 */

const block = 512;
const types = { file: "0", link: "2", folder: "5", pax: "x" } as const;

/** The bytes of a tree as a tar archive, parents before what is in them. */
export async function* tarOf(tree: Tree): AsyncGenerator<Buffer> {
  for (const [path, entry] of sorted(tree)) {
    yield header(path, entry);
    if (entry.kind !== "file") continue;
    yield* content(path, entry.source, entry.size);
  }
  yield Buffer.alloc(2 * block);
}

/** The size of {@link tarOf}'s archive in bytes, without reading any file. */
export function tarSize(tree: Tree): number {
  let size = 2 * block;
  for (const [path, entry] of sorted(tree)) size += header(path, entry).length + (entry.kind === "file" ? padded(entry.size) : 0);
  return size;
}

/** All entries in order, with the folders that only their content implies. */
function sorted(tree: Tree): [string, Entry][] {
  const all = new Map(tree);
  for (const path of tree.keys()) {
    for (let parent = posix.dirname(path); parent !== "." && !all.has(parent); parent = posix.dirname(parent)) {
      all.set(parent, { kind: "folder", mode: 0o755, uid: 0, gid: 0 });
    }
  }
  return [...all].sort(([a], [b]) => (a < b ? -1 : 1));
}

async function* content(path: string, source: Source, size: number): AsyncGenerator<Buffer> {
  let written = 0;
  for await (const chunk of chunks(source, size)) {
    written += chunk.length;
    yield chunk;
  }
  if (written !== size) throw new Error(`${path} has ${written} bytes and had ${size} when it was listed: it changed in between`);
  yield Buffer.alloc(padded(size) - size);
}

/** So many bytes are read of a file at a time. */
const portion = 1 << 20;

function chunks(source: Source, size: number): AsyncIterable<Buffer> | Iterable<Buffer> {
  // A stream for each of ten thousand small files costs more than what is in them.
  if (typeof source === "string")
    return size < portion ? [readFileSync(source)] : createReadStream(source, { highWaterMark: portion });
  return typeof source === "function" ? source() : [source];
}

function header(path: string, entry: Entry): Buffer {
  const name = entry.kind === "folder" ? `${path}/` : path;
  const target = entry.kind === "link" ? entry.target : "";
  const records = [...(fits(name) ? [] : [record("path", name)]), ...(fits(target) ? [] : [record("linkpath", target)])].join("");
  const own = ustar(types[entry.kind], name, target, entry, entry.kind === "file" ? entry.size : 0);
  if (records === "") return own;
  const extra = Buffer.from(records);
  const before = ustar(types.pax, "pax", "", { mode: 0o644, uid: 0, gid: 0 }, extra.length);
  return Buffer.concat([before, extra, Buffer.alloc(padded(extra.length) - extra.length), own]);
}

function ustar(
  type: string,
  name: string,
  target: string,
  { mode, uid, gid }: Pick<Entry, "mode" | "uid" | "gid">,
  size: number,
): Buffer {
  const buffer = Buffer.alloc(block);
  const octal = (value: number, offset: number, length: number) =>
    buffer.write(`${value.toString(8).padStart(length - 1, "0")}\0`, offset, "latin1");
  buffer.write(name, 0, 100);
  octal(mode, 100, 8);
  octal(uid, 108, 8);
  octal(gid, 116, 8);
  octal(size, 124, 12);
  octal(0, 136, 12);
  buffer.write("        ", 148); // the checksum counts itself as blanks
  buffer.write(type, 156);
  buffer.write(target, 157, 100);
  buffer.write("ustar\x0000", 257, "latin1");
  octal(0, 329, 8);
  octal(0, 337, 8);
  const sum = buffer.reduce((total, byte) => total + byte, 0);
  buffer.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return buffer;
}

/** A pax record counts its own length: "<length> key=value\n". */
function record(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const bytes = Buffer.byteLength(rest);
  let length = bytes + 1;
  while (`${length}`.length + bytes !== length) length += 1;
  return `${length}${rest}`;
}

const fits = (value: string) => Buffer.byteLength(value) <= 100;
const padded = (size: number) => Math.ceil(size / block) * block;

/** Where a file's bytes are in a tar archive. */
export interface TarFile {
  readonly archive: string;
  readonly offset: number;
  readonly size: number;
}

/**
 * The files of a tar archive, by path: their headers alone are read. Paths of more than 100 bytes are not known.
 *
 * @param damaged - called with what is wrong where the archive ends in the middle of a file.
 */
export async function readTar(archive: string, damaged: (how: string) => never): Promise<Map<string, TarFile>> {
  const files = new Map<string, TarFile>();
  const file = await open(archive);
  try {
    const whole = (await file.stat()).size;
    const header = Buffer.alloc(block);
    for (let offset = 0; (await file.read(header, 0, block, offset)).bytesRead === block && header[0] !== 0; ) {
      const field = (start: number, length: number) => header.toString("utf8", start, start + length).replace(/\0.*$/s, "");
      const size = Number.parseInt(field(124, 12), 8) || 0;
      if (offset + block + size > whole) damaged(`it ends in the middle of ${field(0, 100)}`);
      if (field(156, 1) === "0") files.set(field(0, 100), { archive, offset: offset + block, size });
      offset += block + padded(size);
    }
  } finally {
    await file.close();
  }
  return files;
}
