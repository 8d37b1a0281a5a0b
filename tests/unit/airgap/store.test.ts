import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ensureFolder } from "../../../airgap/store/store.ts";
import { withLock } from "../../../lib/lock.ts";
import { messageOf } from "../../../lib/messages.ts";
import { projectDir } from "../../../lib/paths.ts";
import { silentProgress } from "../../lib/silentProgress.ts";
import { Folder } from "./support/folder.ts";

let folder: Folder;
beforeEach(() => {
  folder = new Folder();
});
afterEach(() => folder.remove());

const fill = (content: string) => (temporary: string) => writeFile(join(temporary, "file"), content);

describe("a folder of the cache", () => {
  test("is made once, however many ask for it at the same time", async () => {
    let made = 0;
    const ask = () =>
      ensureFolder(folder.at("key"), "test", silentProgress, async (temporary) => {
        made += 1;
        await fill("content")(temporary);
      });
    expect((await Promise.all([ask(), ask(), ask()])).filter(Boolean)).toHaveLength(1);
    expect(await ask()).toBe(false);
    expect(made).toBe(1);
    expect(readdirSync(folder.path)).toEqual(["key"]);
  });

  test("is not there after a failure, nor is anything else, and can be made by the next", async () => {
    const failing = ensureFolder(folder.at("key"), "test", silentProgress, async (temporary) => {
      await fill("half")(temporary);
      throw new Error("broke");
    });
    await expect(failing).rejects.toThrow("broke");
    expect(readdirSync(folder.path)).toEqual([]);
    expect(await ensureFolder(folder.at("key"), "test", silentProgress, fill("whole"))).toBe(true);
  });

  test("takes the place of what a killed run has left, and of nothing else", async () => {
    mkdirSync(folder.at("key.tmp-4242"));
    mkdirSync(folder.at("other.tmp-4242"));
    await ensureFolder(folder.at("key"), "test", silentProgress, fill("content"));
    expect(readdirSync(folder.path).sort()).toEqual(["key", "other.tmp-4242"]);
  });

  test.each([
    ["a file that was cut short", () => writeFileSync(folder.at("key/below/file"), "who"), "below/file is damaged"],
    ["a file that is gone", () => rmSync(folder.at("key/below/file")), "below/file is missing"],
    ["a record that was cut short", () => writeFileSync(folder.at("key/.contents.json"), '{"fi'), ".contents.json is damaged"],
  ])("with %s is made again, which is said", async (_how, damage, said) => {
    const whole = async (temporary: string) => {
      mkdirSync(join(temporary, "below"));
      await fill("whole")(join(temporary, "below"));
    };
    const notes: string[] = [];
    const progress = { ...silentProgress, note: (text: string) => void notes.push(text) };
    const ask = () => ensureFolder(folder.at("key"), "test", progress, whole);
    expect(await ask()).toBe(true);
    expect(await ask()).toBe(false);
    damage();
    expect(await ask()).toBe(true);
    expect(readFileSync(folder.at("key/below/file"), "utf8")).toBe("whole");
    expect(notes).toEqual([`test: ${said} in the cache, so it is made again.`]);
    expect(readdirSync(folder.path)).toEqual(["key"]);
  });

  test("serves where it can only be read", async () => {
    await ensureFolder(folder.at("key"), "test", silentProgress, fill("content"));
    const mount = (...args: string[]) => spawnSync("mount", args).status === 0;
    // Root alone can make one.
    if (!mount("--bind", "--options", "ro", folder.path, folder.path)) return;
    try {
      expect(await ensureFolder(folder.at("key"), "test", silentProgress, fill("content"))).toBe(false);
      const made = ensureFolder(folder.at("other"), "test", silentProgress, fill("content"));
      expect(messageOf(await made.catch((error) => error))).toMatch(
        /^The machine refused `mkdir` of .*read-only.*XDG_CACHE_HOME/,
      );
    } finally {
      spawnSync("umount", [folder.path]);
    }
  });

  test("stays as long as it is asked for, and goes when it was not for weeks", async () => {
    const longAgo = new Date(Date.now() - 30 * 24 * 60 * 60 * 1000);
    for (const name of ["asked", "forgotten"]) {
      mkdirSync(folder.at(name));
      utimesSync(folder.at(name), longAgo, longAgo);
    }
    await ensureFolder(folder.at("asked"), "test", silentProgress, fill("again"));
    await ensureFolder(folder.at("new"), "test", silentProgress, fill("content"));
    expect(readdirSync(folder.path).sort()).toEqual(["asked", "new"]);
  });
});

describe("the lock", () => {
  test("of a process that was killed is free at once", async () => {
    const name = folder.at("lock");
    const holder = holdInAnotherProcess(name);
    await once(holder.stdout, "data");
    let waited = false;
    const taken = withLock(
      name,
      () => {
        waited = true;
      },
      async () => "taken",
    );
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(waited).toBe(true);
    holder.kill("SIGKILL");
    await expect(taken).resolves.toBe("taken");
  });

  test("is given back when the work fails", async () => {
    const name = folder.at("lock");
    await expect(
      withLock(
        name,
        () => {},
        () => Promise.reject(new Error("broke")),
      ),
    ).rejects.toThrow("broke");
    await expect(
      withLock(
        name,
        () => {},
        async () => "free",
      ),
    ).resolves.toBe("free");
  });
});

/** A process that takes the lock, says so, and holds it until it is killed. */
function holdInAnotherProcess(name: string) {
  const script = folder.at("hold.mjs");
  const module = join(projectDir, "lib/lock.ts");
  writeFileSync(
    script,
    `import { withLock } from ${JSON.stringify(module)};
     withLock(${JSON.stringify(name)}, () => {}, () => new Promise(() => { console.log("held"); setInterval(() => {}, 1000); }));`,
  );
  expect(existsSync(module)).toBe(true);
  const tsx = join(projectDir, "node_modules/tsx/dist/loader.mjs");
  return spawn(process.execPath, ["--import", tsx, script], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, NODE_OPTIONS: "" },
  });
}
