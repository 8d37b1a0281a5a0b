import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import process from "node:process";
import { execa, type Options } from "execa";
import type { Matrix } from "../../model/callGraph.ts";
import { type MatrixRow, matrixRows } from "./matrixRows.ts";
import { upMark } from "./upMark.cjs";

/** The stack that the tests ask. `make wire STACK=<name>` names another one than `local`. */
export const stack = process.env.MESH_STACK ?? "local";

/** What a command said and how it ended. */
export interface Finished {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  /** Standard output and standard error together, in the order they came. */
  readonly all: string;
  /** Wall-clock time in seconds. */
  readonly seconds: number;
}

/** Runs a command in the project's folder; a failure is a result to assert on, not an exception. */
export async function run(file: string, args: readonly string[], options: Options = {}): Promise<Finished> {
  const { exitCode, stdout, all, durationMs } = await execa(file, args, {
    all: true,
    reject: false,
    stdin: "ignore",
    ...options,
  });
  return { exitCode, stdout: String(stdout ?? ""), all: String(all ?? ""), seconds: durationMs / 1000 };
}

/** Runs a make target as a user types it, for the stack where the arguments name no other. */
export async function make(...args: string[]): Promise<Finished> {
  if (args[0] === "down") await forgetUp();
  return run("make", [`STACK=${stack}`, ...args]);
}

/** What a stack says of itself, as far as a test needs it. */
export interface Outputs {
  /** By gateway: `istio`, `istioHttps`. */
  readonly urls: Readonly<Record<string, string>>;
  /** Whoever trusts it (PEM) trusts the gateways' certificate. */
  readonly authority?: string;
  /** Every pair of workloads. */
  readonly matrix: readonly MatrixRow[];
}

let told: Outputs | undefined;

/**
 * Has the stack up, whatever state it is in.
 *
 * @throws Error with the last of what `make up` said when it fails.
 */
export async function bringUp(): Promise<Finished> {
  const up = await make("up");
  if (up.exitCode !== 0) throw new Error(`make up ended with ${up.exitCode}:\n${up.all.slice(-4_000)}`);
  await readOutputs();
  await writeFile(upMark, "");
  return up;
}

/**
 * Has the stack up at the start of a file. Where the file before it ended well, and did nothing to the stack after its last `make up`,
 * there is nothing to do.
 *
 * @throws Error as {@link bringUp} does.
 */
export async function haveUp(): Promise<void> {
  if (existsSync(upMark)) await readOutputs();
  else await bringUp();
}

/**
 * What tests change of the stack itself, by the tool. Whatever a file deletes or writes is its own, or it puts that back itself, or ends
 * with a `make up`.
 */
const changing: Readonly<Record<string, readonly string[]>> = {
  pulumi: ["up", "destroy"],
  kubectl: ["scale", "patch", "annotate", "label"],
  podman: ["kill", "stop"],
};

/** Takes it for granted no more that the stack is as `make up` leaves it. */
export async function forgetUp(): Promise<void> {
  await rm(upMark, { force: true });
}

async function forgetWhereChanged(file: string, command = ""): Promise<void> {
  if (changing[file]?.includes(command)) await forgetUp();
}

async function readOutputs(): Promise<void> {
  const { stdout } = await pulumi("stack", "output", "--json");
  const { matrix, ...rest } = JSON.parse(stdout) as Omit<Outputs, "matrix"> & { readonly matrix: Matrix };
  told = { ...rest, matrix: matrixRows(matrix) };
}

/**
 * What the stack said of itself when it was brought up.
 *
 * @throws Error before that.
 */
export function outputs(): Outputs {
  if (!told) throw new Error("bringUp() or haveUp() comes first: it asks the stack what it has");
  return told;
}

/** Runs a command that must succeed and returns its standard output. */
async function output(file: string, args: readonly string[]): Promise<string> {
  await forgetWhereChanged(file, args[0]);
  const finished = await run(file, args, { env: await stackEnvironment() });
  if (finished.exitCode !== 0) throw new Error(`${file} ${args.join(" ")} ended with ${finished.exitCode}:\n${finished.all}`);
  return finished.stdout;
}

export const kubectl = (...args: string[]) => output("kubectl", args);
export const podman = (...args: string[]) => output("podman", args);

/** Creates Kubernetes objects, none of which is there yet. */
export const createObjects = (items: readonly object[]) => giveObjects(items, "create");
/** Makes Kubernetes objects what they are to be, whatever they are now. */
export const applyObjects = (items: readonly object[], ...options: string[]) =>
  giveObjects(items, "apply", "--server-side", "--force-conflicts", ...options);

async function giveObjects(items: readonly object[], ...command: string[]): Promise<void> {
  const input = JSON.stringify({ apiVersion: "v1", kind: "List", items });
  const given = await run("kubectl", [...command, "--filename=-"], { env: await stackEnvironment(), input, stdin: "pipe" });
  if (given.exitCode !== 0) throw new Error(`kubectl could not ${command[0]} what it was given:\n${given.all}`);
}

/** Runs plain `pulumi` against the stack, as somebody who sourced `make env` would. */
export async function pulumi(...args: string[]): Promise<Finished> {
  await forgetWhereChanged("pulumi", args[0]);
  return run("pulumi", ["--non-interactive", "--color=never", ...args, "--stack", stack], { env: await stackEnvironment() });
}

/** Reads a Kubernetes object or list as JSON. */
export async function kubeGet<T>(...args: string[]): Promise<T> {
  return JSON.parse(await kubectl("get", ...args, "--output=json")) as T;
}

let environment: Promise<NodeJS.ProcessEnv> | undefined;

/** The variables that `make env` prints, as a shell that evaluated them has them. */
export function stackEnvironment(): Promise<NodeJS.ProcessEnv> {
  const evaluated = `eval "$(make --silent env STACK=${stack})" && exec env --null`;
  environment ??= (async () => {
    const { stdout } = await execa("bash", ["-c", evaluated], { stdin: "ignore" });
    return Object.fromEntries(
      stdout
        .split("\0")
        .filter(Boolean)
        .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
    );
  })();
  return environment;
}

/** Tells what a test saw, beside Jest's own report. */
export function saw(text: string): void {
  process.stdout.write(`    saw: ${text}\n`);
}

/**
 * Waits until a condition holds, asking again each quarter of a second.
 *
 * @throws Error with the last reason when it does not hold in time.
 */
export async function eventually<T>(what: string, seconds: number, condition: () => Promise<T>): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    try {
      return await condition();
    } catch (error) {
      if (Date.now() > end) throw new Error(`${what}: not within ${seconds} s: ${(error as Error).message}`, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}
