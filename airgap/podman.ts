import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stateDir } from "../lib/paths.ts";

/** Where podman keeps images, containers and volumes. */
export const podmanStorage = "/var/lib/containers";

/** Open files and processes a node may have where the machine allows that many: podman's own default. */
const enough = 1_048_576;

/**
 * The environment in which podman and kind run nodes: with settings of the project's own, so that the machine's stay as
 * they are. The settings depend on this machine's limits and are written down when asked for.
 */
export function podmanEnvironment(): NodeJS.ProcessEnv {
  const file = join(stateDir, "containers.conf");
  writeIfChanged(file, containersConf(limits()));
  return { CONTAINERS_CONF: file, KIND_EXPERIMENTAL_PROVIDER: "podman" };
}

/** podman's settings for nodes. */
export function containersConf({ files, processes }: Limits): string {
  return `# Written by the project for its own nodes; the machine's settings are not touched.
[containers]
# A node may not ask for more than the machine grants: runc refuses to start it.
default_ulimits = ["nofile=${files}:${files}", "nproc=${processes}:${processes}"]
# A node runs many pods: their number of processes is for kubelet to limit.
pids_limit = 0
# kind reads a node's console; a machine without journald has no other place for it.
log_driver = "k8s-file"

[engine]
# crun refuses machines with both versions of cgroups.
runtime = "runc"
events_logger = "file"

[network]
network_backend = "netavark"
`;
}

interface Limits {
  readonly files: number;
  readonly processes: number;
}

/** This machine's hard limits, as a container inherits them. */
function limits(): Limits {
  return hardLimits(readIfThere("/proc/self/limits"), readIfThere("/proc/sys/kernel/pid_max"));
}

/**
 * What podman can grant.
 *
 * @param table - /proc/self/limits: name, soft limit, hard limit, unit.
 * @param pidMax - the kernel's highest process number: podman lowers its own limit to it, and so cannot grant more.
 */
export function hardLimits(table: string, pidMax: string): Limits {
  const hard = (name: string) => Number(new RegExp(`^${name}\\s+\\S+\\s+(\\d+)`, "m").exec(table)?.[1] ?? enough);
  return {
    files: Math.min(enough, hard("Max open files")),
    processes: Math.min(enough, hard("Max processes"), Number(pidMax) || enough),
  };
}

/** A file's content, or nothing where there is none: elsewhere than on Linux no node runs, and the defaults do no harm. */
function readIfThere(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function writeIfChanged(file: string, content: string): void {
  if (readIfThere(file) === content) return;
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  writeFileSync(file, content);
}
