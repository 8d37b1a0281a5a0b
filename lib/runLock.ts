import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import process from "node:process";
import { UserError } from "./errors.ts";
import { stateDir } from "./paths.ts";
import { startOf } from "./runningProcesses.ts";

interface Holder {
  readonly pid: number;
  /** When the process began, as the kernel counts: a number may be given to another process later. */
  readonly started: string;
  readonly command: string;
}

/**
 * Runs what only one command of this checkout may do at a time. A second one is told about the first instead of waiting
 * for it; the lock of a killed command is taken over.
 */
export async function withRunLock<T>(command: string, work: () => Promise<T>, file = join(stateDir, "running.json")): Promise<T> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const me: Holder = { pid: process.pid, started: startOf(process.pid), command };
  while (!(await take(file, me))) {
    const holder = await read(file);
    if (holder && holder.started === startOf(holder.pid)) {
      throw new UserError(
        `\`${holder.command}\` is at work here already (process ${holder.pid}). Wait until it ends, or stop it: kill ${holder.pid}`,
      );
    }
    await rm(file, { force: true });
  }
  try {
    return await work();
  } finally {
    await rm(file, { force: true });
  }
}

async function take(file: string, me: Holder): Promise<boolean> {
  try {
    await writeFile(file, JSON.stringify(me), { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

async function read(file: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as Holder;
  } catch {
    return undefined;
  }
}
