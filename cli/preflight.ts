import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";
import { preflight as airgapPreflight } from "../airgap/index.ts";
import type { Config } from "../config.ts";
import { UserError } from "../lib/errors.ts";
import type { KindSpec } from "../model/kindSpec.ts";
import type { Context } from "./context.ts";
import { hostProblems } from "./kind/hostRequirements.ts";
import { inotifyProblems } from "./kind/inotify.ts";
import { modulesFolderProblems } from "./kind/modulesFolder.ts";
import { foreignMessage, isOurs } from "./kind/owner.ts";
import { takenPorts } from "./kind/ports.ts";
import { findRuntime, listNodes } from "./kind/runtime.ts";

/** What a stack of published parts needs on the PATH, by its target, and where each one's installation is explained. */
const publishedTools = {
  kind: ["pulumi", "kind"],
  eks: ["pulumi", "kubectl", "aws"],
  existing: ["pulumi", "kubectl"],
} as const satisfies Record<Config["target"], readonly (keyof typeof explained)[]>;

const explained = {
  pulumi: "pulumi.com/docs/install",
  kind: "kind.sigs.k8s.io, Quick Start",
  kubectl: "kubernetes.io/docs/tasks/tools",
  aws: "docs.aws.amazon.com/cli",
} as const;

/** Looks for everything that would stop `make up` later, before anything is made, and says all of it at once. */
export async function preflight({ config, spec }: Context): Promise<void> {
  const problems = await Promise.all([machineProblems(config), spec ? nodeProblems(spec) : []]);
  refuse(problems.flat());
}

/** The same for a command that only looks, and so needs tools but nothing to run nodes on. */
export async function preflightToLook({ config }: Context): Promise<void> {
  refuse(await machineProblems(config));
}

function refuse(problems: readonly string[]): void {
  if (problems.length > 0) throw new UserError(problems.join("\n"));
}

async function machineProblems(config: Config): Promise<string[]> {
  return config.sources === "built" ? airgapPreflight() : missingTools(config);
}

/** The tools that are not on the PATH. */
export function missingTools({ target }: Pick<Config, "target">, path = process.env.PATH ?? ""): string[] {
  const has = (tool: string) => isInstalled(tool, path);
  const problems = publishedTools[target]
    .filter((tool) => !has(tool))
    .map((tool) => `${tool} is not on the PATH; ${explained[tool]}, tells how to install it.`);
  const runtime = target !== "kind" || has("docker") || has("podman");
  return runtime ? problems : [...problems, "Neither docker nor podman is on the PATH; one of them runs the nodes."];
}

function isInstalled(tool: string, path: string): boolean {
  return path
    .split(delimiter)
    .filter(Boolean)
    .some((folder) => existsSync(join(folder, tool)));
}

/** What would keep the nodes from running: a cluster or ports that somebody else has, or too little of what the kernel gives. */
export async function nodeProblems(spec: KindSpec): Promise<string[]> {
  // Where nothing that could run nodes is installed yet, none are running.
  const runtime = await findRuntime(spec.sources).catch(() => undefined);
  const nodes = runtime ? await listNodes(runtime, spec.name).catch(() => []) : [];
  // Its ports are the same ones as a rule: whose cluster it is says more.
  if (runtime && !isOurs(spec.name, nodes)) return [foreignMessage(spec.name, nodes, runtime.name)];
  const running = nodes.filter((node) => node.running);
  // Those of our own running cluster are as they should be.
  const ours = running.flatMap(({ hostPorts }) => hostPorts);
  const ports = spec.ports.map(({ hostPort }) => hostPort).filter((port) => !ours.includes(port));
  return [
    ...(await takenPorts(ports, runtime)),
    ...(await inotifyProblems(spec.workers + 1 - running.length)),
    ...(spec.sources === "built" ? modulesFolderProblems() : []),
    // What runs nodes can.
    ...(spec.sources === "built" && running.length === 0 ? await hostProblems() : []),
  ];
}
