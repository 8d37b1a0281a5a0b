import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { stringify } from "yaml";
import { ensureNodeImage } from "../../airgap/index.ts";
import { untilNodesReady } from "../../cli/kind/health.ts";
import { deleteCluster } from "../../cli/kind/kindCluster.ts";
import { ensureModulesFolder } from "../../cli/kind/modulesFolder.ts";
import { prepareNetwork } from "../../cli/kind/network.ts";
import { ownerDir } from "../../cli/kind/owner.ts";
import { findRuntime, listNodes, ownerMount } from "../../cli/kind/runtime.ts";
import { kubeconfigFile } from "../../cli/support/environment.ts";
import { projectDir } from "../../lib/paths.ts";
import { output } from "../../lib/process.ts";
import { consoleProgress } from "../../lib/progress.ts";
import type { KindSpec } from "../../model/kindSpec.ts";

/** How long something takes, in seconds. */
export async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1_000;
}

/** A Pulumi program that does nothing, with the packages of this project: what any command of Pulumi's takes at least. */
export class EmptyProgram {
  private constructor(
    private readonly folder: string,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  /** @param env - of the pulumi that the platform's own commands run. */
  static async make(env: NodeJS.ProcessEnv): Promise<EmptyProgram> {
    const folder = await mkdtemp(join(tmpdir(), "empty-program-"));
    await symlink(join(projectDir, "node_modules"), join(folder, "node_modules"));
    await writeFile(join(folder, "Pulumi.yaml"), "name: empty\nruntime: { name: nodejs, options: { typescript: false } }\n");
    await writeFile(join(folder, "package.json"), '{ "main": "index.js" }');
    await writeFile(join(folder, "index.js"), 'require("@pulumi/pulumi");\n');
    await mkdir(join(folder, "state"));
    const own = { PULUMI_BACKEND_URL: pathToFileURL(join(folder, "state")).href, PULUMI_CONFIG_PASSPHRASE: "bench" };
    // Nor does it start as lean as the platform's own program.
    const program = new EmptyProgram(folder, { ...env, ...own, NODE_OPTIONS: "" });
    await program.pulumi("stack", "init", "empty");
    return program;
  }

  preview(): Promise<unknown> {
    return this.pulumi("preview", "--stack", "empty");
  }

  up(): Promise<unknown> {
    return this.pulumi("up", "--yes", "--skip-preview", "--stack", "empty");
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true });
  }

  private pulumi(...words: string[]): Promise<unknown> {
    return output("pulumi", [...words, "--non-interactive", "--color=never"], { cwd: this.folder, env: this.env });
  }
}

/**
 * Makes a kind cluster of as many nodes as a stack has, of the same image, with kind's own settings and nothing in it, and removes it.
 *
 * @returns how long it took until all of its nodes were ready, in seconds.
 */
export async function kindAlone(spec: KindSpec): Promise<number> {
  const { name, workers, nodeImage: image } = aloneOf(spec);
  await ensureNodeImage(consoleProgress());
  await removeKindAlone(spec);
  const runtime = await findRuntime(spec.sources);
  await ensureModulesFolder();
  await prepareNetwork(runtime);
  await mkdir(ownerDir(name), { recursive: true });
  const extraMounts = [{ hostPath: ownerDir(name), containerPath: ownerMount, readOnly: true }];
  const nodes = ["control-plane", ...Array<string>(workers).fill("worker")].map((role) => ({ role, image, extraMounts }));
  const input = stringify({ kind: "Cluster", apiVersion: "kind.x-k8s.io/v1alpha4", nodes }, { aliasDuplicateObjects: false });
  const words = ["create", "cluster", "--name", name, "--kubeconfig", kubeconfigFile(name), "--config", "-"];
  try {
    return await secondsOf(async () => {
      await output("kind", words, { env: runtime.env, input });
      await untilNodesReady(runtime, await listNodes(runtime, name), { stack: spec.stack, timeout: 180, detail: () => {} });
    });
  } finally {
    await removeKindAlone(spec);
  }
}

/** Removes that cluster, as far as it is there: one that was interrupted is. */
export const removeKindAlone = (spec: KindSpec): Promise<void> => deleteCluster(aloneOf(spec), consoleProgress());

const aloneOf = (spec: KindSpec): KindSpec => ({ ...spec, name: "mesh-alone", ports: [] });
