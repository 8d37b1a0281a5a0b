import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { inotifyProblems } from "../../../cli/kind/inotify.ts";

let proc: string;

beforeEach(() => {
  proc = mkdtempSync(join(tmpdir(), "proc-"));
  mkdirSync(join(proc, "sys/fs/inotify"), { recursive: true });
  limit(128);
});

afterEach(() => rmSync(proc, { recursive: true, force: true }));

function limit(instances: number): void {
  writeFileSync(join(proc, "sys/fs/inotify/max_user_instances"), `${instances}\n`);
}

/** A process of a user's that has so many instances, and other files. */
function processWith(pid: number, uid: number, instances: number): void {
  mkdirSync(join(proc, String(pid), "fd"), { recursive: true });
  writeFileSync(join(proc, String(pid), "status"), `Name:\tx\nUid:\t${uid}\t${uid}\t${uid}\t${uid}\n`);
  for (let fd = 0; fd < instances; fd += 1) symlinkSync("anon_inode:inotify", join(proc, String(pid), "fd", String(fd)));
  symlinkSync("socket:[1]", join(proc, String(pid), "fd/1000"));
}

const problems = (nodes: number, uid = 0) => inotifyProblems(nodes, { proc, uid });

test("enough is left for three nodes beside three others", async () => {
  processWith(10, 0, 52);
  expect(await problems(3)).toEqual([]);
});

test("too few are left for a third cluster: the setting and what to type are named", async () => {
  processWith(10, 0, 60);
  processWith(11, 0, 44);
  expect(await problems(3)).toEqual([
    expect.stringMatching(
      /128 instances of inotify, of which 24 are left; 3 node\(s\) take about 54\..*sysctl -w fs\.inotify\.max_user_instances=512/,
    ),
  ]);
});

test("other users' count for themselves", async () => {
  processWith(10, 1000, 120);
  expect(await problems(3)).toEqual([]);
});

test("nodes that run already have theirs", async () => {
  processWith(10, 0, 128);
  expect(await problems(0)).toEqual([]);
  expect(await problems(1)).toHaveLength(1);
});

test("who is not root cannot count root's, and is not told anything", async () => {
  processWith(10, 0, 128);
  expect(await problems(3, 1000)).toEqual([]);
});

test("a kernel without the setting sets no limit that could be read", async () => {
  rmSync(join(proc, "sys"), { recursive: true });
  expect(await problems(3)).toEqual([]);
});
