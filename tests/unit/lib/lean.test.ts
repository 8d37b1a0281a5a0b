import { spawnSync } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { expect, test } from "vitest";
import { projectDir } from "../../../lib/paths.ts";

/** What a script of Node.js says, as JSON, with the project's lean start or without it. */
function said(script: string, ...options: string[]): unknown {
  const words = [...options, "-e", `console.log(JSON.stringify((() => { ${script} })()))`];
  const { stdout, stderr } = spawnSync(process.execPath, words, { cwd: projectDir, env: { PATH: process.env.PATH } });
  expect(stderr.toString()).toBe("");
  return JSON.parse(stdout.toString());
}

const lean = ["--require", join(projectDir, "lib/lean.cjs")];
const loaded = `return ["typescript", "@npmcli/arborist"].filter((name) => Object.keys(require.cache).some((file) => file.includes("node_modules/" + name + "/")));`;

test("Pulumi's SDK comes without what serialises functions, until something touches it", () => {
  const load = 'const pulumi = require("@pulumi/pulumi");';
  expect(said(`${load} ${loaded}`)).toEqual(["typescript", "@npmcli/arborist"]);
  expect(said(`${load} ${loaded}`, ...lean)).toEqual([]);
  const touch = 'require("@pulumi/pulumi/typescript-shim").version;';
  expect(said(`${load} ${touch} ${loaded}`, ...lean)).toEqual(["typescript"]);
});

test("functions can still be serialised", () => {
  const script = `
    const pulumi = require("@pulumi/pulumi");
    pulumi.runtime.serializeFunction(() => 1).then(({ text }) => console.log(text));`;
  const { stdout } = spawnSync(process.execPath, [...lean, "-e", script], { cwd: projectDir, env: { PATH: process.env.PATH } });
  expect(stdout.toString()).toContain("return () => 1;");
});

test("what anybody else asks for is the module itself", () => {
  expect(said('return typeof require("typescript").createProgram', ...lean)).toBe("function");
  // Which something that stands for it would not list.
  expect(said('return Object.keys(require("typescript")).includes("createProgram")', ...lean)).toBe(true);
});
