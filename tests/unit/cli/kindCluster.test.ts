import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { notReady } from "../../../cli/kind/health.ts";
import { deleteCluster, type EnsureOptions, ensureCluster as ensure, readCluster } from "../../../cli/kind/kindCluster.ts";
import { ownerDir } from "../../../cli/kind/owner.ts";
import { takenPorts } from "../../../cli/kind/ports.ts";
import { findRuntime, listNodes, startNode } from "../../../cli/kind/runtime.ts";
import { readHealth } from "../../../cli/kind/status.ts";
import { nodeProblems } from "../../../cli/preflight.ts";
import { kubeconfigFile } from "../../../cli/support/environment.ts";
import type { Progress } from "../../../lib/progress.ts";
import type { KindSpec } from "../../../model/kindSpec.ts";
import { silentProgress } from "../../lib/silentProgress.ts";
import { type FakeNode, Fakes } from "./support/fakes.ts";

let fakes: Fakes;
let spec: KindSpec;
let notes: string[];
let progress: Progress;

beforeEach(() => {
  fakes = new Fakes();
  spec = { name: fakes.cluster, workers: 2, nodeImage: "example/node@sha256:1", sources: "published", ports: [] };
  notes = [];
  progress = { ...silentProgress, note: (text) => void notes.push(text) };
});

afterEach(() => fakes.remove());

/** Not the machine's own folder: a unit test leaves the machine as it is. */
const modules = () => join(fakes.folder, "modules");
const ensureCluster = (...[spec, progress]: [KindSpec, Progress]) => ensure(spec, progress, { modules: modules() });
const ensureNodes = (options: EnsureOptions) => ensure(spec, progress, { modules: modules(), ...options });

/** A cluster of three nodes that this checkout made to the end. */
function ourCluster(changes: { running?: boolean; ready?: boolean; ports?: number[] } = {}): void {
  const owner = ownerDir(fakes.cluster);
  fakes.node({ name: `${fakes.cluster}-control-plane`, role: "control-plane", owner, ...changes });
  fakes.node({ name: `${fakes.cluster}-worker`, owner, ...changes });
  fakes.node({ name: `${fakes.cluster}-worker2`, owner, ...changes });
}

/** Leaves what a run leaves that is killed while kind is at work. */
async function killedCreation(): Promise<void> {
  const kind = fakes.script("kind");
  fakes.program("kind", `${kind}\nexit 1`);
  await expect(ensureCluster(spec, progress)).rejects.toThrow(/failed/);
  fakes.program("kind", kind);
}

describe("ensure", () => {
  test("creates the cluster that is not there, marks it as ours, and ends when all nodes are in it", async () => {
    const port = 28_080;
    const cluster = await ensureCluster({ ...spec, ports: [{ hostPort: port, nodePort: 30_808 }] }, progress);

    expect(cluster).toEqual({
      created: true,
      runtime: "podman",
      context: `kind-${spec.name}`,
      kubeconfig: `kubeconfig of ${spec.name}\n`,
    });
    const { name, nodes } = parse(fakes.read("config")) as {
      name: string;
      nodes: { role: string; image: string; extraMounts: unknown; extraPortMappings?: unknown }[];
    };
    expect(name).toBe(spec.name);
    expect(nodes.map(({ role }) => role)).toEqual(["control-plane", "worker", "worker"]);
    expect(new Set(nodes.map(({ image }) => image))).toEqual(new Set([spec.nodeImage]));
    expect(nodes[0]?.extraPortMappings).toEqual([{ containerPort: 30_808, hostPort: port, listenAddress: "127.0.0.1" }]);
    for (const { extraMounts } of nodes) {
      expect(extraMounts).toEqual([{ hostPath: ownerDir(spec.name), containerPath: "/etc/mesh-owner", readOnly: true }]);
    }
  });

  test("says which step kind is at, in plain words", async () => {
    await ensureCluster(spec, progress);
    expect(notes).toEqual(["Preparing nodes", "Writing configuration"]);
  });

  test("says when nodes run: new ones before Kubernetes does, others when they were found or started", async () => {
    const states: string[] = [];
    const onNodes = (state: string) => void states.push(`${state}: ${notes.at(-1)}`);
    await ensureNodes({ onNodes });
    await ensureNodes({ onNodes });
    ourCluster({ running: false });
    await ensureNodes({ onNodes });
    const last = "Writing configuration";
    expect(states).toEqual([`new: ${last}`, `running: ${last}`, `started: ${last}`]);
  });

  test("knows the kubeconfig from the control plane, as kind would give it", async () => {
    ourCluster({ ports: [6443] });
    const identity = { "client-certificate-data": "Yw==", "client-key-data": "a2V5" };
    const admin = {
      clusters: [{ name: spec.name, cluster: { server: "https://inside:6443", "certificate-authority-data": "Y2E=" } }],
      contexts: [{ name: "admin", context: { cluster: spec.name, user: "admin" } }],
      users: [{ name: "admin", user: identity }],
    };
    writeFileSync(join(fakes.folder, "nodes", `${spec.name}-control-plane`, "admin.conf"), stringify(admin));
    const name = `kind-${spec.name}`;
    const { kubeconfig } = await ensureCluster(spec, progress);
    expect(parse(kubeconfig)).toEqual({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name, cluster: { server: "https://127.0.0.1:6443", "certificate-authority-data": "Y2E=" } }],
      contexts: [{ name, context: { cluster: name, user: name } }],
      "current-context": name,
      users: [{ name, user: identity }],
    });
    expect(readFileSync(kubeconfigFile(spec.name), "utf8")).toBe(kubeconfig);
    expect(await readCluster(spec)).toEqual({ state: "running", kubeconfig });
  });

  test.each([
    ["the control plane has none that can be read", undefined],
    ["it is cut short", "clusters: [{ cluster: { server"],
    ["it has no user", "clusters: [{ cluster: { server: x } }]"],
    ["its user has no identity", "clusters: [{ cluster: { server: x } }]\nusers: [{ name: admin }]"],
  ])("asks kind for the kubeconfig where %s", async (_what, content) => {
    ourCluster({ ports: [6443] });
    const file = join(fakes.folder, "nodes", `${spec.name}-control-plane`, "admin.conf");
    if (content !== undefined) writeFileSync(file, content);
    expect((await ensureCluster(spec, progress)).kubeconfig).toBe(`kubeconfig of ${spec.name}\n`);
  });

  test("writes a kubeconfig of its own that only this user can read", async () => {
    await ensureCluster(spec, progress);
    expect(readFileSync(kubeconfigFile(spec.name), "utf8")).toBe(`kubeconfig of ${spec.name}\n`);
    expect(statSync(kubeconfigFile(spec.name)).mode & 0o777).toBe(0o600);
  });

  test("makes the folder of the kernel's modules where the machine has none, before kind mounts it", async () => {
    const kind = fakes.script("kind");
    fakes.program("kind", `[ "$1" != create ] || ls -d ${modules()} || { echo "statfs: no such file" >&2; exit 125; }\n${kind}`);
    await ensureCluster(spec, progress);
    expect(existsSync(modules())).toBe(true);
    // A machine that was started again may have lost it.
    rmSync(modules(), { recursive: true });
    await ensureCluster(spec, progress);
    expect(existsSync(modules())).toBe(true);
  });

  test("finds the cluster that runs, and touches nothing", async () => {
    ourCluster();
    expect(await ensureCluster(spec, progress)).toMatchObject({ created: false });
    expect(fakes.calls).toEqual([]);
  });

  test("starts what stopped, the control plane first", async () => {
    ourCluster({ running: false });
    expect(await ensureCluster(spec, progress)).toMatchObject({ created: false });
    expect(fakes.calls).toEqual([
      `podman start ${spec.name}-control-plane`,
      `podman start ${spec.name}-worker`,
      `podman start ${spec.name}-worker2`,
    ]);
    expect(existsSync(ownerDir(spec.name))).toBe(true);
  });

  test("removes what a killed run left half made, says so, and creates it anew", async () => {
    await killedCreation();
    expect(await ensureCluster(spec, progress)).toMatchObject({ created: true });
    expect(notes.join()).toMatch(/half made/);
    expect(fakes.calls.filter((call) => call.startsWith("kind")).map((call) => call.split(" ")[1])).toEqual([
      "create",
      "delete",
      "create",
    ]);
    notes = [];
    expect(await ensureCluster(spec, progress)).toMatchObject({ created: false });
    expect(notes).toEqual([]);
  });

  test("says in one line why a node does not start and what to type", async () => {
    ourCluster({ running: false });
    fakes.program("podman", `touch "$FAKES/refuse-${spec.name}-worker"\n${fakes.script("podman")}`);
    await expect(ensureCluster(spec, progress)).rejects.toThrow(
      /-worker does not start: no such mount.*`make down`, then `make up`/,
    );
  });

  test("names the stack in what to type, where it is not the one that make takes unasked", async () => {
    ourCluster();
    const advice = /`make down STACK=dev`, then `make up STACK=dev`/;
    await expect(ensureCluster({ ...spec, workers: 3, stack: "dev" }, progress)).rejects.toThrow(advice);
    ourCluster({ running: false });
    expect((await readHealth({ ...spec, stack: "dev" })).advice).toContain("make up STACK=dev, which starts it again");
    fakes.program("podman", `touch "$FAKES/refuse-${spec.name}-worker"\n${fakes.script("podman")}`);
    await expect(ensureCluster({ ...spec, stack: "dev" }, progress)).rejects.toThrow(advice);
  });

  test("leaves a cluster of the same name alone that another checkout made", async () => {
    fakes.node({ name: `${spec.name}-control-plane`, role: "control-plane", owner: `/elsewhere/.state/kind/${spec.name}/owner` });
    await expect(ensureCluster(spec, progress)).rejects.toThrow(
      /the checkout \/elsewhere made .*left alone.*kind delete cluster --name/s,
    );
    await deleteCluster(spec, progress);
    expect(notes.join()).toMatch(/left alone/);
    expect(fakes.calls).toEqual([]);
  });

  test("leaves a cluster of the same name alone that somebody made by hand", async () => {
    fakes.node({ name: `${spec.name}-control-plane`, role: "control-plane" });
    await expect(ensureCluster(spec, progress)).rejects.toThrow(/somebody else made/);
    expect(fakes.calls).toEqual([]);
  });

  test("refuses a cluster of another size or without the ports, as those cannot change", async () => {
    ourCluster({ ports: [28_080] });
    await expect(ensureCluster({ ...spec, workers: 3 }, progress)).rejects.toThrow(/has 2 worker\(s\).* asks for 3.*`make down`/);
    const ports = [28_080, 28_081].map((hostPort) => ({ hostPort, nodePort: 30_000 }));
    await expect(ensureCluster({ ...spec, ports }, progress)).rejects.toThrow(/without the port\(s\) 28081\b/);
    expect(fakes.calls).toEqual([]);
  });

  test("creates nothing while somebody has one of its ports, and says who", async () => {
    const server = await listen();
    try {
      const { port } = server.address() as { port: number };
      const ports = [{ hostPort: port, nodePort: 30_808 }];
      await expect(ensureCluster({ ...spec, ports }, progress)).rejects.toThrow(
        new RegExp(`Port ${port} is taken by .*\\(process ${process.pid}: `),
      );
      expect(fakes.calls).toEqual([]);
    } finally {
      server.close();
    }
  });

  describe("while a container has one of its ports, names whose it is and how to end it", () => {
    const taken = async (holder: Partial<FakeNode>) => {
      const server = await listen();
      try {
        const { port } = server.address() as { port: number };
        fakes.node({ name: "holder", ports: [port], ...holder });
        return (await takenPorts([port], await findRuntime(spec.sources))).join().replace(String(port), "<port>");
      } finally {
        server.close();
      }
    };
    const otherPort = "or give the stack another port: mesh:cluster.ports.";

    test.each([
      [
        "the cluster of another checkout",
        { cluster: "mesh-demo", owner: "/elsewhere/.state/kind/mesh-demo/owner" },
        "the kind cluster mesh-demo of the checkout /elsewhere. Take it down there (make down)",
      ],
      [
        "the cluster of another stack of this checkout",
        { cluster: "mesh-demo", owner: ownerDir("mesh-demo") },
        "the kind cluster mesh-demo of this checkout (stack local). Take it down (make down)",
      ],
      [
        "a cluster that somebody made by hand",
        { cluster: "theirs" },
        "the kind cluster theirs, which no checkout of this project made. Take it down (KIND_EXPERIMENTAL_PROVIDER=podman kind delete cluster --name theirs)",
      ],
      ["a container that is no node", {}, "podman's container holder. Stop it (podman stop holder)"],
    ])("%s", async (_who, holder, named) => {
      expect(await taken(holder)).toBe(`Port <port> is taken by ${named}, ${otherPort}`);
    });
  });

  test("before anything, a cluster of that name that is another checkout's counts more than the ports it has", async () => {
    const server = await listen();
    try {
      const { port } = server.address() as { port: number };
      const owner = `/elsewhere/.state/kind/${spec.name}/owner`;
      fakes.node({ name: `${spec.name}-control-plane`, role: "control-plane", cluster: spec.name, owner, ports: [port] });
      const problems = await nodeProblems({ ...spec, ports: [{ hostPort: port, nodePort: 30_808 }] });
      expect(problems).toEqual([expect.stringMatching(/^There is a kind cluster .* that the checkout \/elsewhere made/)]);
    } finally {
      server.close();
    }
  });

  test("hands kind's own words on when it fails", async () => {
    fakes.program("kind", `touch "$FAKES/refuse-create"\n${fakes.script("kind")}`);
    await expect(ensureCluster(spec, progress)).rejects.toThrow(/`kind create cluster.*no space left/s);
  });

  test.each([
    ["once, makes the cluster nevertheless", 1, true],
    ["twice, is told in kind's own words", 2, false],
  ])("a node that does not start in time %s", async (_what, times, made) => {
    const slow = `echo 'ERROR: failed to create cluster: could not find a log line that matches "Reached target"' >&2; exit 1`;
    const count = 'echo >> "$FAKES/tries"; tries=$(wc -l < "$FAKES/tries")';
    fakes.program(
      "kind",
      `[ "$1" != create ] || { ${count}; [ $tries -gt ${times} ] || { ${slow}; }; }\n${fakes.script("kind")}`,
    );
    const ensured = ensureCluster(spec, progress).then(
      ({ created }) => created,
      (error: Error) => /could not find a log line/.test(error.message) && false,
    );
    expect(await ensured).toBe(made);
    expect(notes).toContain("A node did not start within the half minute that kind gives it; once more.");
    expect(fakes.read("tries").split("\n")).toHaveLength(3);
  });

  test("prefers Docker where its engine answers", async () => {
    fakes.program("docker", `[ "$1" != info ] || exit 0\n${fakes.script("podman")}`);
    expect(await ensureCluster(spec, progress)).toMatchObject({ runtime: "docker" });
  });
});

describe("a node that was started again", () => {
  test("counts only when it was heard of since, whatever the API server remembers", async () => {
    const runtime = await findRuntime(spec.sources);
    fakes.node({ name: "old-control-plane", role: "control-plane", heard: "2026-01-01T00:00:00Z" });
    fakes.node({ name: "old-worker", heard: "2026-01-01T00:00:20Z" });
    const nodes = await listNodes(runtime, spec.name);
    const since = (time: string) => notReady(runtime, nodes, { heardSince: Date.parse(time) });
    expect(await notReady(runtime, nodes)).toEqual([]);
    expect(await since("2025-12-31T00:00:00Z")).toEqual([]);
    expect(await since("2026-01-01T00:00:10Z")).toEqual(["old-control-plane has not been heard of yet"]);
  });

  test("that was stopped counts only when it has told of its pods since: requests would be sent where they were", async () => {
    const runtime = await findRuntime(spec.sources);
    fakes.program("podman", fakes.script("podman").replace(`echo '{"items":[]}'`, 'cat "$FAKES/pods"'));
    const pod = (nodeName: string, startedAt: string) => ({
      spec: { nodeName },
      status: { containerStatuses: [{ state: { running: { startedAt } } }, { state: { waiting: {} } }] },
    });
    const pods = (...items: object[]) => writeFileSync(join(fakes.folder, "pods"), JSON.stringify({ items }));
    const heard = "2026-01-01T00:00:20Z";
    fakes.node({ name: "old-control-plane", role: "control-plane", heard });
    fakes.node({ name: "old-worker", running: false, heard });
    const nodes = await listNodes(runtime, spec.name);
    const since = () => notReady(runtime, nodes, { heardSince: Date.parse("2026-01-01T00:00:10.500Z") });
    const before = "2026-01-01T00:00:05Z";
    pods(pod("old-control-plane", before), pod("old-worker", before));
    expect(await since()).toEqual(["old-worker has not told of its pods yet"]);
    pods(pod("old-control-plane", before), pod("old-worker", "2026-01-01T00:00:10Z"));
    expect(await since()).toEqual([]);
  });

  test("is told to podman as ended where podman did not notice", async () => {
    const runtime = await findRuntime(spec.sources);
    fakes.node({ name: "watched", pid: process.pid });
    fakes.node({ name: "lost", pid: spawnSync("true").pid });
    const [lost, watched] = await listNodes(runtime, spec.name);
    expect(watched).toMatchObject({ name: "watched", running: true, lost: false });
    expect(lost).toMatchObject({ name: "lost", running: false, lost: true });

    if (lost) expect(await startNode(runtime, lost, fakes.folder)).toMatchObject({ ok: true });
    expect(fakes.read("id-of-lost")).toBe("137");
    expect(fakes.calls).toEqual(["podman start lost"]);
  });
});

describe("read", () => {
  test("tells running, stopped and absent apart", async () => {
    expect(await readCluster(spec)).toEqual({ state: "absent" });
    ourCluster();
    expect(await readCluster(spec)).toEqual({ state: "running", kubeconfig: `kubeconfig of ${spec.name}\n` });
    ourCluster({ running: false });
    expect(await readCluster(spec)).toEqual({ state: "stopped" });
  });

  test("a cluster that is half made or somebody else's is absent", async () => {
    await killedCreation();
    expect(await readCluster(spec)).toEqual({ state: "absent" });
    fakes.node({ name: `${spec.name}-control-plane`, role: "control-plane", owner: "/elsewhere" });
    expect(await readCluster(spec)).toEqual({ state: "absent" });
  });
});

describe("delete", () => {
  test("deletes our cluster and the folder we keep of it", async () => {
    await ensureCluster(spec, progress);
    await deleteCluster(spec, progress);
    expect(await readCluster(spec)).toEqual({ state: "absent" });
    expect(existsSync(ownerDir(spec.name))).toBe(false);
  });

  test("that there is none is fine", async () => {
    await deleteCluster(spec, progress);
    expect(fakes.calls).toEqual([]);
  });

  test.each<[string, () => void]>([
    ["kind cannot", () => fakes.program("kind", "exit 1")],
    ["no kind is there for, as that of other sources made it", () => rmSync(join(fakes.folder, "bin", "kind"))],
  ])("removes by force what %s", async (_what, breakKind) => {
    ourCluster();
    breakKind();
    await deleteCluster(spec, progress);
    expect(await readCluster(spec)).toEqual({ state: "absent" });
  });

  test("removes the volumes of a killed creation", async () => {
    fakes.program("podman", '[ "$1 $2" != "volume ls" ] || { [[ $4 != *-worker2 ]] || echo abandoned; }');
    await deleteCluster(spec, progress);
    expect(fakes.calls).toEqual(["podman volume rm abandoned"]);
  });
});

describe("a container of which podman has the storage alone, as it was killed while it made it", () => {
  beforeEach(() => {
    const listed = `printf '%s\\n' ${spec.name}-worker2 ${spec.name}-worker9 theirs`;
    const script = fakes.script("podman");
    fakes.program("podman", `[[ "$*" != "ps --all --external"* ]] || { ls "$FAKES/nodes"; ${listed}; exit; }\n${script}`);
  });
  const removals = () => fakes.calls.filter((call) => call.startsWith("podman rm"));

  test("goes before the cluster is made, and nobody else's does", async () => {
    await ensureCluster(spec, progress);
    expect(removals()).toEqual([`podman rm --force ${spec.name}-worker2`]);
  });

  test("is no whole one", async () => {
    fakes.node({ name: `${spec.name}-worker2`, owner: ownerDir(spec.name) });
    fakes.program("kind", "");
    await deleteCluster(spec, progress);
    expect(removals()).toEqual([]);
  });
});

describe("status", () => {
  test("says what is wrong and what to type", async () => {
    expect(await readHealth(spec)).toMatchObject({ state: "absent", advice: "Try: make up" });
    ourCluster({ running: false });
    expect(await readHealth(spec)).toMatchObject({
      state: "stopped",
      summary: "3 of 3 nodes stopped",
      advice: expect.stringMatching(/make up/),
    });
  });

  test("names the nodes that are not ready, with the reason", async () => {
    ourCluster({ ready: false });
    expect(await readHealth(spec)).toMatchObject({
      state: "running",
      wrong: expect.arrayContaining([`${spec.name}-worker is not ready (no network)`]),
    });
  });
});

function listen(): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => resolve(server));
  });
}
