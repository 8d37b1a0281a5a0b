import { readFileSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { runCommand } from "../../../cli/support/main.ts";
import { UserError } from "../../../lib/errors.ts";
import { messageOf } from "../../../lib/messages.ts";
import { CommandError, output } from "../../../lib/process.ts";
import { Folder } from "../airgap/support/folder.ts";

let folder: Folder;
beforeEach(() => {
  folder = new Folder();
});
afterEach(() => {
  vi.restoreAllMocks();
  folder.remove();
});

/** The error of work that fails. */
const errorOf = (work: () => unknown) =>
  Promise.resolve()
    .then(work)
    .then(
      () => {
        throw new Error("it did not fail");
      },
      (error: unknown) => error,
    );

const stack = /^\s+at /m;

describe("an error is one message with what to do, and no stack", () => {
  test("one that the user can put right: its own words", () => {
    expect(messageOf(new UserError("Port 80 is taken."))).toBe("Port 80 is taken.");
  });

  test("a program's: what was run, its last words, what to do", async () => {
    const message = messageOf(await errorOf(() => output("sh", ["-c", "echo statfs /lib/modules: no such file >&2; exit 125"])));
    expect(message).toMatch(/^`sh -c .*` failed: statfs \/lib\/modules: no such file\n.*Then run the same command again\.$/s);
    expect(message).not.toMatch(stack);
  });

  test.each([
    ["write /x: no space left on device", "The disk is full"],
    ["fork/exec: cannot allocate memory", "too little memory"],
    ["mkdir /x: read-only file system", "read-only"],
    ['Get "https://x": proxyconnect tcp: dial tcp 127.0.0.1:9: connect: connection refused', "HTTPS_PROXY"],
    ["dial tcp: lookup x: no such host", "network"],
    ["mount: operation not permitted", "does not allow"],
    ["something nobody thought of", "docs/troubleshoot.md"],
  ])("a program's words `%s` say more: %s", (words, advice) => {
    expect(messageOf(new CommandError("podman run", words))).toContain(advice);
  });

  test("a file system's: what was refused, of which file, what to do", async () => {
    for (const [code, work] of [
      ["ENOENT", () => readFileSync(folder.at("nothing"))],
      ["ENOENT", () => readFile(folder.at("nothing"))],
      ["EISDIR", () => readFile(folder.path)],
      ["EEXIST", () => mkdir(folder.path)],
      ["ENOTDIR", () => readFile(join(fileURLToPath(import.meta.url), "below"))],
    ] as const) {
      const message = messageOf(await errorOf(work));
      expect(message).toMatch(new RegExp(`^The machine refused .*\\(${code}\\): .*\\. Then run the same command again\\.$`));
      expect(message).not.toMatch(stack);
    }
    const readOnly = Object.assign(new Error("EROFS"), { code: "EROFS", syscall: "utime", path: "/root/.cache/mesh/x" });
    expect(messageOf(readOnly)).toBe(
      "The machine refused `utime` of /root/.cache/mesh/x (EROFS): the file system is read-only. " +
        "Mount it for writing, or use another place: XDG_CACHE_HOME is where caches go. Then run the same command again.",
    );
  });

  test("a bug says that it is one before it shows where", () => {
    expect(messageOf(new TypeError("x is undefined"))).toMatch(
      /^This is a bug of the project.*\nTypeError: x is undefined\n\s+at /,
    );
    expect(messageOf("thrown text")).toMatch(/bug of the project.*\nthrown text$/);
  });

  test("commands print it, and end with 1", async () => {
    const exit = vi.spyOn(process, "exit").mockImplementation((() => undefined) as never);
    vi.spyOn(process, "on").mockReturnThis();
    const print = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const failing = new Command().action(async () => void (await readFile(folder.path)));
    await runCommand(failing, ["node", "command"]);
    expect(print.mock.calls.flat()).toEqual([expect.stringMatching(/^The machine refused/)]);
    expect([process.exitCode, exit.mock.calls.length]).toEqual([1, 1]);
    process.exitCode = 0;
  });
});
