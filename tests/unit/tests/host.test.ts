import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { projectDir, stateDir } from "../../../lib/paths.ts";
import { differences, type HostListing, listProcesses } from "../../wire/support/host.ts";

const nothing: HostListing = {
  processes: [],
  families: [],
  mounts: [],
  networkNamespaces: [],
  interfaces: [],
  firewall: [],
  containers: [],
  volumes: [],
  networks: [],
  folders: [],
};

test("the same twice is no difference", () => {
  const listing = { ...nothing, processes: ["7 sleep"], firewall: ["-A INPUT -j ACCEPT"] };
  expect(differences(listing, listing)).toEqual({});
});

test("what came and what went are told, each by its kind and as often as it is there", () => {
  const before = { ...nothing, mounts: ["/a tmpfs"], volumes: ["theirs"] };
  const now = { ...nothing, mounts: ["/a tmpfs", "/a tmpfs"], volumes: [] };
  expect(differences(before, now)).toEqual({ mounts: ["+ /a tmpfs"], volumes: ["- theirs"] });
});

test("processes of families that were there before may come and go", () => {
  const before = { ...nothing, processes: ["7 make"], families: [7, 8] };
  expect(differences(before, { ...nothing, processes: ["8 node"] })).toEqual({});
  expect(differences(before, { ...nothing, processes: ["9 conmon"] })).toEqual({ processes: ["+ 9 conmon"] });
});

test("namespaces of the network may be gone, as they end with whoever made them, and none may stay", () => {
  const one = { ...nothing, networkNamespaces: ["net:[1]"] };
  expect(differences(one, nothing)).toEqual({});
  expect(differences(nothing, one)).toEqual({ networkNamespaces: ["+ net:[1]"] });
});

test("rules that podman left when its machine was cut off may go, and none may stay", () => {
  const rule = "-A POSTROUTING -j NETAVARK-HOSTPORT-MASQ";
  expect(differences({ ...nothing, firewall: [rule] }, nothing)).toEqual({});
  expect(differences(nothing, { ...nothing, firewall: [rule] })).toEqual({ firewall: [`+ ${rule}`] });
  expect(differences({ ...nothing, firewall: ["-A INPUT -j DROP"] }, nothing)).toEqual({ firewall: ["- -A INPUT -j DROP"] });
});

test("of what runs on the machine, what the tests of this checkout left is told from what others started", async () => {
  // Each outlives the shell that started it, as what a run leaves does.
  const leave = (seconds: number, cwd: string, variables: NodeJS.ProcessEnv) => {
    const env = { PATH: process.env.PATH, ...variables };
    const { stdout } = spawnSync("sh", ["-c", `sleep ${seconds} >&- 2>&- & echo $!`], { cwd, env });
    return Number(stdout.toString());
  };
  const test = { MESH_STACK: "local" };
  const watcher = { CONTAINERS_CONF: join(stateDir, "containers.conf") };
  const pids = [leave(61, projectDir, test), leave(62, "/", watcher), leave(63, "/", test), leave(64, projectDir, {})];
  try {
    const left = (await listProcesses()).filter(({ pid }) => pids.includes(pid));
    expect(Object.fromEntries(left.map(({ command, ours }) => [command, ours]))).toEqual({
      "sleep 61": true,
      "sleep 62": true,
      "sleep 63": false,
      "sleep 64": false,
    });
  } finally {
    for (const pid of pids) process.kill(pid, "SIGKILL");
  }
});
