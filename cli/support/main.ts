import process from "node:process";
import type { Command } from "commander";
import { applyProxyExceptions } from "../../lib/httpProxies.ts";
import { messageOf } from "../../lib/messages.ts";
import { handOn } from "../../lib/process.ts";

/** The exit code of a program that a signal ended, as shells count it. */
const exitCodes: Partial<Record<NodeJS.Signals, number>> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

/** How often to look whether whoever started us is still there, in milliseconds. */
const parentInterval = 1_000;

/**
 * Runs a command line to its end: an error is one message, and an interruption ends what was started.
 */
export async function runCommand(program: Command, args = process.argv): Promise<void> {
  endWithSignals();
  endWithParent();
  applyProxyExceptions();
  try {
    await program.parseAsync(args);
  } catch (error) {
    console.error(messageOf(error));
    process.exitCode = 1;
  }
  // A timer or an idle connection must not keep a finished command alive.
  process.exit();
}

/** A signal is for the program in front to handle; where there is none, we go, and what runs behind us goes with us. */
function endWithSignals(): void {
  for (const [signal, code] of Object.entries(exitCodes) as [NodeJS.Signals, number][]) {
    process.on(signal, () => {
      process.exitCode = code;
      if (handOn(signal)) return;
      console.error("\nInterrupted. The same command goes on where this one stopped.");
      process.exit(code);
    });
  }
}

/** When `make` is killed outright, nobody passes a signal on: the loss of the parent counts as one. */
export function endWithParent(): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    process.kill(process.pid, "SIGTERM");
  }, parentInterval);
  timer.unref();
}
