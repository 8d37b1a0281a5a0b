import { readdir, readFile, readlink } from "node:fs/promises";
import process from "node:process";

/** How many instances of inotify one node takes, with all that the platform runs in it: 52 were counted in three. */
const perNode = 18;

const setting = "fs.inotify.max_user_instances";

/** Where the kernel tells of itself, so that tests can say it tells something else. */
export interface Kernel {
  /** The folder of processes. */
  readonly proc: string;
  readonly uid: number | undefined;
}

/**
 * Whether the kernel gives root, who runs the nodes, enough instances of inotify for so many more of them. Without them
 * a node starts, and then one program in it after the other ends with `too many open files`, which names no cause.
 */
export async function inotifyProblems(
  nodes: number,
  kernel: Kernel = { proc: "/proc", uid: process.getuid?.() },
): Promise<string[]> {
  // Only root sees what root has taken.
  if (nodes <= 0 || kernel.uid !== 0) return [];
  const most = Number(await readFile(`${kernel.proc}/sys/${setting.replaceAll(".", "/")}`, "utf8").catch(() => ""));
  if (!most) return [];
  const left = most - (await taken(kernel.proc));
  const needed = nodes * perNode;
  if (left >= needed) return [];
  return [
    `The kernel gives root ${most} instances of inotify, of which ${Math.max(left, 0)} are left; ${nodes} node(s) take about ${needed}. ` +
      `Stop another cluster, or raise it: sysctl -w ${setting}=${4 * Math.max(most, 128)}`,
  ];
}

/** How many instances the processes of root have. */
async function taken(proc: string): Promise<number> {
  const processes = (await readdir(proc)).filter((name) => /^\d+$/.test(name));
  const counts = await Promise.all(
    processes.map(async (pid) => ((await isRoots(`${proc}/${pid}`)) ? countIn(`${proc}/${pid}/fd`) : 0)),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

async function isRoots(folder: string): Promise<boolean> {
  return /^Uid:\s+0\b/m.test(await readFile(`${folder}/status`, "utf8").catch(() => ""));
}

async function countIn(folder: string): Promise<number> {
  const files = await readdir(folder).catch((): string[] => []);
  const targets = await Promise.all(files.map((file) => readlink(`${folder}/${file}`).catch(() => "")));
  return targets.filter((target) => target === "anon_inode:inotify").length;
}
