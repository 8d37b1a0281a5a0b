import { existsSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { constants } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { podmanEnvironment, toolchainBin } from "../../airgap/index.ts";
import { UserError } from "../../lib/errors.ts";
import { withoutProxies } from "../../lib/httpProxies.ts";
import { attempt, type Finished, output, type RunOptions } from "../../lib/process.ts";
import { isAlive } from "../../lib/runningProcesses.ts";
import type { KindSpec, RuntimeName } from "../../model/kindSpec.ts";
import { withFirst } from "../support/environment.ts";

/** What runs the nodes of kind clusters on this machine, and the environment in which kind and its own command line find it. */
export interface Runtime {
  readonly name: RuntimeName;
  readonly env: NodeJS.ProcessEnv;
}

/** A container that is a node of a kind cluster. */
export interface NodeContainer {
  readonly id: string;
  readonly name: string;
  readonly role: "control-plane" | "worker";
  readonly running: boolean;
  /** Whether its process is gone although podman holds it for running. */
  readonly lost: boolean;
  /** The folder mounted at {@link ownerMount}, which tells whose cluster this is. */
  readonly owner?: string;
  readonly created: string;
  /** Ports of this machine that lead into the container. */
  readonly hostPorts: readonly number[];
  /** The one of them that leads to the API server. @default none */
  readonly apiPort?: number;
  /** Its first process, where this process may enter what that is in. */
  readonly pid?: number;
}

/** Where a node carries the mark of the checkout that made it. A mount, as that can be told of a stopped container too. */
export const ownerMount = "/etc/mesh-owner";

/** The label that kind gives the containers of a cluster. */
const clusterLabel = "io.x-k8s.kind.cluster";
const roleLabel = "io.x-k8s.kind.role";

/**
 * Finds what can run the nodes: what is built here lives in podman's storage; published images go to Docker where its
 * engine answers, not merely its command line, else to podman.
 */
export async function findRuntime(sources: KindSpec["sources"], env: NodeJS.ProcessEnv = process.env): Promise<Runtime> {
  if (sources === "built") {
    // Kind and podman would hand proxies on to nodes and their control plane, which fetch nothing: their images are loaded.
    const own = { ...podmanEnvironment(), PATH: withFirst([toolchainBin("cluster")], env.PATH) };
    return { name: "podman", env: { ...env, ...own, ...withoutProxies } };
  }
  if (await answers("docker", ["info", "--format", "{{.ServerVersion}}"], env)) {
    return { name: "docker", env: { ...env, KIND_EXPERIMENTAL_PROVIDER: "docker" } };
  }
  if (await answers("podman", ["version"], env)) return { name: "podman", env: { ...env, ...podmanEnvironment() } };
  throw new UserError(
    "Neither Docker's engine nor podman answers: start Docker, or install podman, and run the same command again.",
  );
}

async function answers(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<boolean> {
  try {
    return (await attempt(program, args, { env, timeout: 15_000 })).ok;
  } catch (error) {
    if (error instanceof UserError) return false;
    throw error;
  }
}

/** Runs a command of Docker's or podman's command line. */
export function container({ name, env }: Runtime, args: readonly string[], options: RunOptions = {}): Promise<string> {
  return output(name, args, { ...options, env });
}

/** Runs a command of which failing is one of the answers. */
export function tryContainer({ name, env }: Runtime, args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  return attempt(name, args, { ...options, env });
}

/** What a command in a node finds on its PATH. */
const nodePath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * Runs a command in a node, of which failing is one of the answers.
 *
 * Root enters what podman has made without podman, in a twentieth of a second: podman takes four times as long, and of several
 * commands that podman 4 begins at once, now and then one ends five seconds late.
 */
export function inNode(
  runtime: Runtime,
  { name, pid }: Pick<NodeContainer, "name" | "pid">,
  words: readonly string[],
  options: RunOptions = {},
): Promise<Finished> {
  if (pid !== undefined && existsSync(nsenter)) {
    // What is started in a node does not end with nsenter.
    const limit = options.timeout === undefined ? [] : ["timeout", "--signal=KILL", `${options.timeout / 1_000}`];
    const entered = ["--target", `${pid}`, "--all", "env", "-i", nodePath, ...limit, ...words];
    return attempt(nsenter, entered, { ...options, env: runtime.env });
  }
  const stdin = options.input === undefined ? [] : ["--interactive"];
  return tryContainer(runtime, ["exec", ...stdin, name, ...words], options);
}

const nsenter = "/usr/bin/nsenter";

interface Inspected {
  readonly Id: string;
  readonly Name: string;
  readonly Created: string;
  readonly State: { readonly Running: boolean; readonly Pid?: number };
  readonly Config: { readonly Labels?: Readonly<Record<string, string>> | null };
  readonly Mounts: readonly { readonly Source?: string; readonly Destination: string }[];
  readonly HostConfig: {
    readonly PortBindings?: Readonly<Record<string, readonly { readonly HostPort: string }[] | null>> | null;
  };
}

/** The nodes of a cluster, running or not, the control plane first. */
export async function listNodes(runtime: Runtime, cluster: string): Promise<NodeContainer[]> {
  const names = lines(
    await container(runtime, ["ps", "--all", "--filter", `label=${clusterLabel}=${cluster}`, "--format", "{{.Names}}"]),
  );
  if (names.length === 0) return [];
  const inspected = JSON.parse(await container(runtime, ["inspect", "--type=container", ...names])) as Inspected[];
  return inspected
    .map((inspected): NodeContainer => {
      const { Id, Name, Created, State, Config } = inspected;
      const owner = ownerOf(inspected);
      const apiPort = Number(inspected.HostConfig.PortBindings?.["6443/tcp"]?.[0]?.HostPort ?? 0);
      return {
        id: Id,
        name: Name.replace(/^\//, ""),
        role: Config.Labels?.[roleLabel] === "control-plane" ? "control-plane" : "worker",
        running: State.Running && !isLost(runtime, State.Pid),
        lost: isLost(runtime, State.Pid),
        created: Created,
        hostPorts: hostPortsOf(inspected),
        ...(apiPort && { apiPort }),
        ...(isEnterable(runtime, inspected) && { pid: State.Pid }),
        ...(owner && { owner }),
      };
    })
    .sort((a, b) => a.role.localeCompare(b.role) || a.name.localeCompare(b.name, "en", { numeric: true }));
}

/** Whether a container is one of podman's that runs on this machine, by its process too, and this process is root as podman is. */
function isEnterable({ name, env }: Runtime, { Id, State: { Running, Pid = 0 } }: Inspected): boolean {
  if (name !== "podman" || env.CONTAINER_HOST || process.getuid?.() !== 0 || !Running || Pid === 0) return false;
  try {
    return readFileSync(`/proc/${Pid}/cgroup`, "utf8").includes(Id);
  } catch {
    return false;
  }
}

/** Whether podman has not noticed that a container's process ended. Docker's engine notices, and may be on another machine. */
function isLost({ name }: Runtime, pid = 0): boolean {
  return name === "podman" && process.platform === "linux" && pid !== 0 && !isAlive(pid);
}

/** A running container, as a message about one of its ports names it. */
export interface PortHolder {
  readonly name: string;
  /** The kind cluster whose node it is. */
  readonly cluster?: string;
  /** As of {@link NodeContainer}. */
  readonly owner?: string;
  readonly hostPorts: readonly number[];
}

/** All running containers that have ports of this machine, of whomever. */
export async function listPortHolders(runtime: Runtime): Promise<PortHolder[]> {
  const names = lines(await container(runtime, ["ps", "--format", "{{.Names}}"]));
  if (names.length === 0) return [];
  const { ok, stdout } = await tryContainer(runtime, ["inspect", "--type=container", ...names]);
  // One may have ended meanwhile.
  if (!ok) return [];
  return (JSON.parse(stdout) as Inspected[])
    .map((inspected) => {
      const cluster = inspected.Config.Labels?.[clusterLabel];
      const owner = ownerOf(inspected);
      const name = inspected.Name.replace(/^\//, "");
      return { name, ...(cluster && { cluster }), ...(owner && { owner }), hostPorts: hostPortsOf(inspected) };
    })
    .filter(({ hostPorts }) => hostPorts.length > 0);
}

const ownerOf = ({ Mounts }: Inspected) => Mounts.find(({ Destination }) => Destination === ownerMount)?.Source;

const hostPortsOf = ({ HostConfig }: Inspected) =>
  Object.values(HostConfig.PortBindings ?? {}).flatMap((bound) => (bound ?? []).map(({ HostPort }) => Number(HostPort)));

/** Where the process that watches a container of podman's writes how it ended. */
const podmanExits = "/run/libpod/exits";

/**
 * Starts a container that does not run. Podman learns of a container's end from the process that watches it; where that
 * was killed too, podman holds the container for running and refuses, until somebody says in its place how it ended.
 */
export async function startNode(runtime: Runtime, { name, id, lost }: NodeContainer, exits = podmanExits): Promise<Finished> {
  if (lost && existsSync(exits)) await writeFile(join(exits, id), String(128 + constants.signals.SIGKILL));
  return tryContainer(runtime, ["start", name]);
}

/** Whether any kind cluster, of whatever name, has containers. */
export async function hasAnyCluster(runtime: Runtime): Promise<boolean> {
  return (
    lines(await container(runtime, ["ps", "--all", "--filter", `label=${clusterLabel}`, "--format", "{{.Names}}"])).length > 0
  );
}

/** The lines of a command's output that say something. */
export function lines(text: string): string[] {
  return text.split("\n").filter((line) => line.trim() !== "");
}
