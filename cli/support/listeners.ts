import { readdir, readFile, readlink } from "node:fs/promises";

/** A process, as a message names it. */
export interface Listener {
  readonly pid: number;
  readonly name: string;
  readonly command: string;
}

/** The state of a listening socket in /proc/net/tcp. */
const listening = "0A";

/** Finds who listens on a TCP port, on whatever address, as far as /proc tells. */
export async function listenerOn(port: number): Promise<Listener | undefined> {
  const inodes = new Set([...(await listeningInodes("/proc/net/tcp", port)), ...(await listeningInodes("/proc/net/tcp6", port))]);
  if (inodes.size === 0) return undefined;
  for (const pid of (await list("/proc")).filter((name) => /^\d+$/.test(name))) {
    for (const descriptor of await list(`/proc/${pid}/fd`)) {
      const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => "");
      const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
      if (inode && inodes.has(inode)) return describe(pid);
    }
  }
  return undefined;
}

async function listeningInodes(table: string, port: number): Promise<string[]> {
  const hexadecimal = port.toString(16).toUpperCase().padStart(4, "0");
  return (await read(table))
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(`:${hexadecimal}`) && fields[3] === listening)
    .map((fields) => fields[9] ?? "");
}

async function describe(pid: string): Promise<Listener> {
  const command = (await read(`/proc/${pid}/cmdline`)).replaceAll("\0", " ").trim();
  return { pid: Number(pid), name: (await read(`/proc/${pid}/comm`)).trim(), command: command.slice(0, 120) };
}

const list = (folder: string) => readdir(folder).catch((): string[] => []);
const read = (file: string) => readFile(file, "utf8").catch(() => "");
