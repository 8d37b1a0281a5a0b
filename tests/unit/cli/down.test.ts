import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { takeDown } from "../../../cli/commands/down.ts";
import { show } from "../../../cli/commands/status.ts";
import type { Context } from "../../../cli/context.ts";
import { ownerDir } from "../../../cli/kind/owner.ts";
import { planStack } from "../../../plan.ts";
import { kindSpec } from "../../../stacks/kind.ts";
import { Fakes } from "./support/fakes.ts";

/*
 * What `make down` and `make status` do with a cluster on this machine, with a pulumi, a kind and a docker that only write down what they were asked.
 */

const password = {
  urn: "urn:pulumi:local::mesh::random:index/randomPassword:RandomPassword::p",
  type: "random:index/x",
  id: "p",
};
const namespace = {
  urn: "urn:pulumi:local::mesh::kubernetes:core/v1:Namespace::a",
  type: "kubernetes:core/v1:Namespace",
  id: "a",
};

const pulumi = `
case "$1 $2" in
  "stack export") cat "$FAKES/state" ;;
  "stack import") cat > "$FAKES/state" ;;
  "destroy "*) [ ! -e "$FAKES/refuse" ] ;;
esac`;

let fakes: Fakes;
let context: Context;

beforeEach(() => {
  fakes = new Fakes();
  fakes.program("pulumi", pulumi);
  fakes.program("kubectl", "");
  // Podman would leave traces on the machine, which are looked for there.
  fakes.program("docker", `[ "$1" = info ] && exit 0\n${fakes.script("podman")}`);
  vi.spyOn(console, "log").mockImplementation(() => undefined);
  const entries = {
    "mesh:target": "kind",
    "mesh:sources": "published",
    "mesh:cluster": `{"name":"${fakes.cluster}","workers":1}`,
  };
  const settings = { ...entries, "mesh:tls": '{"hosts":["shop.example.com"],"issuer":"self-signed"}' };
  const { config, applications } = planStack(settings, fakes.cluster);
  if (config.target !== "kind") throw new Error("the stack is on no kind cluster");
  context = { stack: fakes.cluster, config, applications, entry: undefined, problems: [], spec: kindSpec(config) };
  writeFileSync(join(fakes.folder, "state"), JSON.stringify({ version: 3, deployment: { resources: [namespace, password] } }));
  for (const role of ["control-plane", "worker"] as const) {
    fakes.node({ name: `${fakes.cluster}-${role}`, role, owner: ownerDir(fakes.cluster) });
  }
});

afterEach(() => {
  fakes.remove();
  vi.restoreAllMocks();
});

const steps = () =>
  fakes.calls.flatMap((call) => /^(kind delete cluster|pulumi stack import|pulumi destroy)/.exec(call)?.[1] ?? []);

test("the cluster goes as a whole, the state forgets what was in it, and the rest is destroyed", async () => {
  await takeDown(context);
  expect(steps()).toEqual(["kind delete cluster", "pulumi stack import", "pulumi destroy"]);
  expect(JSON.parse(fakes.read("state"))).toMatchObject({ deployment: { resources: [password] } });
  expect(existsSync(ownerDir(fakes.cluster))).toBe(false);
});

test("without the tools it takes, a cluster that is there is left as it is, and where none is there is nothing to do", async () => {
  rmSync(join(fakes.folder, "bin", "pulumi"));
  await expect(takeDown(context)).rejects.toThrow("pulumi is not on the PATH");
  expect(steps()).toEqual([]);
  for (const role of ["control-plane", "worker"])
    rmSync(join(fakes.folder, "nodes", `${fakes.cluster}-${role}`), { recursive: true });
  await takeDown(context);
  expect(steps()).toEqual([]);
});

test("`make status` does not call well what it could not look at", async () => {
  rmSync(join(fakes.folder, "bin", "pulumi"));
  await show(context);
  const said = vi.mocked(console.log).mock.calls.join("\n");
  expect(said).toContain("Neither the objects of the stack nor its URL were looked at: pulumi is not on the PATH");
  expect(said).not.toContain("Nothing is wrong");
  expect(process.exitCode).toBe(1);
  process.exitCode = 0;
});

test("what is left beside the cluster is told of, and the same command goes on with it", async () => {
  writeFileSync(join(fakes.folder, "refuse"), "");
  await expect(takeDown(context)).rejects.toThrow("The same command goes on where it stopped.");
  expect(steps()).toEqual(["kind delete cluster", "pulumi stack import", "pulumi destroy"]);
});
