import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { projectDir } from "../../lib/paths.ts";
import { output } from "../../lib/process.ts";
import type { Detail } from "../store/store.ts";
import { buildFlags } from "./binaries.ts";
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

/** How long to wait before what could not be fetched is asked for again, in milliseconds: a registry's trouble is often a short one. */
const pauses = [1_000, 10_000];

/** Runs the go command in a module and returns its standard output. Its errors say what the user can do. */
export async function go(args: readonly string[], module: string, onLine?: (line: string) => void): Promise<string> {
  for (let tries = 0; ; tries++) {
    try {
      return await output("go", args, { cwd: module, env: goEnvironment, ...(onLine && { onLine }) });
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
 * @returns how many packages there are to compile.
 */
export async function download(packages: readonly string[], module: string, detail: Detail): Promise<number> {
  let modules = 0;
  const listed = await go(["list", "-mod=readonly", "-deps", ...packages], module, (line) => {
    const name = /^go: downloading (\S+ \S+)/.exec(line)?.[1];
    if (name) detail(`module ${++modules}, ${name}`);
  });
  return listed.split("\n").length;
}

/**
 * Builds all packages into one folder with one go command, so that what they share compiles once. What is compiled
 * already comes out of Go's own cache: an interrupted build goes on where it stopped.
 *
 * @param estimate - says how long it will take, by the part that is done, from 0 to 1.
 */
export async function build(
  packages: readonly string[],
  ldflags: string,
  module: string,
  folder: string,
  detail: Detail,
  estimate?: (done: number) => string,
) {
  const total = await download(packages, module, detail);
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
}
