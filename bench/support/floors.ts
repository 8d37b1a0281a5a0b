import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { stringify } from "yaml";
import { ensureNodeImage } from "../../airgap/index.ts";
import { untilNodesReady } from "../../cli/kind/health.ts";
import { removeLeftovers } from "../../cli/kind/leftovers.ts";
import { ensureModulesFolder } from "../../cli/kind/modulesFolder.ts";
import { findRuntime, listNodes } from "../../cli/kind/runtime.ts";
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

/** The cluster that {@link kindAlone} makes. */
const alone = "mesh-alone";

/**
 * Makes a kind cluster of as many nodes as a stack has, of the same image, with kind's own settings and nothing in it, and removes it.
 *
 * @returns how long it took until all of its nodes were ready, in seconds.
 */
export async function kindAlone(spec: KindSpec): Promise<number> {
  await removeKindAlone(spec);
  await ensureNodeImage(consoleProgress());
  await ensureModulesFolder();
  const runtime = await findRuntime(spec.sources);
  const roles = ["control-plane", ...Array<string>(spec.workers).fill("worker")];
  const nodes = roles.map((role) => ({ role, image: spec.nodeImage }));
  const input = stringify({ kind: "Cluster", apiVersion: "kind.x-k8s.io/v1alpha4", nodes }, { aliasDuplicateObjects: false });
  const words = ["create", "cluster", "--name", alone, "--kubeconfig", kubeconfigFile(alone), "--config", "-"];
  try {
    return await secondsOf(async () => {
      await output("kind", words, { env: runtime.env, input });
      await untilNodesReady(runtime, await listNodes(runtime, alone), { stack: spec.stack, timeout: 180, detail: () => {} });
    });
  } finally {
    await removeKindAlone(spec);
  }
}

/** Removes that cluster, as far as it is there: one that was interrupted is. */
export async function removeKindAlone(spec: KindSpec): Promise<void> {
  const runtime = await findRuntime(spec.sources);
  await output("kind", ["delete", "cluster", "--name", alone, "--kubeconfig", kubeconfigFile(alone)], { env: runtime.env });
  await removeLeftovers(runtime, { ...spec, name: alone, ports: [] });
}
