import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { toolchainBin } from "../../../airgap/names.ts";
import { attempt } from "../../../lib/process.ts";

/** What kind made of a configuration. */
export interface Planned {
  /** All that kind said. */
  readonly said: string;
  /** The arguments of each container that it would have started, the control plane's first. */
  readonly containers: readonly (readonly string[])[];
}

/**
 * A stand-in for Docker's and podman's command line: it has every image and the network, writes down which containers it is to start,
 * and starts none. With it the real kind parses, checks and completes a configuration, and fails where nodes would begin.
 */
const standIn = `#!/bin/sh
case "$1 $2" in
"--version "* | "-v "*) echo "podman version 5.4.2" ;;
"info "*) echo "{}" ;;
"inspect "*) echo "[]" ;;
"network ls") echo kind ;;
"network inspect") echo "[]" ;;
"volume create") echo volume ;;
"run "*)
  printf '%s\\n' "$@" >"$STAND_IN_FOLDER/run-$$"
  # The first that fails ends kind: all are to be begun by then.
  sleep 2
  echo "this is no container engine" >&2
  exit 125 ;;
esac
`;

/** Hands a configuration to the real `kind create cluster`, on a container engine that is none. */
export async function planned(configuration: string, engine: "docker" | "podman"): Promise<Planned> {
  const folder = await mkdtemp(join(tmpdir(), "contract-kind-"));
  try {
    await writeFile(join(folder, engine), standIn);
    await chmod(join(folder, engine), 0o755);
    const env = { PATH: `${folder}:${process.env.PATH}`, STAND_IN_FOLDER: folder, KIND_EXPERIMENTAL_PROVIDER: engine };
    const args = ["create", "cluster", "--config=-", `--kubeconfig=${join(folder, "kubeconfig")}`];
    const { all } = await attempt(join(toolchainBin("cluster"), "kind"), args, { env, input: configuration, timeout: 60_000 });
    return { said: all, containers: await recorded(folder) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function recorded(folder: string): Promise<string[][]> {
  const files = (await readdir(folder)).filter((name) => name.startsWith("run-"));
  const found = await Promise.all(files.map(async (name) => (await readFile(join(folder, name), "utf8")).trim().split("\n")));
  return found.sort((a, b) => Number(isWorker(a)) - Number(isWorker(b)));
}

function isWorker(args: readonly string[]): boolean {
  return args.some((arg) => arg.endsWith("role=worker"));
}
