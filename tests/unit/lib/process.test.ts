import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { projectDir } from "../../../lib/paths.ts";
import { attempt, output } from "../../../lib/process.ts";

describe("running a program", () => {
  test("a failure is a result, with all it said", async () => {
    expect(await attempt("sh", ["-c", "echo out; echo err >&2; exit 3"])).toMatchObject({
      ok: false,
      stdout: "out",
      all: "out\nerr",
    });
  });

  test("a failure that nobody expects says what was run and its last words", async () => {
    await expect(output("sh", ["-c", "echo the reason >&2; exit 3"])).rejects.toThrow(/^`sh -c .*` failed: the reason$/);
  });

  test("a program that is not there is the user's to put right", async () => {
    await expect(output("no-such-program", [])).rejects.toThrow("no-such-program is needed and not on the PATH.");
  });

  test("takes input, an environment and a listener", async () => {
    const lines: string[] = [];
    const options = { input: "given", env: { PATH: process.env.PATH, X: "set" }, onLine: (line: string) => lines.push(line) };
    expect(await output("sh", ["-c", 'cat; echo " $X"; echo more'], options)).toBe("given set\nmore");
    expect(lines).toEqual(["given set", "more"]);
  });
});

describe("a command that is interrupted", () => {
  let folder: string;
  let command: ChildProcess;
  let said: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "interrupted-"));
    said = "";
  });

  afterEach(() => {
    command.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });

  /** Starts a command line of ours whose only action is the given code; resolves when its program in front is at work. */
  async function start(action: string, shell = false): Promise<void> {
    const script = join(folder, "command.mts");
    const support = join(projectDir, "cli/support");
    writeFileSync(
      script,
      `import { Command } from ${JSON.stringify(join(projectDir, "node_modules/commander/esm.mjs"))};
       import { runCommand } from "${support}/main.ts";
       import { attempt, foreground } from "${join(projectDir, "lib/process.ts")}";
       await runCommand(new Command().action(async () => { ${action} }), ["node", "command"]);`,
    );
    const words = ["--import", join(projectDir, "node_modules/tsx/dist/loader.mjs"), script];
    const line = [process.execPath, ...words].map((word) => `'${word}'`).join(" ");
    command = shell ? spawn("/bin/sh", ["-c", `${line} & wait`]) : spawn(process.execPath, words);
    command.stderr?.on("data", (data) => {
      said += data;
    });
    await until(() => existsSync(join(folder, "pid")));
  }

  /** A program that writes down its number and which signal ended it. */
  const program = (end: string) =>
    `"sh", ["-c", "trap 'sleep 0.2; ${end}; echo ended >> ${"$0"}/signals; exit 0' TERM; echo $$ > $0/pid; while :; do sleep 0.05; done", ${JSON.stringify(folder)}]`;
  const inFront = (end = "true") => `process.exitCode = await foreground(${program(end)}, process.env);`;
  const behind = () => `await attempt(${program("true")});`;
  const pid = () => Number(readFileSync(join(folder, "pid"), "utf8"));

  test("hands the signal on to the program in front and lets it end in order, however long that takes", async () => {
    // Longer than the five seconds after which execa would lose patience.
    await start(inFront("sleep 5.5"));
    command.kill("SIGTERM");
    await once(command, "exit");
    expect(readFileSync(join(folder, "signals"), "utf8")).toBe("ended\n");
  });

  test("ends with what runs behind it, and says how to go on", async () => {
    await start(behind());
    command.kill("SIGINT");
    expect((await once(command, "exit"))[0]).toBe(130);
    expect(said).toMatch(/goes on where this one stopped/);
    await until(() => !isThere(pid()));
  });

  test("killed outright, takes what it started with it", async () => {
    await start(inFront());
    command.kill("SIGKILL");
    await until(() => !isThere(pid()));
  });

  test("ends when whoever started it was killed", async () => {
    await start(inFront(), true);
    command.kill("SIGKILL");
    await until(() => !isThere(pid()));
  });
});

async function until(condition: () => boolean): Promise<void> {
  for (const end = Date.now() + 20_000; !condition(); await pause(20)) if (Date.now() > end) throw new Error("not in time");
}

function isThere(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
