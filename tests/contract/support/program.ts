import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import process from "node:process";

/** A program that runs beside a test. */
export interface Program {
  readonly running: boolean;
  /** Ends it at once and waits until it is gone. */
  stop(): Promise<void>;
  /** All it has said. */
  said(): Promise<string>;
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
  const child = spawn("setpriv", ["--pdeathsig", "KILL", file, ...args], {
    env: { ...process.env, ...env },
    stdio: ["ignore", output, output],
  });
  const ended = once(child, "exit");
  closeSync(output);
  const said = () => readFile(log, "utf8");
  return {
    said,
    get running() {
      return child.exitCode === null && child.signalCode === null;
    },
    async stop() {
      child.kill("SIGKILL");
      await ended;
    },
    lastWords: async () => (await said()).trim().split("\n").slice(-30).join("\n"),
  };
}
