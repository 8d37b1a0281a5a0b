import process from "node:process";
import { messageOf } from "../../lib/messages.ts";
import type { Estimate } from "../../report/records.ts";

/** The exit code of a program that a signal ended, as shells count it. */
const exitCodes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** Gets what is to be undone at the end, however that comes; the last first. */
export type AtEnd = (undo: () => Promise<void>) => void;

/** Runs what measures a topic, and undoes what it set up when it is done, fails, or is interrupted. */
export async function runTopic(measure: (atEnd: AtEnd) => Promise<void>): Promise<void> {
  const undos: (() => Promise<void>)[] = [];
  let ending: Promise<void> | undefined;
  const end = () => {
    ending ??= undoAll(undos);
    return ending;
  };
  for (const [signal, code] of Object.entries(exitCodes)) {
    // A listener that stays: execa ends this process at once where it finds no other than its own.
    process.on(signal, () => {
      if (!ending) say(`${signal}: putting things back`);
      void end().then(() => process.exit(code));
    });
  }
  try {
    await measure((undo) => undos.push(undo));
  } catch (error) {
    // Whatever was interrupted fails for that alone.
    if (!ending) {
      console.error(messageOf(error));
      process.exitCode = 1;
    }
  }
  await end();
  process.exit();
}

async function undoAll(undos: readonly (() => Promise<void>)[]): Promise<void> {
  for (const undo of [...undos].reverse()) {
    await undo().catch((error: unknown) => {
      console.error(messageOf(error));
      process.exitCode = 1;
    });
  }
}

/** Prints a line with the time since this process began. */
export function say(text: string): void {
  console.log(`[${process.uptime().toFixed(0).padStart(4)} s] ${text}`);
}

/** Prints a table, its numbers in columns that end alike. */
export function showTable(title: string, head: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = head.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join("  ");
  console.log(["", title, "", line(head), ...rows.map(line), ""].join("\n"));
}

/** The middle of several rounds, and from where to where they went. */
export function spread({ median, least, most }: { median: number; least: number; most: number }, digits = 2): string {
  return `${median.toFixed(digits)} (${least.toFixed(digits)}–${most.toFixed(digits)})`;
}

/** The middle of several rounds, and between what the true one lies. */
export function estimate({ median, from, to }: Estimate): string {
  return spread({ median, least: from, most: to });
}
