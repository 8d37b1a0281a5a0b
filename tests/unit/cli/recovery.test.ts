import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { hostname } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterEach, beforeEach, expect, test } from "vitest";
import { kubectlOf } from "../../../cli/kind/health.ts";
import type { Deployment } from "../../../cli/pulumi/deployment.ts";
import { recover } from "../../../cli/pulumi/recovery.ts";
import type { PulumiStack } from "../../../cli/pulumi/stack.ts";
import type { KindSpec } from "../../../model/kindSpec.ts";
import { silentProgress } from "../../lib/silentProgress.ts";
import { Fakes } from "./support/fakes.ts";

let fakes: Fakes;
let stack: PulumiStack;
let spec: KindSpec;

beforeEach(() => {
  fakes = new Fakes();
  fakes.program(
    "pulumi",
    'case "$1 $2" in "stack export") cat "$FAKES/state" ;; "stack import") cat > "$FAKES/imported" ;; "cancel --yes") rm -r "$FAKES/.pulumi/locks" ;; esac',
  );
  spec = { name: fakes.cluster, workers: 2, nodeImage: "example/node", sources: "published", ports: [] };
  stack = { name: "local", env: { ...process.env, PULUMI_BACKEND_URL: `file://${fakes.folder}?metadata=skip` } };
  state({});
});

afterEach(() => fakes.remove());

function state(deployment: Deployment): void {
  writeFileSync(join(fakes.folder, "state"), JSON.stringify({ version: 3, deployment }));
}

function lock(pid: number, host = hostname(), of = "local"): void {
  const folder = join(fakes.folder, ".pulumi/locks/organization/mesh", of);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "1.json"), JSON.stringify({ pid, hostname: host }));
}

const settle = (cluster: "gone" | "kept") => recover(stack, { cluster, kubectl: kubectlOf(spec), progress: silentProgress });
const imported = () => (JSON.parse(fakes.read("imported")) as { version: number; deployment: Deployment }).deployment;
const calls = () => fakes.calls.map((call) => call.split(" ").slice(0, 3).join(" "));
const dead = spawnSync("true").pid;

const urn = "urn:pulumi:local::mesh::kubernetes:core/v1:Namespace::a";
const namespace = { urn, type: "kubernetes:core/v1:Namespace", id: "a" };

test("a state that was left in order stays as it is", async () => {
  state({ resources: [namespace] });
  expect(await settle("kept")).toMatchObject({ refresh: false, empty: false });
  expect(calls()).toEqual(["pulumi stack export"]);
});

test("the lock of a dead run is taken away", async () => {
  lock(dead);
  expect(await settle("kept")).toMatchObject({ refresh: false, empty: true });
  expect(calls()).toEqual(["pulumi cancel --yes", "pulumi stack export"]);
});

test.each([
  ["another machine", dead, "elsewhere", "local"],
  ["another stack", dead, hostname(), "dev"],
])("the lock of %s is left alone", async (_, pid, host, of) => {
  lock(pid, host, of);
  await settle("kept");
  expect(calls()).toEqual(["pulumi stack export"]);
});

test("a pulumi that is at work is named, and left alone", async () => {
  copyFileSync("/bin/sleep", join(fakes.folder, "pulumi"));
  const child = spawn(join(fakes.folder, "pulumi"), ["60"], { stdio: "ignore" });
  try {
    lock(child.pid ?? 0);
    await expect(settle("kept")).rejects.toThrow(
      new RegExp(`process ${child.pid}\\) is at work on the stack local.*kill ${child.pid}`),
    );
    expect(calls()).toEqual([]);
  } finally {
    child.kill("SIGKILL");
  }
});

test("plugins that a killed pulumi left at work are ended, those of a living one and of others are not", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const plugin = (engine: number, env = stack.env) =>
    spawn(process.execPath, ["-e", "setTimeout(() => {}, 60_000)", `127.0.0.1:${engine}`], { env, stdio: "ignore" });
  const [orphan, busy, foreign] = [plugin(1), plugin(port), plugin(1, { ...stack.env, PULUMI_BACKEND_URL: "file:///elsewhere" })];
  try {
    await new Promise((resolve) => setTimeout(resolve, 100));
    const ended = once(orphan, "exit");
    await settle("kept");
    expect(await ended).toEqual([null, "SIGKILL"]);
    expect([busy, foreign].map(({ exitCode, signalCode }) => exitCode ?? signalCode)).toEqual([null, null]);
  } finally {
    for (const child of [orphan, busy, foreign]) child.kill("SIGKILL");
    server.close();
  }
});

test("operations under way are settled, and the next update looks first", async () => {
  const resource = { urn, type: namespace.type, inputs: { metadata: { name: "a" } } };
  state({ resources: [], pending_operations: [{ type: "creating", resource }] });
  expect(await settle("kept")).toMatchObject({ refresh: true, empty: false });
  expect(imported()).toMatchObject({ pending_operations: [], resources: [{ urn, id: "a" }] });
});

test("Helm's records of a killed installation are removed from the cluster", async () => {
  fakes.node({ name: `${spec.name}-control-plane`, role: "control-plane" });
  fakes.program("podman", `[[ "$*" != *"delete secrets"* ]] || echo "$*" > "$FAKES/deleted"\n${fakes.script("podman")}`);
  const resource = { urn, type: "kubernetes:helm.sh/v3:Release", inputs: { name: "istiod", namespace: "istio-system" } };
  state({ pending_operations: [{ type: "creating", resource }] });
  await settle("kept");
  expect(fakes.read("deleted")).toMatch(
    /delete secrets --namespace=istio-system --selector=owner=helm,name=istiod,status in \(pending-/,
  );
});

test("with its cluster gone, a state forgets what was in it", async () => {
  state({ resources: [namespace, { urn: "urn:p", type: "random:index/randomPassword:RandomPassword", id: "p" }] });
  expect(await settle("gone")).toMatchObject({ refresh: false, empty: false });
  expect(imported().resources?.map(({ urn }) => urn)).toEqual(["urn:p"]);
});
