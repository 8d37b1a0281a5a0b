import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/*
 * What containers take, read from the kernel's own accounts, in either version of control groups. The nodes run on this
 * machine, so their containers' groups are here; the kubelet's figures are up to ten seconds old.
 */

/** Where the groups are; version 1 keeps processor time and memory apart. */
const root = "/sys/fs/cgroup";
const places = (controller: "cpuacct" | "memory") => [join(root, controller), root].find((place) => existsSync(place)) ?? root;

/** The accounts of one container. */
export interface Account {
  /** Processor time it has used so far, in seconds. */
  busy(): Promise<number>;
  /** Memory it holds and that could not be taken from it, as the kubelet counts it, in MB. */
  memory(): Promise<number>;
  /** One of its processes. */
  pid(): Promise<number>;
}

/**
 * Finds the accounts of containers by their ids.
 *
 * @throws Error when one has none on this machine.
 */
export async function accountsOf(ids: readonly string[]): Promise<Account[]> {
  const [processor, memory] = await Promise.all((["cpuacct", "memory"] as const).map((controller) => list(places(controller))));
  return ids.map((id) => {
    const find = (folders: readonly string[] | undefined) => folders?.find((folder) => folder.endsWith(`${id}.scope`));
    const [time, held] = [find(processor), find(memory)];
    if (!id || !time || !held)
      throw new Error(
        `container ${id || "without an id"} is not accounted for on this machine: are the cluster's nodes elsewhere?`,
      );
    return { busy: () => busyOf(time), memory: () => memoryOf(held), pid: () => pidIn(time) };
  });
}

async function list(folder: string): Promise<string[]> {
  return (await readdir(folder, { recursive: true })).filter((path) => path.endsWith(".scope")).map((path) => join(folder, path));
}

async function busyOf(folder: string): Promise<number> {
  const nanoseconds = join(folder, "cpuacct.usage");
  if (existsSync(nanoseconds)) return Number(await readFile(nanoseconds, "utf8")) / 1e9;
  return field(await readFile(join(folder, "cpu.stat"), "utf8"), "usage_usec") / 1e6;
}

async function pidIn(folder: string): Promise<number> {
  const [first = ""] = (await readFile(join(folder, "cgroup.procs"), "utf8")).split("\n");
  return Number(first);
}

async function memoryOf(folder: string): Promise<number> {
  const first = existsSync(join(folder, "memory.usage_in_bytes"));
  const used = Number(await readFile(join(folder, first ? "memory.usage_in_bytes" : "memory.current"), "utf8"));
  const idle = field(await readFile(join(folder, "memory.stat"), "utf8"), first ? "total_inactive_file" : "inactive_file");
  return (used - idle) / 1e6;
}

/** A field of a file that has one on each line. */
export function field(text: string, name: string): number {
  const [, value] = new RegExp(`^${name} (\\d+)$`, "m").exec(text) ?? [];
  if (value === undefined) throw new Error(`no ${name} among: ${text.slice(0, 200)}`);
  return Number(value);
}
