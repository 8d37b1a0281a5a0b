import { existsSync } from "node:fs";
import { chmod, copyFile, mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { projectDir } from "../../lib/paths.ts";
import type { Progress } from "../../lib/progress.ts";
import { moduleVersion } from "../inputs.ts";
import { toolchainBin, toolchainDir } from "../names.ts";
import { type Detail, ensureFolder } from "../store/store.ts";
import { binaries, languageHost, linkerFlags } from "./binaries.ts";
import { ensureCharts } from "./charts.ts";
import { ensureDebianPackages } from "./debian.ts";
import { ensureEnvoy, ensureNode, envoyBinary } from "./downloads.ts";
import { announcement, Estimate, toolchainSeconds } from "./estimate.ts";
import { airgapModule, build, moduleFolder } from "./go.ts";

/** Folders with everything that `sources: built` needs before the first image. */
export interface Toolchain {
  /** Programs for people: pulumi, pulumi-language-nodejs, pulumi-resource-pulumi-nodejs, kind, kubectl, helm, istioctl. */
  readonly bin: string;
  /** Programs that go into images alone. */
  readonly imageBin: string;
  /** Istio's charts, one folder each. */
  readonly charts: string;
}

/** The Go module of the language host, relative to the checkout. */
const languageHostModule = "airgap/languagehost";

/** The language host's part in building all programs. */
const languageHostShare = 0.05;

let packages: Promise<boolean> | undefined;

/** Installs what is missing of Debian's packages, and tells whether anything was. Asked for several times in a run, it looks once. */
export function ensurePackages(progress: Progress): Promise<boolean> {
  packages ??= ensureDebianPackages(progress);
  return packages;
}

/** Whether what takes Go and Python is there. */
export const isBuilt = () => existsSync(toolchainDir()) && existsSync(envoyBinary());

/** Has the Go programs, Istio's charts, Envoy and the Node.js runtime ready, building what is missing. */
export async function ensureToolchain(progress: Progress): Promise<Toolchain> {
  // Once that is built, only who builds images or runs nodes needs them.
  if (!isBuilt()) await ensurePackages(progress);
  if (!existsSync(toolchainDir())) progress.note(announcement());
  await ensureFolder(toolchainDir(), `toolchain of ${binaries.length + 1} programs from Go modules`, progress, buildToolchain);
  await ensureEnvoy(progress);
  await ensureNode(progress);
  return { bin: toolchainBin(), imageBin: imageBinDir(), charts: await ensureCharts(progress) };
}

/** Folder of the programs for images. */
export const imageBinDir = () => join(toolchainDir(), "image-bin");

/** Folder of the files that images take out of Go modules. */
export const shareDir = () => join(toolchainDir(), "share");

async function buildToolchain(temporary: string, detail: Detail): Promise<void> {
  const folder = async (name: string) => {
    await mkdir(join(temporary, name));
    return join(temporary, name);
  };
  const built = await folder("built");
  const bin = await folder("bin");
  const imageBin = await folder("image-bin");
  const share = await folder("share");
  const packages = binaries.map((binary) => binary.package);
  const estimate = new Estimate(toolchainSeconds());
  const say = (text: string) => detail(/^module /.test(text) ? `${text}, ${estimate.say(0)}` : text);
  await build(packages, linkerFlags(), airgapModule, built, say, (done) => estimate.say(done * (1 - languageHostShare)));
  for (const { name, package: source, for: use } of binaries) {
    await rename(join(built, outputName(source)), join(use === "user" ? bin : imageBin, name));
  }
  await rm(built, { recursive: true });

  const version = moduleVersion("github.com/pulumi/pulumi/sdk/v3", languageHostModule);
  const stamp = `-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=${version}`;
  await build(
    [languageHost.package],
    stamp,
    join(projectDir, languageHostModule),
    bin,
    (text) => detail(`language host: ${text}`),
    (done) => estimate.say(1 - languageHostShare * (1 - done)),
  );

  const sdk = await moduleFolder("github.com/pulumi/pulumi/sdk/v3");
  await copyFile(join(sdk, "nodejs/dist/pulumi-resource-pulumi-nodejs"), join(bin, "pulumi-resource-pulumi-nodejs"));
  await chmod(join(bin, "pulumi-resource-pulumi-nodejs"), 0o755);
  const istio = await moduleFolder("istio.io/istio");
  await copyFile(join(istio, "tools/packaging/common/envoy_bootstrap.json"), join(share, "envoy_bootstrap.json"));
}

/** What the go command calls the program of a package: the last element of its path that is not a major version. */
function outputName(source: string): string {
  const elements = source.split("/").filter((element) => !/^v\d+$/.test(element));
  return elements.at(-1) ?? source;
}
