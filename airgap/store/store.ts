import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import type { Progress } from "../../cli/support/progress.ts";
import { withLock } from "./lock.ts";

/** Says what work is at just now, in a few words. */
export type Detail = (text: string) => void;

/**
 * Makes a folder of the cache exactly once. Its name carries the key of its inputs, so that it is right when it is there:
 * it is filled under another name and renamed when complete. What a killed run has left is removed by the next one.
 *
 * @param fill - writes the content into the empty folder it is given.
 * @returns whether it was made now.
 */
export async function ensureFolder(
  folder: string,
  title: string,
  progress: Progress,
  fill: (temporary: string, detail: Detail) => Promise<void>,
): Promise<boolean> {
  if (existsSync(folder)) return false;
  return progress.step(title, (detail) =>
    withLock(
      folder,
      () => detail("waiting for another run that makes the same"),
      async () => {
        if (existsSync(folder)) return false;
        await removeRemains(folder);
        const temporary = `${folder}.tmp-${process.pid}`;
        await mkdir(temporary, { recursive: true });
        try {
          await fill(temporary, detail);
          await rename(temporary, folder);
        } catch (error) {
          await rm(temporary, { recursive: true, force: true });
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
    if (entry.startsWith(`${basename(folder)}.tmp-`)) await rm(join(parent, entry), { recursive: true, force: true });
  }
}
