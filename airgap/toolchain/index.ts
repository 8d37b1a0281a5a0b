import { existsSync } from "node:fs";
import { chmod, copyFile, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { projectDir } from "../../lib/paths.ts";
import type { Progress } from "../../lib/progress.ts";
import { moduleVersion } from "../inputs.ts";
import { type ToolchainPart, toolchainDir, toolchainParts } from "../names.ts";
import { type Detail, ensureFolder } from "../store/store.ts";
import { binaries, languageHost, linkerFlags } from "./binaries.ts";
import { ensureCharts } from "./charts.ts";
import { ensureDebianPackages } from "./debian.ts";
import { ensureEnvoy, ensureNode, envoyBinary } from "./downloads.ts";
import { Estimate, secondsFor } from "./estimate.ts";
import { airgapModule, build, moduleFolder } from "./go.ts";

/** The Go module of the language host, relative to the checkout. */
const languageHostModule = "airgap/languagehost";

/** The language host's part in building Pulumi. */
const languageHostShare = 0.1;

let packages: Promise<boolean> | undefined;
const parts = new Map<ToolchainPart, Promise<void>>();

/** Installs what is missing of Debian's packages, and tells whether anything was. Asked for several times in a run, it looks once. */
export function ensurePackages(progress: Progress): Promise<boolean> {
  packages ??= ensureDebianPackages(progress);
  return packages;
}

/** What a platform is deployed with. The tools are built when they are asked for. */
const deploying = ["cluster", "pulumi"] as const satisfies readonly ToolchainPart[];

/** The parts of the toolchain that a deployment would build. */
export const missingParts = () => deploying.filter((part) => !existsSync(toolchainDir(part)));

/** Whether what takes Go and Python is there. */
export const isBuilt = () => missingParts().length === 0 && existsSync(envoyBinary());

/** What each part of the toolchain is to a reader of progress. */
const titles: Readonly<Record<ToolchainPart, string>> = {
  cluster: "programs of the cluster, from Go modules",
  pulumi: "Pulumi and its plugins, from Go modules",
  tools: "helm and istioctl, from Go modules",
};

/**
 * Has a part of the toolchain ready, with what belongs to it and is no Go program: Envoy and Node.js with the cluster, Istio's charts
 * with Pulumi, whose program reads them. What is missing is built. Asked for several times in a run, it looks once.
 */
export function ensureToolchain(part: ToolchainPart, progress: Progress): Promise<void> {
  const known = parts.get(part);
  if (known) return known;
  const ensured = ensurePart(part, progress);
  parts.set(part, ensured);
  return ensured;
}

/** What belongs to a part beside its Go programs. */
const belongings: Readonly<Record<ToolchainPart, readonly ((progress: Progress) => Promise<unknown>)[]>> = {
  cluster: [ensureEnvoy, ensureNode],
  pulumi: [ensureCharts],
  tools: [],
};

async function ensurePart(part: ToolchainPart, progress: Progress): Promise<void> {
  // Envoy takes pip. Once that is built, only who builds images or runs nodes needs Debian's packages.
  if (part === "cluster" && !(existsSync(toolchainDir(part)) && existsSync(envoyBinary()))) await ensurePackages(progress);
  const fill = (temporary: string, detail: Detail) => buildPart(part, temporary, detail);
  const programs = ensureFolder(toolchainDir(part), titles[part], progress, fill);
  await Promise.all([programs, ...belongings[part].map((ensure) => ensure(progress))]);
}

async function buildPart(part: ToolchainPart, temporary: string, detail: Detail): Promise<void> {
  const folder = async (name: string) => {
    await mkdir(join(temporary, name));
    return join(temporary, name);
  };
  const built = await folder("built");
  const folders = { user: await folder("bin"), image: await folder("image-bin"), pulumi: await folder("plugins") };
  const estimate = new Estimate(secondsFor(part));
  const before = part === "pulumi" ? languageHostShare : 0;
  if (part === "pulumi") await addLanguageHost(folders.user, detail, (done) => estimate.say(done * before));
  const say = (text: string) => detail(/^module /.test(text) ? `${text}, ${estimate.say(before)}` : text);
  const sources = binaries[part].map((binary) => binary.package);
  const compiled = await build(sources, linkerFlags(), airgapModule, built, say, {
    estimate: (done) => estimate.say(before + done * (1 - before)),
    compiled: await compiledPackages(),
  });
  await writeFile(join(temporary, packageList), compiled.join("\n"));
  for (const { name, package: source, for: use } of binaries[part]) {
    await rename(join(built, outputName(source)), join(folders[use], name));
  }
  await rm(built, { recursive: true });
  if (part === "cluster") await copyBootstrap(await folder("share"));
}

/** The file in a part's folder that says which packages were compiled for it. */
const packageList = "packages.txt";

/** The packages of all parts that are there. */
async function compiledPackages(): Promise<Set<string>> {
  const files = toolchainParts.map((part) => join(toolchainDir(part), packageList));
  const lists = await Promise.all(files.map((file) => readFile(file, "utf8").catch(() => "")));
  return new Set(lists.flatMap((list) => list.split("\n")));
}

/** What Envoy starts with, as Istio's agent fills it in. */
async function copyBootstrap(folder: string): Promise<void> {
  const istio = await moduleFolder("istio.io/istio");
  await copyFile(join(istio, "tools/packaging/common/envoy_bootstrap.json"), join(folder, "envoy_bootstrap.json"));
}

async function addLanguageHost(bin: string, detail: Detail, estimate: (done: number) => string): Promise<void> {
  const version = moduleVersion("github.com/pulumi/pulumi/sdk/v3", languageHostModule);
  const stamp = `-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=${version}`;
  const module = join(projectDir, languageHostModule);
  await build([languageHost.package], stamp, module, bin, (text) => detail(`language host: ${text}`), { estimate });

  const sdk = await moduleFolder("github.com/pulumi/pulumi/sdk/v3");
  await copyFile(join(sdk, "nodejs/dist/pulumi-resource-pulumi-nodejs"), join(bin, "pulumi-resource-pulumi-nodejs"));
  await chmod(join(bin, "pulumi-resource-pulumi-nodejs"), 0o755);
}

/** What the go command calls the program of a package: the last element of its path that is not a major version. */
function outputName(source: string): string {
  const elements = source.split("/").filter((element) => !/^v\d+$/.test(element));
  return elements.at(-1) ?? source;
}
