import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, type TestContext, test } from "vitest";
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

  test("that yields lets everything else go first", async () => {
    const own = Number(await output("nice", []));
    expect(Number(await output("nice", [], { yields: true }))).toBe(Math.min(19, own + 10));
    await expect(output("no-such-program", [], { yields: true })).rejects.toThrow(
      "no-such-program is needed and not on the PATH.",
    );
  });
});

// Side by side: one of them waits long.
describe.concurrent("a command that is interrupted", () => {
  test("hands the signal on to the program in front and lets it end in order, however long that takes", async ({
    expect,
    onTestFinished,
  }) => {
    // Longer than the five seconds after which execa would lose patience.
    const { command, folder } = await start(inFront("sleep 5.5"), onTestFinished);
    command.kill("SIGTERM");
    await once(command, "exit");
    expect(readFileSync(join(folder, "signals"), "utf8")).toBe("ended\n");
  });

  test("ends with what runs behind it, and says how to go on", async ({ expect, onTestFinished }) => {
    const { command, said, pid } = await start(behind, onTestFinished);
    command.kill("SIGINT");
    expect((await once(command, "exit"))[0]).toBe(130);
    expect(said()).toMatch(/goes on where this one stopped/);
    await until(() => !isThere(pid));
  });

  test("killed outright, takes what it started with it", async ({ onTestFinished }) => {
    const { command, pid } = await start(inFront(), onTestFinished);
    command.kill("SIGKILL");
    await until(() => !isThere(pid));
  });

  test("ends when whoever started it was killed", async ({ onTestFinished }) => {
    const { command, pid } = await start(inFront(), onTestFinished, true);
    command.kill("SIGKILL");
    await until(() => !isThere(pid));
  });
});

/** What a command line of ours does, given the program that it runs. */
type Action = (program: (end: string) => string) => string;

const inFront =
  (end = "true"): Action =>
  (program) =>
    `process.exitCode = await foreground(${program(end)}, process.env);`;
const behind: Action = (program) => `await attempt(${program("true")});`;

/** Starts a command line of ours that does no more than one action; resolves when the program that it runs is at work. */
async function start(action: Action, onTestFinished: TestContext["onTestFinished"], shell = false) {
  const folder = mkdtempSync(join(tmpdir(), "interrupted-"));
  // It writes down its number and which signal ended it.
  const program = (end: string) =>
    `"sh", ["-c", "trap 'sleep 0.2; ${end}; echo ended >> ${"$0"}/signals; exit 0' TERM; echo $$ > $0/pid; while :; do sleep 0.05; done", ${JSON.stringify(folder)}]`;
  const script = join(folder, "command.mts");
  const support = join(projectDir, "cli/support");
  writeFileSync(
    script,
    `import { Command } from ${JSON.stringify(join(projectDir, "node_modules/commander/esm.mjs"))};
     import { runCommand } from "${support}/main.ts";
     import { attempt, foreground } from "${join(projectDir, "lib/process.ts")}";
     await runCommand(new Command().action(async () => { ${action(program)} }), ["node", "command"]);`,
  );
  const words = ["--import", join(projectDir, "node_modules/tsx/dist/loader.mjs"), script];
  const line = [process.execPath, ...words].map((word) => `'${word}'`).join(" ");
  const command = shell ? spawn("/bin/sh", ["-c", `${line} & wait`]) : spawn(process.execPath, words);
  onTestFinished(() => {
    command.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });
  let text = "";
  command.stderr.on("data", (data) => {
    text += data;
  });
  const pidFile = join(folder, "pid");
  await until(() => existsSync(pidFile) && readFileSync(pidFile, "utf8") !== "");
  return { command, folder, pid: Number(readFileSync(pidFile, "utf8")), said: () => text };
}

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
