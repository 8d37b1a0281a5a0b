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

/** What decides the Go binaries. How they are run does not matter, so the rest of this folder is no part of it. */
const toolchainSources = ["airgap/go.mod", "airgap/go.sum", "airgap/cmd", "airgap/languagehost", "airgap/toolchain/binaries.ts"];

/** What decides the bytes of an image besides its binaries. */
const imageSources = ["airgap/images", "airgap/pins.ts", "lib/tar.ts", "lib/tree.ts"];

/** Key of the Go toolchain. */
export const toolchainKey = once(() => keyOf(toolchainSources));

/** The Kubernetes version of the nodes. */
export const kubernetesVersion = once(() => moduleVersion("k8s.io/kubernetes"));

/** The version Istio reports, and that of its charts: a release under way, with the commit it was built from. */
export const istioVersion = once(() => {
  const commit = moduleVersion("istio.io/istio").split("-").at(-1);
  return `${pins.istioRelease}-${commit}`;
});

/** One tag for all Istio images, as Istio's charts know one hub and one tag. */
export const istioTag = once(() => `${pins.istioRelease}-${keyOf(imageSources, toolchainKey())}`);

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

/** The kind node image in podman's storage. */
export const nodeImageReference = once(() => {
  const key = keyOf([...imageSources, "airgap/node"], toolchainKey());
  return `${imageHub}/kind-node:${kubernetesVersion()}-${key}`;
});

/** Folder of the unpacked chart. */
export function chartPath(chart: Chart): string {
  return join(chartsDir(), chart);
}

/** Folder of all charts, keyed by what writes them, so that an unrelated module's update does not look like a new chart. */
export const chartsDir = once(() => join(cacheDir, "charts", `${istioVersion()}-${keyOf(["airgap/toolchain/charts.ts"])}`));

/** Folder of the toolchain that {@link toolchainKey} names. */
export const toolchainDir = once(() => join(cacheDir, "toolchain", toolchainKey()));

/** Folder of the programs a user runs: pulumi and its language host, kind, kubectl, helm, istioctl. */
export function toolchainBin(): string {
  return join(toolchainDir(), "bin");
}

const projectVersion = once(() => {
  const { version } = JSON.parse(readFileSync(join(projectDir, "package.json"), "utf8")) as { version: string };
  return version;
});

const postgresqlTag = once(() => `${pins.postgresql}-${keyOf(imageSources)}`);

const fortioTag = once(() => `${moduleVersion("fortio.org/fortio").slice(1)}-${keyOf(imageSources, toolchainKey())}`);

/** Reads the sources once in a process: they do not change under a running command. */
function once(compute: () => string): () => string {
  let value: string | undefined;
  return () => {
    value ??= compute();
    return value;
  };
}
