import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { UserError } from "../../lib/errors.ts";
import type { Progress } from "../../lib/progress.ts";
import { isAlive } from "../../lib/runningProcesses.ts";
import { removePendingReleases } from "../kubernetes/helm.ts";
import type { Kubectl } from "../kubernetes/kubectl.ts";
import { withClaims } from "./claims.ts";
import { type Deployment, livesInCluster, pendingReleases, withoutCluster, withoutPending } from "./deployment.ts";
import { endOrphans } from "./orphans.ts";
import { askPulumi, exportStack, importStack, type PulumiStack } from "./stack.ts";
import type { Exported } from "./stateFile.ts";

/** A state that is fit for an update. */
export interface Recovered {
  /** Whether the update should first compare the state with what is really there. */
  readonly refresh: boolean;
  /** Whether the state knows of anything at all. */
  readonly empty: boolean;
  /** The state as it is now. */
  readonly exported: Exported;
}

export interface RecoverOptions {
  /** `gone` when nothing that the state knows can be in it: there is none, or it is new. */
  readonly cluster: "gone" | "kept";
  /** Asks the stack's cluster. */
  readonly kubectl: Kubectl;
  readonly progress: Progress;
}

/**
 * Makes a stack's state fit for an update after whatever happened to the last one: takes a dead run's lock away, settles
 * what it had under way, and forgets what was in a cluster that is gone.
 */
export async function recover(stack: PulumiStack, { cluster, kubectl, progress }: RecoverOptions): Promise<Recovered> {
  await endDeadRuns(stack, progress);
  const exported = await exportStack(stack);
  const { deployment } = exported;
  if (cluster === "gone" && deployment.resources?.some(livesInCluster)) {
    progress.note(`What was in the cluster is gone with it; the state of the stack ${stack.name} forgets it.`);
    const rest = { ...exported, deployment: withoutCluster(deployment) };
    await importStack(stack, rest);
    return { refresh: false, empty: isEmpty(rest.deployment), exported: rest };
  }
  const pending = deployment.pending_operations ?? [];
  const whole = withClaims(deployment);
  if (pending.length === 0 && whole === deployment) return { refresh: false, empty: isEmpty(deployment), exported };
  if (pending.length === 0) {
    progress.note("Volumes of databases that were made by an earlier version become resources of the stack.");
    const completed = { ...exported, deployment: whole };
    await importStack(stack, completed);
    return { refresh: true, empty: false, exported: completed };
  }
  progress.note(`A run was stopped with ${pending.length} operation(s) under way: comparing the state with what is there.`);
  await removePendingReleases(kubectl, pendingReleases(deployment));
  const settled = { ...exported, deployment: withoutPending(whole) };
  await importStack(stack, settled);
  return { refresh: true, empty: false, exported: settled };
}

/**
 * Ends what a killed run left at work on a stack, and takes its lock away.
 *
 * @throws UserError when somebody is at work on the stack.
 */
export async function endDeadRuns(stack: PulumiStack, progress: Progress): Promise<void> {
  await clearDeadLock(stack, progress);
  if ((await endOrphans(stack)) > 0) progress.note("Plugins of a run that was killed were still at work; they are ended.");
}

function isEmpty({ resources = [] }: Deployment): boolean {
  return resources.length === 0;
}

interface Lock {
  readonly file: string;
  readonly pid: number;
  readonly hostname: string;
}

/** A state in files is locked by a file, which a killed pulumi leaves behind; other backends end their locks themselves. */
async function clearDeadLock(stack: PulumiStack, progress: Progress): Promise<void> {
  const backend = stack.env.PULUMI_BACKEND_URL;
  if (!backend?.startsWith("file:///")) return;
  for (const lock of await readLocks(fileURLToPath(backend), stack.name)) {
    if (lock.hostname !== hostname()) continue;
    if (await isOrphan(lock.pid)) await untilEnded(lock.pid, progress);
    if (await isPulumi(lock.pid)) {
      throw new UserError(
        `pulumi (process ${lock.pid}) is at work on the stack ${stack.name}. Wait until it ends, or stop it: kill ${lock.pid}`,
      );
    }
    if (!existsSync(lock.file)) continue;
    progress.note(`The run with process ${lock.pid} is dead; its lock on the stack ${stack.name} is taken away.`);
    await askPulumi(stack, ["cancel", "--yes"]);
    return;
  }
}

/** How long a pulumi that was told to end may take to write its state down, in milliseconds. */
const endPatience = 60_000;

/** Waits for a pulumi whose `make` was killed: it was told to end, and does so when what it has under way is settled. */
async function untilEnded(pid: number, progress: Progress): Promise<void> {
  await progress.step(`Wait for the pulumi of a killed run to end (process ${pid})`, async () => {
    const end = Date.now() + endPatience;
    while ((await isPulumi(pid)) && Date.now() < end) await pause(200);
  });
}

async function isOrphan(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  return (await isPulumi(pid)) && /^PPid:\s+1$/m.test(status);
}

async function readLocks(backend: string, stack: string): Promise<Lock[]> {
  const folder = join(backend, ".pulumi/locks");
  const files = await readdir(folder, { recursive: true }).catch((): string[] => []);
  const ours = files.filter((file) => file.endsWith(".json") && file.split("/").includes(stack));
  return Promise.all(
    ours.map(async (name) => {
      const file = join(folder, name);
      return { ...(JSON.parse(await readFile(file, "utf8")) as Omit<Lock, "file">), file };
    }),
  );
}

/** The number of a dead process may have been given to another program. */
async function isPulumi(pid: number): Promise<boolean> {
  if (!isAlive(pid)) return false;
  const name = await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "pulumi");
  return name.startsWith("pulumi");
}
