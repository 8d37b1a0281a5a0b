import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";

export type Line = Readonly<Record<string, unknown>>;

/** A program of apps/ as a process, and what it has logged so far. */
export interface Program {
  readonly child: ChildProcessWithoutNullStreams;
  readonly lines: readonly Line[];
  /** Resolves with the next line that has this message. */
  line(msg: string): Promise<Line>;
  /** Resolves when it has ended and all it said has come, with what it ended with. */
  ended(): Promise<readonly [code: number | null, signal: NodeJS.Signals | null]>;
}

/** Starts a program of this repository. */
export function start(source: string, words: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Program {
  const child = spawn(process.execPath, ["--import", "tsx", source, ...words], {
    env: { ...process.env, NODE_OPTIONS: "", ...env },
  });
  const lines: Line[] = [];
  const reader = createInterface({ input: child.stdout });
  reader.on("line", (text) => lines.push(JSON.parse(text) as Line));
  const end = once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>;
  return {
    child,
    lines,
    line: async (msg) => {
      for (;;) {
        const found = lines.find((line) => line.msg === msg);
        if (found) return found;
        await once(reader, "line");
      }
    },
    ended: () => end,
  };
}
