import process from "node:process";
import { ExecaError, execa } from "execa";
import { UserError } from "../cli/support/errors.ts";

export interface RunOptions {
  readonly cwd?: string;
  /** Added to this process's environment; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Gets each line of standard error as it comes. */
  readonly onLine?: (line: string) => void;
  /** Written to standard input. */
  readonly input?: string;
  /** Tells the program to end when this process is killed: for long work, which the next run would otherwise meet still at it. */
  readonly endsWithUs?: boolean;
}

/** A program that ended with an error. The message holds its last words. */
export class RunError extends Error {
  override readonly name = "RunError";
  readonly #output: string;
  readonly #stdout: string;

  constructor(command: string, output: string, stdout = "") {
    super(`${command} failed: ${lastLines(output)}`);
    this.#output = output;
    this.#stdout = stdout;
  }

  /** All of its standard error. No field, as whoever prints the error wants the last words alone. */
  get output(): string {
    return this.#output;
  }

  /** All of its standard output. */
  get stdout(): string {
    return this.#stdout;
  }
}

/**
 * Runs a program and returns its standard output.
 *
 * @throws UserError when there is no such program; RunError when it ends with an error.
 */
export async function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { cwd, env, onLine, input, endsWithUs } = options;
  const [file, ...all] = [...(endsWithUs ? ["setpriv", "--pdeathsig", "TERM"] : []), program, ...args] as [string, ...string[]];
  try {
    const child = execa(file, all, {
      ...(cwd && { cwd }),
      env: { ...env },
      ...(input === undefined ? { stdin: "ignore" } : { input }),
    });
    if (onLine) for await (const line of child.iterable({ from: "stderr" })) onLine(line);
    return (await child).stdout;
  } catch (error) {
    if (!(error instanceof ExecaError)) throw error;
    if (error.code === "ENOENT") throw new UserError(`${program} is not on the PATH (${process.env.PATH}).`);
    throw new RunError(`${program} ${args[0] ?? ""}`.trim(), `${error.stderr || error.shortMessage}`, `${error.stdout ?? ""}`);
  }
}

function lastLines(text: string): string {
  return text.trim().split("\n").slice(-3).join("\n").slice(-600);
}
