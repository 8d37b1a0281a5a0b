import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { afterEach, beforeEach, expect, test } from "vitest";
import { projectDir } from "../../../lib/paths.ts";
import { Folder } from "../airgap/support/folder.ts";

/** A project of three files, with the real way to run them. */
let folder: Folder;

beforeEach(() => {
  folder = new Folder();
  for (const name of ["bundles", "load", "project", "run", "stackTraces"]) {
    mkdirSync(folder.at("lib"), { recursive: true });
    cpSync(join(projectDir, `lib/${name}.mjs`), folder.at(`lib/${name}.mjs`));
  }
  symlinkSync(join(projectDir, "node_modules"), folder.at("node_modules"));
  writeFileSync(folder.at("Pulumi.yaml"), "name: small\n");
  writeFileSync(folder.at("package.json"), '{ "type": "module" }');
  mkdirSync(folder.at("app"));
  write("app/greeting.ts", 'export const greeting: string = "hello";');
  write("app/main.ts", 'import { greeting } from "./greeting.ts";\nconsole.log(greeting, ...process.argv.slice(2));');
});

afterEach(() => folder.remove());

function write(path: string, text: string): void {
  writeFileSync(folder.at(path), text);
}

/** Runs the program from elsewhere, as Pulumi and make may be. */
function run(source = "app/main.ts", ...words: string[]) {
  const env = { PATH: process.env.PATH };
  const { status, stdout, stderr } = spawnSync(process.execPath, [folder.at("lib/run.mjs"), source, ...words], { cwd: "/", env });
  return { status, said: stdout.toString(), wrong: stderr.toString() };
}

const bundles = () => readdirSync(folder.at(".state/run")).filter((name) => !name.endsWith(".json"));

test("a program is run with its words, and made once for the same sources", () => {
  expect(run("app/main.ts", "a", "--b")).toEqual({ status: 0, said: "hello a --b\n", wrong: "" });
  expect(run().said).toBe("hello\n");
  expect(bundles()).toHaveLength(1);
  // What is made again has another record.
  const record = () => statSync(folder.at(".state/run/run-app-main.ts.json")).ino;
  const first = record();
  run();
  expect(record()).toBe(first);
});

test("what changes in a source that is imported is seen by the next run", () => {
  expect(run().said).toBe("hello\n");
  write("app/greeting.ts", 'export const greeting: string = "other";');
  expect(run().said).toBe("other\n");
});

test("a source that goes away is told, and what was made of it is not run", () => {
  expect(run().said).toBe("hello\n");
  write("app/main.ts", 'import { greeting } from "./gone.ts";\nconsole.log(greeting);');
  const { status, said, wrong } = run();
  expect([status, said]).toEqual([1, ""]);
  expect(wrong).toContain('app/main.ts:1:25: ERROR: Could not resolve "./gone.ts"');
});

test("a mistake in a source is one message that names its place", () => {
  write("app/greeting.ts", "export const greeting = ;");
  const { status, wrong } = run();
  expect(status).toBe(1);
  expect(wrong).toContain("app/greeting.ts:1:24: ERROR: Unexpected");
  expect(wrong).not.toContain("    at ");
});

test("a stack of an error tells the lines of the sources", () => {
  write(
    "app/greeting.ts",
    'interface Unused {\n  readonly a: string;\n}\n\nexport function fail(): never {\n  throw new Error("broken");\n}',
  );
  write("app/main.ts", 'import { fail } from "./greeting.ts";\nfail();');
  const { wrong } = run();
  expect(wrong).toMatch(/^Error: broken\n/);
  expect(wrong).toMatch(new RegExp(`at .*${folder.at("app/greeting.ts")}:6:9\\)?\n`));
  expect(wrong).toMatch(new RegExp(`at .*${folder.at("app/main.ts")}:2:1\\)?\n`));
});

test("a copy of the checkout runs its own sources", () => {
  expect(run().said).toBe("hello\n");
  const copy = folder.at("copy");
  mkdirSync(copy);
  const parts = ["lib", "app", ".state", "Pulumi.yaml", "package.json", "node_modules"].map((part) => folder.at(part));
  // With the times of the files to the last digit, which Node.js does not keep.
  expect(spawnSync("cp", ["-a", ...parts, copy]).status).toBe(0);
  const [bundle = ""] = bundles();
  const original = folder.at(".state/run", bundle, "main.js");
  writeFileSync(original, readFileSync(original, "utf8").replace("hello", "HELLO"));
  expect(run().said).toBe("HELLO\n");
  const { stdout } = spawnSync(process.execPath, [join(copy, "lib/run.mjs"), "app/main.ts"], { env: { PATH: process.env.PATH } });
  expect(stdout.toString()).toBe("hello\n");
});

test("a file that was cut short is made again", () => {
  expect(run().said).toBe("hello\n");
  for (const name of bundles()) writeFileSync(folder.at(".state/run", name, "main.js"), "");
  expect(run()).toEqual({ status: 0, said: "hello\n", wrong: "" });
});

test("a checkout whose state cannot be written is one message", () => {
  write(".state", "a file in the folder's place");
  const { status, wrong } = run();
  expect(status).toBe(1);
  expect(wrong).toContain(`What is run is kept in ${folder.at(".state/run")}, which has to be writable.`);
  expect(wrong).not.toContain("    at ");
});

test("what nobody has asked for in a day goes when another is made; what is in use stays", () => {
  run();
  const [old = ""] = bundles();
  const yesterday = new Date(Date.now() - 25 * 60 * 60 * 1000);
  utimesSync(folder.at(".state/run", old), yesterday, yesterday);
  // A run makes it young again.
  run();
  write("app/other.ts", "console.log(1);");
  run("app/other.ts");
  expect(bundles()).toHaveLength(2);
  utimesSync(folder.at(".state/run", old), yesterday, yesterday);
  write("app/other.ts", "console.log(2);");
  run("app/other.ts");
  expect(existsSync(folder.at(".state/run", old))).toBe(false);
  expect(run().said).toBe("hello\n");
});
