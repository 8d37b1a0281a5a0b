import { existsSync, readFileSync, rmSync, statSync } from "node:fs";
import process from "node:process";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { silentProgress } from "../../lib/silentProgress.ts";
import { Folder } from "./support/folder.ts";

/*
 * The choice between published plugins and those built here, with a pulumi that only writes down what it was asked. The cache is
 * another, so the modules are imported after it was named.
 */

const before = process.env.XDG_CACHE_HOME;
const cache = new Folder();
let home: Folder;
let ensurePlugins: typeof import("../../../airgap/toolchain/plugins.ts").ensurePlugins;

beforeAll(async () => {
  process.env.XDG_CACHE_HOME = cache.path;
  ({ ensurePlugins } = await import("../../../airgap/toolchain/plugins.ts"));
});
afterAll(() => {
  if (before === undefined) delete process.env.XDG_CACHE_HOME;
  else process.env.XDG_CACHE_HOME = before;
  cache.remove();
});
beforeEach(() => {
  home = new Folder();
});
afterEach(() => {
  home.remove();
  rmSync(cache.at("asked"), { force: true });
});

/** A pulumi that can, or cannot, download plugins; installing a file always works. */
async function givenPulumi(downloads: boolean): Promise<void> {
  const { toolchainBin } = await import("../../../airgap/names.ts");
  const bin = toolchainBin("pulumi").slice(cache.path.length + 1);
  cache.program(
    "pulumi",
    `echo "$PULUMI_HOME $*" >> ${cache.at("asked")}; case "$*" in *--file*) ;; *) ${downloads} ;; esac`,
    bin,
  );
}

const asked = () => (existsSync(cache.at("asked")) ? readFileSync(cache.at("asked"), "utf8").trim().split("\n") : []);

describe("the plugins", () => {
  test("are the published ones where they can be had, in the user's own home", async () => {
    await givenPulumi(true);
    expect(await ensurePlugins(silentProgress, home.at("home"))).toBe("published");
    expect(asked()).toHaveLength(2);
    expect(asked().some((line) => line.includes("--file") || line.startsWith(home.path))).toBe(false);
    expect(existsSync(home.at("home"))).toBe(false);
  });

  test("are those built here otherwise, which go into the given home alone; the next run asks nobody", async () => {
    await givenPulumi(false);
    expect(await ensurePlugins(silentProgress, home.at("home"))).toBe("built");
    const installed = asked().filter((line) => line.includes("--file"));
    expect(installed.map((line) => line.split(" ")[0])).toEqual([home.at("home"), home.at("home")]);
    expect(installed[0]).toMatch(/plugin install resource kubernetes \d+\.\d+\.\d+ /);

    // Where that is no folder, Pulumi writes no log of each command.
    expect(statSync(home.at("home/logs")).isFile()).toBe(true);

    const before = asked().length;
    expect(await ensurePlugins(silentProgress, home.at("home"))).toBe("built");
    expect(asked()).toHaveLength(before);
  });
});
