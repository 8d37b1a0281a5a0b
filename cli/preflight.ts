import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";
import { preflight as airgapPreflight } from "../airgap/index.ts";
import type { Context } from "./context.ts";
import { isOurs } from "./kind/owner.ts";
import { takenPorts } from "./kind/ports.ts";
import { findRuntime, listNodes } from "./kind/runtime.ts";
import type { KindSpec } from "./kind/spec.ts";
import { UserError } from "./support/errors.ts";

/** What a stack of published parts needs on the PATH, and where its installation is explained. */
const publishedTools = { pulumi: "pulumi.com/docs/install", kind: "kind.sigs.k8s.io, Quick Start" } as const;

/** Looks for everything that would stop `make up` later, before anything is made, and says all of it at once. */
export async function preflight({ spec }: Context): Promise<void> {
  refuse([...(await machineProblems(spec)), ...(await portProblems(spec))]);
}

/** The same for a command that only looks, and so needs tools but no ports. */
export async function preflightToLook({ spec }: Context): Promise<void> {
  refuse(await machineProblems(spec));
}

function refuse(problems: readonly string[]): void {
  if (problems.length > 0) throw new UserError(problems.join("\n"));
}

async function machineProblems({ sources }: KindSpec): Promise<string[]> {
  return sources === "built" ? airgapPreflight() : missingTools();
}

/** The tools that are not on the PATH. */
export function missingTools(path = process.env.PATH ?? ""): string[] {
  const has = (tool: string) => isInstalled(tool, path);
  const problems = Object.entries(publishedTools)
    .filter(([tool]) => !has(tool))
    .map(([tool, where]) => `${tool} is not on the PATH; ${where}, tells how to install it.`);
  if (!has("docker") && !has("podman")) problems.push("Neither docker nor podman is on the PATH; one of them runs the nodes.");
  return problems;
}

function isInstalled(tool: string, path: string): boolean {
  return path
    .split(delimiter)
    .filter(Boolean)
    .some((folder) => existsSync(join(folder, tool)));
}

/** The ports that somebody else has. Those of our own running cluster are as they should be. */
async function portProblems(spec: KindSpec): Promise<string[]> {
  const running = (await ourNodes(spec)).filter((node) => node.running).flatMap(({ hostPorts }) => hostPorts);
  return takenPorts(spec.ports.map(({ hostPort }) => hostPort).filter((port) => !running.includes(port)));
}

async function ourNodes(spec: KindSpec) {
  try {
    const nodes = await listNodes(await findRuntime(spec.sources), spec.name);
    return isOurs(spec.name, nodes) ? nodes : [];
  } catch {
    // Nothing that could run nodes is installed yet, so none are running.
    return [];
  }
}
