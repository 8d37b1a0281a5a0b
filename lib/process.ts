import { existsSync } from "node:fs";
import process from "node:process";
import type { Readable } from "node:stream";
import { ExecaError, execa, type Options } from "execa";
import { UserError } from "./errors.ts";

/** A program that ended with an error: what was run, and its last words. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly #output: string;
  readonly #stdout: string;

  constructor(command: string, output: string, stdout = "") {
    super(`\`${command}\` failed: ${output.trim().split("\n").slice(-5).join("\n").slice(-1_000) || "it said nothing"}`);
    this.#output = output;
    this.#stdout = stdout;
  }

  /** All it said. No field, as whoever prints the error wants the last words alone. */
  get output(): string {
    return this.#output;
  }

  /** All of its standard output. */
  get stdout(): string {
    return this.#stdout;
  }
}

export interface RunOptions {
  readonly cwd?: string;
  /** Added to this process's environment; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly input?: string | Readable;
  /** Gets each line of both outputs as it comes. */
  readonly onLine?: (line: string) => void;
  /** Ends the program after so many milliseconds. */
  readonly timeout?: number;
  /** Ends the program. */
  readonly stop?: AbortSignal;
  /**
   * Whether everything else on the machine goes first.
   * @default false
   */
  readonly yields?: boolean;
}

/** What a program said and whether it ended well. */
export interface Finished {
  readonly ok: boolean;
  readonly stdout: string;
  readonly all: string;
}

/**
 * Runs a program to its end; that it fails is part of the result.
 *
 * @throws UserError when there is no such program.
 */
export async function attempt(
  program: string,
  args: readonly string[],
  { cwd, env, input, onLine, timeout, stop, yields = false }: RunOptions = {},
): Promise<Finished> {
  const options: Options = {
    all: true,
    ...(cwd && { cwd }),
    ...(env && { env: { ...env } }),
    ...(input === undefined ? { stdin: "ignore" as const } : { input }),
    ...(timeout && { timeout }),
    ...(stop && { cancelSignal: stop }),
  };
  try {
    const child = execa(...dyingWithUs(program, args, yields), options);
    if (onLine) for await (const line of child.iterable({ from: "all" })) onLine(String(line));
    const { stdout, all } = await child;
    return { ok: true, stdout: String(stdout), all: String(all) };
  } catch (error) {
    if (!(error instanceof ExecaError)) throw error;
    if (isMissing(error)) throw missing(program);
    return { ok: false, stdout: String(error.stdout ?? ""), all: String(error.all || error.shortMessage) };
  }
}

/**
 * Runs a program and returns its standard output.
 *
 * @throws CommandError when it fails; UserError when there is no such program.
 */
export async function output(program: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { ok, stdout, all } = await attempt(program, args, options);
  if (!ok) throw new CommandError([program, ...args.slice(0, 3)].join(" "), all, stdout);
  return stdout;
}

/** The program that has the terminal just now; see {@link foreground}. */
let inFront: { kill(signal: NodeJS.Signals): boolean } | undefined;

export interface ForegroundOptions {
  /**
   * Whether it may ask whoever is at the terminal.
   * @default false
   */
  readonly asks?: boolean;
  /** Interrupts the program, as Ctrl-C does; it ends in its own time. */
  readonly stop?: AbortSignal;
}

/**
 * Runs a program with this process's own terminal and resolves to its exit code. While it runs, signals are its to
 * handle: pulumi ends what it is at and writes its state down before it goes.
 */
export async function foreground(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  { asks = false, stop }: ForegroundOptions = {},
): Promise<number> {
  const child = execa(...dyingWithUs(program, args), {
    env,
    extendEnv: false,
    reject: false,
    stdio: [asks ? "inherit" : "ignore", "inherit", "inherit"],
    // It ends when it has ended, and not when execa loses patience.
    forceKillAfterDelay: false,
  });
  inFront = child;
  stop?.addEventListener("abort", () => child.kill("SIGINT"), { once: true });
  try {
    const result = await child;
    if (isMissing(result)) throw missing(program);
    return result.exitCode ?? 1;
  } finally {
    inFront = undefined;
  }
}

/** Hands a signal on to the program in front, if there is one. A terminal's Ctrl-C reaches it without our help. */
export function handOn(signal: NodeJS.Signals): boolean {
  if (!inFront) return false;
  const fromTerminal = signal === "SIGINT" && process.stderr.isTTY;
  if (!fromTerminal) inFront.kill("SIGTERM");
  return true;
}

const setpriv = "/usr/bin/setpriv";

/**
 * A command that ends when this process is killed, where Linux can promise that: otherwise `kind create cluster` would go
 * on beside the next run, which starts by removing what is half made.
 */
function dyingWithUs(program: string, args: readonly string[], yields = false): [string, string[]] {
  if (process.platform !== "linux" || !existsSync(setpriv)) return [program, [...args]];
  return [setpriv, ["--pdeathsig", "TERM", ...(yields ? ["nice"] : []), program, ...args]];
}

/** Whether there is no such program; setpriv says so with the code that shells use. */
function isMissing({ code, exitCode }: { readonly code?: string | undefined; readonly exitCode?: number | undefined }): boolean {
  return code === "ENOENT" || exitCode === 127;
}

function missing(program: string): UserError {
  return new UserError(`${program} is needed and not on the PATH.`);
}
