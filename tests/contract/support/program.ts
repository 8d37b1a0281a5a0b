import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { execa } from "execa";

/** A program that runs beside a test. */
export interface Program {
  readonly running: boolean;
  /** Ends it at once and waits until it is gone. */
  stop(): Promise<void>;
  /** The end of what it said. */
  lastWords(): Promise<string>;
}

export interface ProgramOptions {
  /** File that takes all it says. */
  readonly log: string;
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a program that ends with this process, however that ends. */
export function startProgram(file: string, args: readonly string[], { log, env = {} }: ProgramOptions): Program {
  const output = openSync(log, "w");
  const child = execa("setpriv", ["--pdeathsig", "KILL", file, ...args], {
    env,
    reject: false,
    stdio: ["ignore", output, output],
  });
  closeSync(output);
  return {
    get running() {
      return child.exitCode === null && child.signalCode === null;
    },
    async stop() {
      child.kill("SIGKILL");
      await child;
    },
    lastWords: async () => (await readFile(log, "utf8")).trim().split("\n").slice(-30).join("\n"),
  };
}
