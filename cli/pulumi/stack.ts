import process from "node:process";
import { attempt, foreground, output } from "../support/process.ts";

/** A stack and the environment in which pulumi finds its state, its plugins and its cluster. */
export interface PulumiStack {
  readonly name: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Colour is for terminals. */
function flags({ name, env }: PulumiStack): string[] {
  const colour = process.stdout.isTTY && !env.NO_COLOR ? "always" : "never";
  return ["--stack", name, "--color", colour];
}

/** Runs a pulumi command with this process's own terminal, asking nobody, and tells whether it ended well. */
export async function runPulumi(stack: PulumiStack, ...args: string[]): Promise<boolean> {
  return (await foreground("pulumi", [...args, "--non-interactive", ...flags(stack)], stack.env)) === 0;
}

/** Whether somebody is there to be asked: no pipeline, and a terminal on both ends. */
export function canAsk(env: NodeJS.ProcessEnv = process.env): boolean {
  return !env.CI && process.stdin.isTTY === true && process.stdout.isTTY === true;
}

/** Runs an update that costs money: pulumi shows it first, and asks whoever is there before it begins. */
export async function updateAfterPreview(stack: PulumiStack, ...args: string[]): Promise<boolean> {
  if (!canAsk()) return runPulumi(stack, ...args, "--yes");
  return (await foreground("pulumi", [...args, ...flags(stack)], stack.env, { asks: true })) === 0;
}

/** Runs a pulumi command that says nothing the user needs to see. */
export function askPulumi({ name, env }: PulumiStack, args: readonly string[], input?: string): Promise<string> {
  return output("pulumi", [...args, "--stack", name, "--non-interactive"], { env, ...(input !== undefined && { input }) });
}

/** Whether the backend has the stack. */
export async function hasStack({ name, env }: PulumiStack): Promise<boolean> {
  return (await attempt("pulumi", ["stack", "--show-name", "--stack", name, "--non-interactive"], { env })).ok;
}

/** Makes the stack where its backend does not have it yet. The user's choice of a selected stack stays as it is. */
export async function ensureStack(stack: PulumiStack): Promise<void> {
  if (await hasStack(stack)) return;
  await output("pulumi", ["stack", "init", stack.name, "--no-select", "--non-interactive"], { env: stack.env });
}

/** The stack's outputs, secrets left out. */
export async function readOutputs(stack: PulumiStack): Promise<Record<string, unknown>> {
  return JSON.parse(await askPulumi(stack, ["stack", "output", "--json"])) as Record<string, unknown>;
}

/** The kubeconfig among the outputs, which is a secret; undefined where nothing was deployed yet. */
export async function readKubeconfig(stack: PulumiStack): Promise<string | undefined> {
  const { ok, stdout } = await attempt(
    "pulumi",
    ["stack", "output", "kubeconfig", "--show-secrets", "--stack", stack.name, "--non-interactive"],
    { env: stack.env },
  );
  return ok && stdout.trim() !== "" ? stdout : undefined;
}
