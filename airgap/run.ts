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
}

/** A program that ended with an error. The message holds its last words; `output` all of its standard error. */
export class RunError extends Error {
  override readonly name = "RunError";
  constructor(
    command: string,
    readonly output: string,
    readonly stdout = "",
  ) {
    super(`${command} failed: ${lastLines(output)}`);
  }
}

/**
 * Runs a program and returns its standard output.
 *
 * @throws UserError when there is no such program; RunError when it ends with an error.
 */
export async function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { cwd, env, onLine, input } = options;
  try {
    const child = execa(program, args, {
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
