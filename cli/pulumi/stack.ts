import process from "node:process";
import { attempt, foreground, output } from "../../lib/process.ts";
import { makeFor } from "../support/make.ts";
import { type EngineEvent, watchingEvents } from "./events.ts";
import { Failures } from "./failures.ts";
import { type Exported, isInFile, outputsOf, readStateFile } from "./stateFile.ts";

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

/** How long what is under way may go on after something has failed, in milliseconds. */
const afterFailure = 15_000;

export interface UpdateOptions {
  /** Whether pulumi may ask whoever is at the terminal. @default false */
  readonly asks?: boolean;
  /** Gets each event of pulumi's engine. */
  readonly onEvent?: (event: EngineEvent) => void;
  /** How long what is under way may go on after something has failed, in milliseconds; `Infinity` is until its end. @default 15 s */
  readonly grace?: number;
}

/**
 * Runs an update as {@link runPulumi} does, but tells of a failure when it happens, and does not wait for what else is under way longer
 * than a moment: pulumi is told to stop, which ends its waits and writes the state down.
 *
 * @param say - gets a sentence for each failure.
 */
export async function runUpdate(
  stack: PulumiStack,
  say: (sentence: string) => void,
  { asks = false, grace = afterFailure, onEvent }: UpdateOptions,
  ...args: string[]
): Promise<boolean> {
  const stop = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const onFailure = (sentence: string) => {
    say(`${sentence}.`);
    if (!Number.isFinite(grace)) return;
    timer ??= setTimeout(() => {
      say(`What else is under way is stopped; \`${makeFor(stack.name, "up")}\` goes on with it.`);
      stop.abort();
    }, grace);
  };
  const failures = new Failures();
  const take = (event: EngineEvent) => {
    onEvent?.(event);
    const sentence = failures.take(event);
    if (sentence !== undefined) onFailure(sentence);
  };
  // Only with this variable does pulumi know the flag.
  const env = { ...stack.env, PULUMI_DEBUG_COMMANDS: "true" };
  try {
    const all = (eventLog: string) => [...args, ...(asks ? [] : ["--non-interactive"]), ...flags(stack), "--event-log", eventLog];
    const work = (eventLog: string) => foreground("pulumi", all(eventLog), env, { asks, stop: stop.signal });
    return (await watchingEvents(work, take)) === 0;
  } finally {
    clearTimeout(timer);
  }
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

/**
 * Reads a stack's state.
 *
 * @param flags - `--show-secrets` has its secrets open.
 */
export async function exportStack(stack: PulumiStack, ...flags: "--show-secrets"[]): Promise<Exported> {
  const kept = flags.length === 0 ? await readStateFile(stack) : undefined;
  return kept ?? (JSON.parse(await askPulumi(stack, ["stack", "export", ...flags])) as Exported);
}

/** Puts a state in the place of a stack's own. */
export async function importStack(stack: PulumiStack, exported: Exported): Promise<void> {
  await askPulumi(stack, ["stack", "import"], JSON.stringify(exported));
}

/** Whether the backend has the stack. */
export async function hasStack(stack: PulumiStack): Promise<boolean> {
  if (isInFile(stack)) return true;
  const { name, env } = stack;
  return (await attempt("pulumi", ["stack", "--show-name", "--stack", name, "--non-interactive"], { env })).ok;
}

/** Makes the stack where its backend does not have it yet. The user's choice of a selected stack stays as it is. */
export async function ensureStack(stack: PulumiStack): Promise<void> {
  if (await hasStack(stack)) return;
  await output("pulumi", ["stack", "init", stack.name, "--no-select", "--non-interactive"], { env: stack.env });
}

/** The stack's outputs, secrets left out. */
export async function readOutputs(stack: PulumiStack): Promise<Record<string, unknown>> {
  const kept = await readStateFile(stack);
  if (kept) return outputsOf(kept) ?? {};
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
