import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ensureModulesFolder, modulesFolderProblems, removeModulesFolder } from "../../../cli/kind/modulesFolder.ts";
import { UserError } from "../../../lib/errors.ts";

let root: string;
let folder: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "modules-"));
  // As on Debian, where /lib is a link.
  mkdirSync(join(root, "usr/lib"), { recursive: true });
  symlinkSync("usr/lib", join(root, "lib"));
  folder = join(root, "lib/modules");
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

test("where there is none it is no problem: it is made, and removed again", async () => {
  expect(modulesFolderProblems(folder)).toEqual([]);
  expect(existsSync(folder)).toBe(false);
  await ensureModulesFolder(folder);
  await ensureModulesFolder(folder);
  expect(existsSync(folder)).toBe(true);
  await removeModulesFolder(folder);
  expect(existsSync(folder)).toBe(false);
  expect(existsSync(join(root, "usr/lib"))).toBe(true);
  await removeModulesFolder(folder);
});

test("one of the machine's own stays, empty or not", async () => {
  mkdirSync(folder);
  await ensureModulesFolder(folder);
  await removeModulesFolder(folder);
  expect(readdirSync(folder)).toEqual([]);
});

test("one into which a kernel was installed since stays, with no trace of ours in it", async () => {
  await ensureModulesFolder(folder);
  mkdirSync(join(folder, "6.1.0-44-amd64"));
  await removeModulesFolder(folder);
  expect(readdirSync(folder)).toEqual(["6.1.0-44-amd64"]);
});

test("where it cannot be made, one sentence says so, before and while", async () => {
  // Even root cannot write there.
  const impossible = "/proc/sys/modules";
  const sentence = /^kind's nodes need the folder \/proc\/sys\/modules, .* mkdir -p \/proc\/sys\/modules as root\.$/;
  await expect(ensureModulesFolder(impossible)).rejects.toThrow(sentence);
  await expect(ensureModulesFolder(impossible)).rejects.toThrow(UserError);
  expect(modulesFolderProblems(impossible)).toEqual([expect.stringMatching(sentence)]);
});
