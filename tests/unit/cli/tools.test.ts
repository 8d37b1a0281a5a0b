import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { toolchainBin } from "../../../airgap/names.ts";
import { cacheDir, projectDir } from "../../../lib/paths.ts";
import { attempt } from "../../../lib/process.ts";
import { Folder } from "../airgap/support/folder.ts";

/* helm and istioctl of `make env`, as long as they are not built: run from another folder, by a shell's PATH. */

let cache: Folder;
beforeEach(() => {
  cache = new Folder();
});
afterEach(() => cache.remove());

const bin = join("mesh", toolchainBin("tools").slice(cacheDir.length + 1));

const inShell = (command: string, path = process.env.PATH) =>
  attempt("sh", ["-c", command], {
    cwd: cache.path,
    env: { XDG_CACHE_HOME: cache.path, PATH: `${join(projectDir, "cli/tools")}:${path}` },
  });

describe("a program that only people run", () => {
  test.each(["helm", "istioctl"])("%s is run as it was asked for", async (name) => {
    cache.program(name, 'cat; echo "$0: $# $2" >&2; exit 7', bin);
    const { ok, stdout, all } = await inShell(`echo given | ${name} one 'two words'; echo "code $?"`);
    expect(ok).toBe(true);
    expect(stdout).toBe("given\ncode 7");
    expect(all).toContain(`${cache.at(bin, name)}: 2 two words`);
  });

  test("is built when it is asked for, by what is said to go about it, and by one message where it cannot be", async () => {
    // Without a go on the PATH.
    mkdirSync(cache.at("bin"));
    for (const name of ["dirname", "basename", "sh", "rm"]) symlinkSync(join("/usr/bin", name), cache.at("bin", name));
    symlinkSync(process.execPath, cache.at("bin/node"));
    const { ok, stdout, all } = await inShell("helm version", cache.at("bin"));
    expect(ok).toBe(false);
    expect(stdout).toBe("");
    expect(all).toMatch(/helm and istioctl, from Go modules/);
    expect(all.trim().split("\n").at(-1)).toBe("go is needed and not on the PATH.");
  });
});
