import { existsSync } from "node:fs";
import { readdir, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { modulesFolder } from "../../../cli/kind/modulesFolder.ts";
import { projectDir, stateDir } from "../../../lib/paths.ts";
import { run } from "../../lib/runningStack.ts";

/** What a run of the platform may leave on the machine, each kind as a sorted list of lines. */
export interface HostListing {
  /** Those that these tests started, each after the number of its family. */
  readonly processes: string[];
  /** The numbers of the families of all processes. */
  readonly families: number[];
  readonly mounts: string[];
  readonly networkNamespaces: string[];
  readonly interfaces: string[];
  readonly firewall: string[];
  readonly containers: string[];
  readonly volumes: string[];
  readonly networks: string[];
  /** Those that nodes mount and that are made where they are missing. */
  readonly folders: string[];
}

/** Lists what is on the machine now. Podman is asked last: its first use mounts its storage. */
export async function listHost(): Promise<HostListing> {
  const processes = await listProcesses();
  return {
    processes: processes
      .filter(({ ours }) => ours)
      .map(({ head, command }) => `${head} ${command}`)
      .sort(),
    families: [...new Set(processes.map(({ head }) => head))],
    mounts: (await lines("findmnt", ["--list", "--noheadings", "--output", "TARGET,FSTYPE"])).sort(),
    networkNamespaces: [...new Set(processes.map(({ network }) => network)), ...(await lines("ip", ["netns", "list"]))].sort(),
    interfaces: (await lines("ip", ["-brief", "link"])).map((line) => line.split(/\s+/)[0] ?? "").sort(),
    firewall: await firewallRules(),
    containers: await listContainers(),
    volumes: (await lines("podman", ["volume", "ls", "--format", "{{.Name}}"])).sort(),
    networks: (await lines("podman", ["network", "ls", "--format", "{{.Name}}"])).sort(),
    folders: [modulesFolder].filter((folder) => existsSync(folder)),
  };
}

/** Rules of podman's, which it makes and removes with its networks: those of a run that was cut off with its machine among them. */
const podmans = /netavark/i;

/** What a run may leave. */
type Trace = Exclude<keyof HostListing, "families">;

/** What may be gone without having been removed: namespaces of the network end with the processes of whoever made them. */
const fleeting: readonly Trace[] = ["processes", "networkNamespaces"];

/**
 * What is on the machine now and was not before, or was before and is not now. Processes count by families, as what a run
 * leaves has no parent any more: whoever else was at work before may have ended, or have started another. What an earlier
 * run of the platform left may go.
 */
export function differences(before: HostListing, now: HostListing): Partial<Record<Trace, string[]>> {
  const { families, ...traces } = before;
  const found = (Object.keys(traces) as Trace[]).map((kind): [Trace, string[]] => {
    const isNews = (line: string) => kind !== "processes" || !families.includes(familyOf(line));
    const added = without(now[kind], before[kind])
      .filter(isNews)
      .map((line) => `+ ${line}`);
    const lost = fleeting.includes(kind) ? [] : without(before[kind], now[kind]).filter((line) => !podmans.test(line));
    const gone = lost.map((line) => `- ${line}`);
    return [kind, [...added, ...gone]];
  });
  return Object.fromEntries(found.filter(([, lines]) => lines.length > 0));
}

/** The number of the process at the head of a listed one's family. */
function familyOf(line: string): number {
  return Number(line.slice(0, line.indexOf(" ")));
}

/** The lines that are left when each of the others has taken one like it away. */
function without(lines: readonly string[], others: readonly string[]): string[] {
  const left = [...lines];
  for (const other of others) {
    const at = left.indexOf(other);
    if (at >= 0) left.splice(at, 1);
  }
  return left;
}

const recordFile = join(tmpdir(), "wire-host-listing.json");

/**
 * Writes down what is on the machine, unless nodes of a kind cluster are among it. What a run left that was cut off goes first:
 * it is nobody's, and the tests would remove it.
 *
 * @param tidy - removes it.
 */
export async function recordListing(tidy: () => Promise<unknown>): Promise<void> {
  await rm(recordFile, { force: true });
  if ((await listContainers()).some((name) => name.includes("control-plane"))) return;
  await tidy();
  await writeFile(recordFile, JSON.stringify(await listHost()));
}

/** What `recordListing` wrote down, or undefined when a cluster was running then. */
export async function recordedListing(): Promise<HostListing | undefined> {
  try {
    return JSON.parse(await readFile(recordFile, "utf8")) as HostListing;
  } catch {
    return undefined;
  }
}

/** The names of all containers, running or not; none where podman is not installed. */
export async function listContainers(): Promise<string[]> {
  return (await lines("podman", ["ps", "--all", "--format", "{{.Names}}"])).sort();
}

/** Rules and chains of our own making; empty tables with their built-in chains are no rules. */
async function firewallRules(): Promise<string[]> {
  const all = [...(await lines("iptables-save", [])), ...(await lines("ip6tables-save", []))];
  return all.filter((line) => line.startsWith("-A") || /^:\S+ - /.test(line)).map((line) => line.replace(/\[\d+:\d+\]/, ""));
}

interface Listed {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
  /** Its network namespace. */
  readonly network: string;
  /** Whether it was started by these tests of this checkout. */
  readonly ours: boolean;
}

/**
 * Whether a process inherited what its environment says from a run of these tests. Of what watches a container of podman's, that is
 * the path of podman's settings alone.
 */
function isOurs(environment: string): boolean {
  return environment.includes(stateDir) || (environment.includes("MESH_STACK=") && environment.includes(projectDir));
}

/**
 * All processes but kernel threads and this test's own family, each with the head of its family: the one below the
 * machine's first process.
 */
export async function listProcesses(): Promise<(Listed & { head: number })[]> {
  const found = new Map<number, Listed>();
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number)) {
    try {
      const command = (await readFile(`/proc/${pid}/cmdline`, "utf8")).replaceAll("\0", " ").trim();
      const parent = Number((await readFile(`/proc/${pid}/stat`, "utf8")).replace(/^.*\) \S /s, "").split(" ")[0]);
      const ours = isOurs(await readFile(`/proc/${pid}/environ`, "utf8"));
      if (command !== "") found.set(pid, { pid, parent, command, ours, network: await readlink(`/proc/${pid}/ns/net`) });
    } catch {
      // It ended while we looked.
    }
  }
  const headOf = (pid: number): number => {
    const parent = found.get(pid)?.parent ?? 0;
    return parent > 1 && found.has(parent) ? headOf(parent) : pid;
  };
  const own = headOf(process.pid);
  return [...found.values()].map((listed) => ({ ...listed, head: headOf(listed.pid) })).filter(({ head }) => head !== own);
}

async function lines(file: string, args: readonly string[]): Promise<string[]> {
  const { stdout } = await run(file, args);
  return stdout.split("\n").filter(Boolean);
}
