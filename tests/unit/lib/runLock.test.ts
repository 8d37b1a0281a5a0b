import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { withRunLock } from "../../../lib/runLock.ts";

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lock-"));
  file = join(folder, "state", "running.json");
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("a second command is told about the first, and the first goes on", async () => {
  const first = await withRunLock(
    "make up",
    async () => {
      await expect(withRunLock("make down", async () => "second", file)).rejects.toThrow(
        new RegExp(`^\`make up\` is at work here already \\(process ${process.pid}\\)\\. .*kill ${process.pid}$`),
      );
      return "first";
    },
    file,
  );
  expect(first).toBe("first");
});

test("the next command finds the way free, even after a failure", async () => {
  await expect(withRunLock("make up", () => Promise.reject(new Error("no")), file)).rejects.toThrow("no");
  expect(existsSync(file)).toBe(false);
  expect(await withRunLock("make up", async () => "next", file)).toBe("next");
});

test("the lock of a process that ended, and whose parent has not taken note of it yet, is taken over", async () => {
  // The shell becomes a program that never asks after its children, and its child ends only then.
  const script = "(until grep -q sleep /proc/$$/comm; do :; done) & echo $!; exec sleep 60";
  const parent = spawn("sh", ["-c", script], { stdio: ["ignore", "pipe", "ignore"] });
  try {
    const [said] = (await once(parent.stdout, "data")) as [Buffer];
    const pid = Number(said);
    const stat = () => readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    while (stat()[0] !== "Z") await new Promise((resolve) => setTimeout(resolve, 5));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify({ pid, started: stat()[19], command: "make up" }));
    expect(await withRunLock("make up", async () => "over", file)).toBe("over");
  } finally {
    parent.kill("SIGKILL");
  }
});

test.each([
  ["a dead process", { pid: spawnSync("true").pid, started: "1" }],
  ["another process of the same number", { pid: process.pid, started: "1" }],
  ["a file that was never finished", "{"],
])("the lock of %s is taken over", async (_, holder) => {
  await withRunLock("make up", async () => {}, file);
  writeFileSync(file, typeof holder === "string" ? holder : JSON.stringify({ ...holder, command: "make up" }));
  expect(await withRunLock("make up", async () => "over", file)).toBe("over");
});
