import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Progress } from "../../../lib/progress.ts";
import { silentProgress } from "../../lib/silentProgress.ts";
import { Folder } from "./support/folder.ts";

/*
 * What is built for whom, by a go that writes down what it was asked for and makes empty programs. The cache is another, so the modules
 * are imported after it was named.
 */

const before = { cache: process.env.XDG_CACHE_HOME, path: process.env.PATH };
const folder = new Folder();
let ensureToolchain: typeof import("../../../airgap/toolchain/index.ts").ensureToolchain;
let { toolchainBin, pluginDir }: Pick<typeof import("../../../airgap/names.ts"), "toolchainBin" | "pluginDir"> = {} as never;

/** A program's name is the last element of its path that is no version. */
const go = `echo "$*" >> ${folder.at("asked")}
case "$*" in
  *{{.Dir}}*) echo ${folder.at("module")} ;;
  list*) echo package ;;
  build*)
    while [ "$1" != -o ]; do shift; done
    out=$2
    shift 2
    for package; do touch "$out/$(echo "$package" | sed 's,/v[0-9]*$,,; s,.*/,,')"; done ;;
esac`;

beforeAll(async () => {
  process.env.XDG_CACHE_HOME = folder.path;
  process.env.PATH = folder.program("go", go);
  folder.program("pulumi-resource-pulumi-nodejs", "", "module/nodejs/dist");
  for (const chart of ["base", "istio-control/istio-discovery", "gateway", "istio-cni"]) {
    folder.program("Chart.yaml", "", join("module/manifests/charts", chart));
  }
  ({ ensureToolchain } = await import("../../../airgap/toolchain/index.ts"));
  ({ toolchainBin, pluginDir } = await import("../../../airgap/names.ts"));
});
afterAll(() => {
  if (before.cache === undefined) delete process.env.XDG_CACHE_HOME;
  else process.env.XDG_CACHE_HOME = before.cache;
  process.env.PATH = before.path;
  folder.remove();
});

/** The packages of each build. */
const built = () =>
  readFileSync(folder.at("asked"), "utf8")
    .split("\n")
    .flatMap((line) => (line.startsWith("build ") ? [line.replace(/^.* -o \S+ /, "")] : []));

test("compilers collect no garbage only where half of the memory is a gigabyte for each of them", async () => {
  const { collection } = await import("../../../airgap/toolchain/go.ts");
  expect(collection(4 * 2 ** 30, 2)).toEqual({ GOGC: "off", GOMEMLIMIT: "1073741824" });
  expect(collection(4 * 2 ** 30, 4)).toEqual({ GOGC: "100" });
});

describe("of the toolchain", () => {
  test("what people run is built by itself, once, however many ask for it", async () => {
    const steps: string[] = [];
    const progress: Progress = {
      step: (title, work) => {
        steps.push(title);
        return work(() => {});
      },
      note: () => {},
    };
    await Promise.all([ensureToolchain("tools", progress), ensureToolchain("tools", progress)]);
    await ensureToolchain("tools", progress);
    // Who asks second is not told that another run is at it.
    expect(steps).toEqual(["helm and istioctl, from Go modules"]);
    expect(built()).toEqual(["helm.sh/helm/v3/cmd/helm istio.io/istio/istioctl/cmd/istioctl"]);
    for (const name of ["helm", "istioctl"]) expect(existsSync(join(toolchainBin("tools"), name))).toBe(true);
  });

  test("Pulumi is built without anything that a cluster runs, and so a preview waits for nothing else", async () => {
    await ensureToolchain("pulumi", silentProgress);
    expect(built().slice(1)).toEqual([
      "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs",
      "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi ./provider/cmd/pulumi-resource-kubernetes ./provider/cmd/pulumi-resource-random",
    ]);
    expect(readdirSync(pluginDir())).toEqual(["pulumi-resource-kubernetes", "pulumi-resource-random"]);
    for (const name of ["pulumi", "pulumi-language-nodejs"]) expect(existsSync(join(toolchainBin("pulumi"), name))).toBe(true);
  });
});
