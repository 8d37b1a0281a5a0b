import { readFileSync } from "node:fs";
import { join } from "node:path";
import { cacheDir, projectDir } from "../lib/paths.ts";
import { keyOf, moduleVersion } from "./inputs.ts";
import { pins } from "./pins.ts";

/*
 * What built things are called, computed from their sources alone and without building: a Pulumi program can name an
 * image at preview, and two checkouts with the same sources share one build.
 */

/** Istio's images. */
export const istioImages = ["pilot", "proxyv2", "install-cni"] as const;

/** Every image that is built here whatever the applications are, in the order in which they are built. */
export const platformImages = [...istioImages, "postgresql", "fortio"] as const;
export type PlatformImage = (typeof platformImages)[number];

/** An image to build: one of the platform's own, or a program for Node.js, as one file, on the Node.js runtime. */
export type BuiltImage = { readonly name: PlatformImage } | { readonly name: string; readonly program: string };

/** A Helm chart of Istio, from the Istio module. */
export type Chart = "base" | "istiod" | "gateway" | "cni";

/** Registry of the images. It is no host's name, so none of them is ever pulled by mistake. */
const imageRegistry = "localhost";
/** Folder of the images in the registry. */
const imageFolder = "mesh";

/** Registry and folder of the images. */
export const imageHub = `${imageRegistry}/${imageFolder}`;

/**
 * The toolchain in parts, each built when it is first needed: what nodes and pods run and what makes the cluster; Pulumi, which is
 * needed when the cluster is there; and what only people run.
 */
export const toolchainParts = ["cluster", "pulumi", "tools"] as const;
export type ToolchainPart = (typeof toolchainParts)[number];

/** What decides the Go programs of a part. How they are run does not matter, so the rest of this folder is no part of it. */
const toolchainSources = (part: ToolchainPart) => [
  "airgap/go.mod",
  "airgap/go.sum",
  "airgap/toolchain/binaries.ts",
  ...{ cluster: ["airgap/cmd"], pulumi: ["airgap/languagehost", "airgap/provider"], tools: [] }[part],
];

/** What decides the bytes of an image besides its binaries. */
const imageSources = ["airgap/images", "airgap/pins.ts", "lib/oci.ts", "lib/tar.ts", "lib/tree.ts"];

const keys = {
  cluster: once(() => keyOf(toolchainSources("cluster"))),
  pulumi: once(() => keyOf(toolchainSources("pulumi"))),
  tools: once(() => keyOf(toolchainSources("tools"))),
};

/** Key of a part of the toolchain. */
export const toolchainKey = (part: ToolchainPart): string => keys[part]();

/** The Kubernetes version of the nodes. */
export const kubernetesVersion = once(() => moduleVersion("k8s.io/kubernetes"));

/** The version Istio reports, and that of its charts: a release under way, with the commit it was built from. */
export const istioVersion = once(() => {
  const commit = moduleVersion("istio.io/istio").split("-").at(-1);
  return `${pins.istioRelease}-${commit}`;
});

/** One tag for all Istio images, as Istio's charts know one hub and one tag. */
export const istioTag = once(() => `${pins.istioRelease}-${keyOf(imageSources, toolchainKey("cluster"))}`);

/** An image in its parts. */
export interface ImageReference {
  readonly registry: string;
  readonly repository: string;
  readonly tag: string;
}

/** What an image is called; the tag changes with any of its inputs. */
export function imageReference(image: BuiltImage): ImageReference {
  return { registry: imageRegistry, repository: `${imageFolder}/${image.name}`, tag: tagOf(image) };
}

/** The same in one word, as pods and nodes name it. */
export function fullName({ registry, repository, tag }: ImageReference): string {
  return `${registry}/${repository}:${tag}`;
}

function tagOf(image: BuiltImage): string {
  // The program decides, so that a changed package changes the image as a changed source does.
  if ("program" in image) return `${projectVersion()}-${keyOf(imageSources, image.program)}`;
  if (image.name === "postgresql") return postgresqlTag();
  return image.name === "fortio" ? fortioTag() : istioTag();
}

/** Name of node images, whatever they were made from. */
export const nodeImageName = `${imageHub}/kind-node`;

/** The kind node image in podman's storage, which has the platform's images inside. */
export const nodeImageReference = once(() => {
  const key = keyOf([...imageSources, "airgap/node"], toolchainKey("cluster"));
  return `${nodeImageName}:${kubernetesVersion()}-${key}`;
});

/** Folder of the unpacked chart. */
export function chartPath(chart: Chart): string {
  return join(chartsDir(), chart);
}

/** Folder of all charts, keyed by what writes them, so that an unrelated module's update does not look like a new chart. */
export const chartsDir = once(() => join(cacheDir, "charts", `${istioVersion()}-${keyOf(["airgap/toolchain/charts.ts"])}`));

/** Folder of a part of the toolchain. */
export const toolchainDir = (part: ToolchainPart) => join(cacheDir, "toolchain", `${part}-${toolchainKey(part)}`);

/** Folder of those programs of a part that people run too. */
export const toolchainBin = (part: ToolchainPart) => join(toolchainDir(part), "bin");

/** Folder of the programs that go into images alone. */
export const imageBinDir = () => join(toolchainDir("cluster"), "image-bin");

/** Folder of the compact provider plugins. */
export const pluginDir = () => join(toolchainDir("pulumi"), "plugins");

/** Folder of the files that images take out of Go modules. */
export const shareDir = () => join(toolchainDir("cluster"), "share");

/** The folders that a PATH needs for kind and kubectl, pulumi and its language host, and helm and istioctl. */
export const toolchainPath = (): string[] => toolchainParts.map(toolchainBin);

const projectVersion = once(() => {
  const { version } = JSON.parse(readFileSync(join(projectDir, "package.json"), "utf8")) as { version: string };
  return version;
});

const postgresqlTag = once(() => `${pins.postgresql}-${keyOf(imageSources)}`);

const fortioTag = once(() => `${moduleVersion("fortio.org/fortio").slice(1)}-${keyOf(imageSources, toolchainKey("cluster"))}`);

/** Reads the sources once in a process: they do not change under a running command. */
function once(compute: () => string): () => string {
  let value: string | undefined;
  return () => {
    value ??= compute();
    return value;
  };
}
