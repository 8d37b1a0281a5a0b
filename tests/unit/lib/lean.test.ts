import { spawnSync } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { expect, test } from "vitest";
import { projectDir } from "../../../lib/paths.ts";

/** What a script of Node.js says, as JSON, with the project's lean start or without it. */
function said(script: string, options: readonly string[] = [], env: Readonly<Record<string, string>> = {}): unknown {
  const words = [...options, "-e", `console.log(JSON.stringify((() => { ${script} })()))`];
  const { stdout, stderr } = spawnSync(process.execPath, words, { cwd: projectDir, env: { PATH: process.env.PATH, ...env } });
  expect(stderr.toString()).toBe("");
  return JSON.parse(stdout.toString());
}

const lean = ["--require", join(projectDir, "lib/lean.cjs")];
const loaded = `return ["typescript", "@npmcli/arborist"].filter((name) => Object.keys(require.cache).some((file) => file.includes("node_modules/" + name + "/")));`;

test("Pulumi's SDK comes without what serialises functions, until something touches it", () => {
  const load = 'const pulumi = require("@pulumi/pulumi");';
  expect(said(`${load} ${loaded}`)).toEqual(["typescript", "@npmcli/arborist"]);
  expect(said(`${load} ${loaded}`, lean)).toEqual([]);
  const touch = 'require("@pulumi/pulumi/typescript-shim").version;';
  expect(said(`${load} ${touch} ${loaded}`, lean)).toEqual(["typescript"]);
});

test("functions can still be serialised", () => {
  const script = `
    const pulumi = require("@pulumi/pulumi");
    pulumi.runtime.serializeFunction(() => 1).then(({ text }) => console.log(text));`;
  const { stdout } = spawnSync(process.execPath, [...lean, "-e", script], { cwd: projectDir, env: { PATH: process.env.PATH } });
  expect(stdout.toString()).toContain("return () => 1;");
});

/** Has `from` ask for modules as a file of Pulumi's runtime does, and `loaded` tell whether a file was loaded whose path has some words. */
const asRuntime = (file: string) => `
  const { createRequire } = require("node:module");
  const from = createRequire(require.resolve("@pulumi/pulumi/${file}"));
  const loaded = (words) => Object.keys(require.cache).some((path) => path.includes(words));`;

test.each([
  ["@pulumi/pulumi", "automation", "/@pulumi/pulumi/automation/", "LocalWorkspace"],
  ["@pulumi/kubernetes", "batch", "/@pulumi/kubernetes/batch/", "v1"],
  ["@pulumi/kubernetes", "yaml", "/@pulumi/kubernetes/yaml/yaml", "ConfigFile"],
])("of %s, %s is loaded by who touches it", (name, part, path, within) => {
  const script = `${asRuntime("index.js")}
    const all = require("${name}");
    const before = loaded("${path}");
    return [before, typeof all.${part}.${within}, loaded("${path}")];`;
  const type = within === "v1" ? "object" : "function";
  expect(said(script)).toEqual([true, type, true]);
  expect(said(script, lean)).toEqual([false, type, true]);
});

test("what traces the runtime is loaded where it traces", () => {
  const script = `${asRuntime("cmd/run/index.js")}
    from("./instrumentation");
    const { newSpan } = from("./tracing");
    newSpan("any").end();
    return [loaded("/@opentelemetry/sdk-trace-node/"), Boolean(from("@opentelemetry/api").trace.getActiveSpan())];`;
  const tracing = { TRACEPARENT: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" };
  expect(said(script)).toEqual([true, false]);
  expect(said(script, lean)).toEqual([false, false]);
  expect(said(script, lean, tracing)).toEqual([true, false]);
  const withinRoot = `${asRuntime("cmd/run/index.js")}
    return from("./instrumentation").withRootContext(() => from("@opentelemetry/api").trace.getActiveSpan().spanContext().traceId);`;
  expect(said(withinRoot, lean, tracing)).toBe("0af7651916cd43dd8448eb211c80319c");
});

test("no debugger follows the scripts of a program, and details are told to who looks into the runtime", () => {
  const script = `${asRuntime("cmd/run/index.js")}
    const all = require("@pulumi/pulumi");
    const { isInitializedAsync } = from("../../runtime/closure/v8Hooks");
    const log = createRequire(require.resolve("@pulumi/pulumi/runtime/resource.js"))("../log");
    return [typeof isInitializedAsync, loaded("/v8Hooks"), log.debug === all.log.debug, log.warn === all.log.warn];`;
  expect(said(script)).toEqual(["function", true, true, true]);
  expect(said(script, lean)).toEqual(["function", false, false, true]);
  expect(said(script, lean, { PULUMI_DEBUG_PROMISE_LEAKS: "1" })).toEqual(["function", true, true, true]);
});

test("what anybody else asks for is the module itself", () => {
  expect(said('return typeof require("typescript").createProgram', lean)).toBe("function");
  // Which something that stands for it would not list.
  expect(said('return Object.keys(require("typescript")).includes("createProgram")', lean)).toBe(true);
});
