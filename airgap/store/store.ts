import { existsSync } from "node:fs";
import { lstat, mkdir, readdir, readFile, rename, stat, utimes, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { withLock } from "../../lib/lock.ts";
import { output } from "../../lib/process.ts";
import type { Progress } from "../../lib/progress.ts";

/** How long a folder of the cache stays without being asked for, in milliseconds. */
const unusedAfter = 14 * 24 * 60 * 60 * 1000;

/** Says what work is at just now, in a few words. */
export type Detail = (text: string) => void;

/**
 * Makes a folder of the cache exactly once. Its name carries the key of its inputs, so that it is right when it is there:
 * it is filled under another name and renamed when complete. What a killed run has left is removed by the next one, and so is a
 * folder in which a file is missing or has another size than it was made with.
 *
 * What no run has asked for in a while is removed when a new one of its kind is made.
 *
 * @param fill - writes the content into the empty folder it is given.
 * @returns whether it was made now.
 */
export async function ensureFolder(
  folder: string,
  title: string,
  progress: Progress,
  fill: (temporary: string, detail: Detail) => Promise<unknown>,
): Promise<boolean> {
  if (existsSync(folder)) {
    const damaged = await damageOf(folder);
    if (!damaged) {
      // A cache that can only be read serves as well.
      await utimes(folder, new Date(), new Date()).catch(() => undefined);
      return false;
    }
    progress.note(`${title}: ${damaged} in the cache, so it is made again.`);
  }
  return progress.step(title, (detail) =>
    withLock(
      folder,
      () => detail("waiting for another run that makes the same"),
      async () => {
        if (existsSync(folder)) {
          if (!(await damageOf(folder))) return false;
          await remove(folder);
        }
        await removeRemains(folder);
        const temporary = `${folder}.tmp-${process.pid}`;
        await mkdir(temporary);
        try {
          await fill(temporary, detail);
          await writeFile(join(temporary, contents), JSON.stringify(await sizesIn(temporary)));
          await rename(temporary, folder);
          await removeUnused(dirname(folder));
        } catch (error) {
          await remove(temporary);
          throw error;
        }
        return true;
      },
    ),
  );
}

/** Removes the temporary folders of runs that were killed. Called with the lock held, so none of them is in use. */
async function removeRemains(folder: string): Promise<void> {
  const parent = dirname(folder);
  await mkdir(parent, { recursive: true });
  for (const entry of await readdir(parent)) {
    if (entry.startsWith(`${basename(folder)}.tmp-`)) await remove(join(parent, entry));
  }
}

/** Every use sets a folder's time, so an old one belongs to sources that nobody has checked out any more. */
export async function removeUnused(parent: string): Promise<void> {
  for (const entry of await readdir(parent).catch(() => [])) {
    const folder = join(parent, entry);
    if (Date.now() - (await stat(folder)).mtimeMs > unusedAfter) await remove(folder);
  }
}

/** Removes a folder, but nothing that is mounted in it: a root file system may be half made. */
async function remove(folder: string): Promise<void> {
  await output("rm", ["-rf", "--one-file-system", folder]);
}

/** The file in each folder that says which files it was made with, and how large each is, in bytes. */
const contents = ".contents.json";

async function sizesIn(folder: string, below = ""): Promise<Record<string, number>> {
  const sizes: Record<string, number> = {};
  for (const entry of await readdir(join(folder, below), { withFileTypes: true })) {
    const path = join(below, entry.name);
    if (entry.isDirectory()) Object.assign(sizes, await sizesIn(folder, path));
    else if (entry.isFile()) sizes[path] = (await lstat(join(folder, path))).size;
  }
  return sizes;
}

/** What is not as it was made, in words; undefined where all is. Sizes tell of a copy that was cut short, and cost nothing. */
async function damageOf(folder: string): Promise<string | undefined> {
  const written = await readFile(join(folder, contents), "utf8").catch(() => undefined);
  // One that an earlier version of the project made says nothing.
  if (written === undefined) return undefined;
  for (const [path, size] of Object.entries(parse(written) ?? { [contents]: -1 })) {
    const found = await lstat(join(folder, path)).catch(() => undefined);
    if (!found) return `${path} is missing`;
    if (found.size !== size) return `${path} is damaged`;
  }
  return undefined;
}

function parse(text: string): Record<string, number> | undefined {
  try {
    return JSON.parse(text) as Record<string, number>;
  } catch {
    return undefined;
  }
}
