import { readdir } from "node:fs/promises";
import { availableParallelism, totalmem } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { projectDir } from "../../lib/paths.ts";
import { output } from "../../lib/process.ts";
import type { Detail } from "../store/store.ts";
import { buildFlags, buildTags } from "./binaries.ts";
import { fractionDone } from "./estimate.ts";
import { goFailure, isNotFetched } from "./goErrors.ts";

/** The Go module of the air gap. */
export const airgapModule = join(projectDir, "airgap");

/** Whatever a user has set for work of his own must not change what is built here; which registry to ask remains his. */
const goEnvironment = {
  CGO_ENABLED: "0",
  GOOS: "linux",
  GOARCH: "amd64",
  GOAMD64: "v1",
  GOFLAGS: "",
  GOWORK: "off",
  GO111MODULE: "on",
  GOEXPERIMENT: "",
  GOTOOLCHAIN: "local",
} as const;

/** What a compiler may take before it looks for what it no longer needs, in bytes; enough for the largest package. */
const enough = 2 ** 30;

/** Where half of the memory is enough for as many compilers as there are cores, they need not look: that is a twentieth of their work. */
export function collection(memory = totalmem(), cores = availableParallelism()): NodeJS.ProcessEnv {
  const each = memory / 2 / cores;
  return each < enough ? { GOGC: "100" } : { GOGC: "off", GOMEMLIMIT: `${enough}` };
}

/** How long to wait before what could not be fetched is asked for again, in milliseconds: a registry's trouble is often a short one. */
const pauses = [1_000, 10_000];

/** Runs the go command in a module and returns its standard output. Its errors say what the user can do. */
export async function go(args: readonly string[], module: string, onLine?: (line: string) => void): Promise<string> {
  for (let tries = 0; ; tries++) {
    try {
      // kind gives a node half a minute to start, and Pulumi is compiled while it does.
      const options = { cwd: module, env: { ...goEnvironment, ...collection() }, yields: true };
      return await output("go", args, { ...options, ...(onLine && { onLine }) });
    } catch (error) {
      const wait = pauses[tries];
      if (wait === undefined || !isNotFetched(error)) throw goFailure(error);
      await pause(wait);
    }
  }
}

/** The folder of a module's sources in the module cache, downloaded and checked against go.sum where it is not there yet. */
export async function moduleFolder(module: string, from = airgapModule): Promise<string> {
  await go(["mod", "download", module], from);
  return (await go(["list", "-mod=readonly", "-m", "-f", "{{.Dir}}", module], from)).trim();
}

/**
 * Downloads what the packages need, and nothing that only other packages of the same modules need.
 *
 * @returns the packages to compile: these, and all that they import.
 */
async function download(packages: readonly string[], module: string, detail: Detail): Promise<string[]> {
  let modules = 0;
  const listed = await go(["list", buildTags, "-mod=readonly", "-deps", ...packages], module, (line) => {
    const name = /^go: downloading (\S+ \S+)/.exec(line)?.[1];
    if (name) detail(`module ${++modules}, ${name}`);
  });
  return listed.split("\n");
}

export interface BuildOptions {
  /** Says how long it will take, by the part that is done, from 0 to 1. @default nothing is said of it */
  readonly estimate?: (done: number) => string;
  /** Packages that are compiled already, and do not count. @default none */
  readonly compiled?: ReadonlySet<string>;
}

/**
 * Builds all packages into one folder with one go command, so that what they share compiles once. What is compiled
 * already comes out of Go's own cache: an interrupted build goes on where it stopped.
 *
 * @returns the packages that are compiled now.
 */
export async function build(
  packages: readonly string[],
  ldflags: string,
  module: string,
  folder: string,
  detail: Detail,
  { estimate, compiled: before = new Set() }: BuildOptions = {},
): Promise<string[]> {
  const all = await download(packages, module, detail);
  const total = all.filter((name) => !before.has(name)).length;
  const present = (await readdir(folder)).length;
  let compiled = 0;
  let linked = 0;
  const show = () => {
    const left = estimate?.(fractionDone(compiled, total, linked, packages.length));
    const counts = `${compiled} of at most ${total} packages compiled, ${linked} of ${packages.length} programs linked`;
    detail(left ? `${counts}, ${left}` : counts);
  };
  show();
  const watch = setInterval(async () => {
    linked = (await readdir(folder).catch(() => [])).length - present;
    show();
  }, 1_000);
  try {
    await go(["build", "-v", ...buildFlags, `-ldflags=${ldflags}`, "-o", `${folder}/`, ...packages], module, (line) => {
      if (!line.startsWith("go: ")) compiled += 1;
    });
  } finally {
    clearInterval(watch);
  }
  return all;
}
