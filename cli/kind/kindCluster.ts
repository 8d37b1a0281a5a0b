import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { ensureNodeImage } from "../../airgap/index.ts";
import { UserError } from "../../lib/errors.ts";
import { loopbackProxy } from "../../lib/httpProxies.ts";
import { CommandError, output } from "../../lib/process.ts";
import type { Progress } from "../../lib/progress.ts";
import type { ClusterState, EnsuredCluster, KindSpec } from "../../model/kindSpec.ts";
import { kubeconfigFile } from "../support/environment.ts";
import { makeAnew } from "../support/make.ts";
import { readAdminConfig } from "./adminConfig.ts";
import { kindConfig } from "./config.ts";
import { notReady, untilNodesReady } from "./health.ts";
import { removeLeftovers } from "./leftovers.ts";
import { ensureModulesFolder, modulesFolder } from "./modulesFolder.ts";
import { prepareNetwork } from "./network.ts";
import { clusterDir, foreignMessage, isOurs, ownerDir } from "./owner.ts";
import { requireFreePorts } from "./ports.ts";
import { container, findRuntime, listNodes, type NodeContainer, type Runtime, startNode } from "./runtime.ts";

/** How long a node may take to become ready, in seconds: a machine under load has been seen to need 40. */
const readyTimeout = 180;

export interface EnsureOptions {
  /** Called once, when the nodes run: new or started ones, on which Kubernetes may not yet, or those that were found ready. */
  readonly onNodes?: (state: "new" | "started" | "running") => void;
  /** The folder of the kernel's modules, so that tests can say it is elsewhere. */
  readonly modules?: string;
}

/**
 * Makes sure the cluster runs: finds it running, starts it again after the machine or a node stopped, or creates it.
 * What a killed run left half made is removed first. A cluster of the same name that somebody else made is left alone.
 */
export async function ensureCluster(
  spec: KindSpec,
  progress: Progress,
  { onNodes = () => {}, modules = modulesFolder }: EnsureOptions = {},
): Promise<EnsuredCluster> {
  const runtime = await findRuntime(spec.sources);
  let nodes: readonly NodeContainer[] = await listNodes(runtime, spec.name);
  if (nodes.length > 0 && !isOurs(spec.name, nodes)) throw new UserError(foreignMessage(spec.name, nodes, runtime.name));
  if (nodes.length > 0 && existsSync(halfMadeMark(spec.name))) {
    progress.note(`The cluster ${spec.name} was left half made by a run that was stopped; it is made anew.`);
    await deleteCluster(spec, progress);
    nodes = [];
  }

  // Nodes mount it at each start.
  if (runtime.name === "podman" && process.platform === "linux") await ensureModulesFolder(modules);
  const created = nodes.length === 0;
  if (created) nodes = await create(runtime, spec, progress, onNodes);
  else await start(runtime, spec, nodes, progress, onNodes);
  const content = await writeKubeconfig(runtime, spec.name, nodes);
  return { kubeconfig: content, runtime: runtime.name, created, context: `kind-${spec.name}` };
}

/** Tells how the cluster is, without changing anything. One that somebody else made is not ours to tell of: absent. */
export async function readCluster(spec: KindSpec): Promise<ClusterState> {
  const runtime = await findRuntime(spec.sources);
  const nodes = await listNodes(runtime, spec.name);
  if (nodes.length === 0 || !isOurs(spec.name, nodes) || existsSync(halfMadeMark(spec.name))) return { state: "absent" };
  if (nodes.some(({ running }) => !running)) return { state: "stopped" };
  return { state: "running", kubeconfig: await kubeconfig(runtime, spec.name, nodes) };
}

/** Deletes the cluster and all that came with it. That it is gone already, or is somebody else's, is fine. */
export async function deleteCluster(spec: KindSpec, progress: Progress): Promise<void> {
  const runtime = await findRuntime(spec.sources);
  const nodes = await listNodes(runtime, spec.name);
  if (nodes.length > 0 && !isOurs(spec.name, nodes)) {
    progress.note(foreignMessage(spec.name, nodes, runtime.name));
    return;
  }
  if (nodes.length > 0) {
    await progress.step(`Delete the cluster ${spec.name}`, async (detail) => {
      const names = nodes.map(({ name }) => name);
      await output("kind", ["delete", "cluster", "--name", spec.name, "--kubeconfig", kubeconfigFile(spec.name)], {
        env: runtime.env,
        onLine: detail,
      }).catch((error) => {
        // Podman removes by force what it cannot stop in order, such as a container whose monitor was killed; and there may be no kind of
        // these sources.
        if (!(error instanceof CommandError || error instanceof UserError)) throw error;
        return container(runtime, ["rm", "--force", "--volumes", ...names]);
      });
    });
  }
  await removeLeftovers(runtime, spec);
  await rm(clusterDir(spec.name), { recursive: true, force: true });
}

async function create(
  runtime: Runtime,
  spec: KindSpec,
  progress: Progress,
  onNodes: NonNullable<EnsureOptions["onNodes"]>,
): Promise<readonly NodeContainer[]> {
  await requireFreePorts(
    spec.ports.map(({ hostPort }) => hostPort),
    runtime,
  );
  if (spec.sources === "built") await ensureNodeImage(progress);
  await removeLeftovers(runtime, spec);
  await mkdir(ownerDir(spec.name), { recursive: true, mode: 0o700 });
  await writeFile(halfMadeMark(spec.name), "");
  const proxy = spec.sources === "published" ? loopbackProxy(runtime.env) : undefined;
  if (proxy)
    progress.note(`Nodes cannot pull images through the proxy ${proxy}: its address is this machine's own. Name one they reach.`);
  const nodes = await progress.step(`Create the cluster ${spec.name} on ${runtime.name}`, async (detail) => {
    await prepareNetwork(runtime);
    const onLine = (line: string) => {
      const step = stepOf(line);
      if (step) progress.note(step);
      if (step === afterNodes) onNodes("new");
    };
    const make = () => runKind(runtime, spec, onLine);
    await make().catch((error) => {
      if (!(error instanceof CommandError) || !slowStart.test(error.output)) throw error;
      progress.note("A node did not start within the half minute that kind gives it; once more.");
      return make();
    });
    const nodes = await listNodes(runtime, spec.name);
    await untilNodesReady(runtime, nodes, { stack: spec.stack, timeout: readyTimeout, detail });
    return nodes;
  });
  await rm(halfMadeMark(spec.name));
  return nodes;
}

/** What kind says where a node's system is not up in time: the machine is busy. It has removed the nodes by then. */
const slowStart = /could not find a log line/;

function runKind(runtime: Runtime, spec: KindSpec, onLine: (line: string) => void): Promise<string> {
  const input = kindConfig(spec, { hostPath: ownerDir(spec.name) });
  const args = ["create", "cluster", "--kubeconfig", kubeconfigFile(spec.name), "--config", "-"];
  return output("kind", args, { env: runtime.env, input, onLine });
}

/** The step that kind begins when its nodes run. */
const afterNodes = "Writing configuration";

/** The step that kind says it begins, without its pictures. */
function stepOf(line: string): string | undefined {
  return /^ • ([\x20-\x7e]*)/.exec(line)?.[1]?.replace(/[. ]+$/, "");
}

/** Starts what does not run, the control plane first, as kubelets ask it who they are; then waits for all of it. */
async function start(
  runtime: Runtime,
  spec: KindSpec,
  nodes: readonly NodeContainer[],
  progress: Progress,
  onNodes: NonNullable<EnsureOptions["onNodes"]>,
): Promise<void> {
  requireSpec(spec, nodes);
  const stopped = nodes.filter(({ running }) => !running);
  const title = stopped.length > 0 ? `Start the cluster ${spec.name} again` : `Find the cluster ${spec.name} running`;
  await progress.step(title, async (detail) => {
    const since = Date.now();
    // A node does not start without the folder it mounts.
    await mkdir(ownerDir(spec.name), { recursive: true, mode: 0o700 });
    for (const node of stopped) {
      detail(node.name);
      const { ok, all } = await startNode(runtime, node);
      if (!ok) throw new UserError(cannotStart(spec, node, all));
    }
    const ready = stopped.length === 0 && (await notReady(runtime, nodes)).length === 0;
    onNodes(ready ? "running" : "started");
    if (ready) return;
    const waiting = { stack: spec.stack, timeout: readyTimeout, detail };
    await untilNodesReady(runtime, nodes, { ...waiting, ...(stopped.length > 0 && { heardSince: since }) });
  });
}

function cannotStart({ name: cluster, stack }: KindSpec, { name }: NodeContainer, said: string): string {
  const why = said.trim().split("\n").at(-1);
  return `The node ${name} does not start: ${why}. What is in the cluster ${cluster} cannot be kept: ${makeAnew(stack)}.`;
}

/** Refuses a cluster that is not what the stack asks for: its size and ports cannot change while it lives. */
function requireSpec(spec: KindSpec, nodes: readonly NodeContainer[]): void {
  const advice = `${makeAnew(spec.stack)} makes the cluster ${spec.name} anew.`;
  const workers = nodes.filter(({ role }) => role === "worker").length;
  if (nodes.length === workers) throw new UserError(`The control plane of the cluster ${spec.name} is gone. ${advice}`);
  if (workers !== spec.workers) {
    throw new UserError(`The cluster ${spec.name} has ${workers} worker(s) where the stack asks for ${spec.workers}. ${advice}`);
  }
  const has = nodes.flatMap(({ hostPorts }) => hostPorts);
  const lacking = spec.ports.map(({ hostPort }) => hostPort).filter((port) => !has.includes(port));
  if (lacking.length > 0)
    throw new UserError(`The cluster ${spec.name} was made without the port(s) ${lacking.join(", ")}. ${advice}`);
}

/**
 * A file that is there while the cluster is being made: after a killed run it tells that what there is may be deleted.
 * Only a mark that is there can do that, never one that is missing or cannot be read.
 */
function halfMadeMark(cluster: string): string {
  return join(clusterDir(cluster), "half-made");
}

async function kubeconfig(runtime: Runtime, cluster: string, nodes: readonly NodeContainer[]): Promise<string> {
  const known = await readAdminConfig(runtime, cluster, nodes);
  return known ?? `${await output("kind", ["get", "kubeconfig", "--name", cluster], { env: runtime.env })}\n`;
}

/** Writes the kubeconfig where `make env` points, for this user alone, and returns its content. */
async function writeKubeconfig(runtime: Runtime, cluster: string, nodes: readonly NodeContainer[]): Promise<string> {
  const content = await kubeconfig(runtime, cluster, nodes);
  await writeFile(kubeconfigFile(cluster), content, { mode: 0o600 });
  return content;
}
