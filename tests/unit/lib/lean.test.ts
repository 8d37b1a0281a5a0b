import { spawnSync } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { expect, test } from "vitest";
import { projectDir } from "../../../lib/paths.ts";

const lean = ["--require", join(projectDir, "lib/lean.cjs")];

/** A script that has `from` ask for modules as a file of Pulumi's runtime does, and `loaded` tell which modules are loaded. */
const asRuntime = `
  const { createRequire } = require("node:module");
  const runtime = (file) => createRequire(require.resolve("@pulumi/pulumi/" + file));
  const from = runtime("cmd/run/index.js");
  const loaded = (...parts) => parts.filter((part) => Object.keys(require.cache).some((file) => file.includes("node_modules/" + part + "/")));`;

/** What such a script says, as JSON, with the project's lean start or without it. */
function said(script: string, options: readonly string[] = lean, env: Readonly<Record<string, string>> = {}): unknown {
  const words = [...options, "-e", `${asRuntime} console.log(JSON.stringify((() => { ${script} })()))`];
  const { stdout, stderr } = spawnSync(process.execPath, words, { cwd: projectDir, env: { PATH: process.env.PATH, ...env } });
  expect(stderr.toString()).toBe("");
  return JSON.parse(stdout.toString());
}

/** What Pulumi's SDK and the kinds of Kubernetes load, which this program has no use for. */
const parts = [
  "typescript",
  "@npmcli/arborist",
  "@pulumi/pulumi/automation",
  "@pulumi/kubernetes/batch",
  "@pulumi/kubernetes/yaml",
  "@opentelemetry/sdk-trace-node",
];
const load = `
  const pulumi = require("@pulumi/pulumi");
  const kubernetes = require("@pulumi/kubernetes");
  const { newSpan } = from("./tracing");
  newSpan("any").end();
  from("../../runtime/closure/v8Hooks").isInitializedAsync();
  const isDebugged = Object.keys(require.cache).some((file) => file.endsWith("/v8Hooks.js"));
  const { log } = pulumi;
  const own = runtime("runtime/resource.js")("../log");
  const found = [loaded(...${JSON.stringify(parts)}), log.debug === own.debug, log.warn === own.warn, isDebugged];`;

test("Pulumi's runtime comes with much that this program has no use for", () => {
  expect(said(`${load} return found`, [])).toEqual([parts, true, true, true]);
});

test("which is not loaded until something touches it", () => {
  const touch = `
    require("@pulumi/pulumi/typescript-shim").version;
    return [
      ...found,
      loaded("typescript"),
      [pulumi.automation.LocalWorkspace, kubernetes.batch.v1.Job, kubernetes.yaml.ConfigFile].map((part) => typeof part),
      loaded("@pulumi/pulumi/automation", "@pulumi/kubernetes/batch", "@pulumi/kubernetes/yaml"),
    ];`;
  const touched = ["@pulumi/pulumi/automation", "@pulumi/kubernetes/batch", "@pulumi/kubernetes/yaml"];
  const functions = touched.map(() => "function");
  expect(said(load + touch)).toEqual([[], false, true, false, ["typescript"], functions, touched]);
});

test("details are told to who looks into the runtime", () => {
  const [loaded, ...told] = said(`${load} return found`, lean, { PULUMI_DEBUG_PROMISE_LEAKS: "1" }) as unknown[];
  expect([loaded, told]).toEqual([[], [true, true, true]]);
});

test("what Pulumi is told to trace is traced", () => {
  const script = `
    const { withRootContext } = from("./instrumentation");
    const { trace } = from("@opentelemetry/api");
    return [loaded("@opentelemetry/sdk-trace-node"), withRootContext(() => trace.getActiveSpan().spanContext().traceId)];`;
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const answer = said(script, lean, { TRACEPARENT: `00-${traceId}-b7ad6b7169203331-01` });
  expect(answer).toEqual([["@opentelemetry/sdk-trace-node"], traceId]);
});

test("functions can still be serialised", () => {
  const script = `
    const pulumi = require("@pulumi/pulumi");
    const captured = 41;
    pulumi.runtime.serializeFunction(() => captured + 1).then(({ text }) => console.log(text));`;
  const { stdout } = spawnSync(process.execPath, [...lean, "-e", script], { cwd: projectDir, env: { PATH: process.env.PATH } });
  expect(stdout.toString()).toContain("captured: 41");
  expect(stdout.toString()).toContain("return () => captured + 1;");
});

test("what anybody else asks for is the module itself", () => {
  // Which something that stands for it would not list.
  expect(said('return Object.keys(require("typescript")).includes("createProgram")')).toBe(true);
});
