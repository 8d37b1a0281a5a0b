import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type BuiltImage, imageReference, istioImages, type PlatformImage, platformImages } from "../airgap/names.ts";
import type { Config } from "../config.ts";
import { bundleFile, bundleOf } from "../lib/bundle.ts";
import { projectDir } from "../lib/paths.ts";
import { type ApplicationSpec, type DeclaredApplication, ownWorkloads, programsOf } from "../model/application.ts";
import type { Files, ReadFiles } from "../model/container.ts";
import {
  type Image,
  imageName,
  mirrored,
  redirected,
  type ServiceImage,
  type ServiceImageSource,
  sourceOf,
} from "../model/image.ts";
import type { PodSettings } from "../model/program.ts";
import { type PlatformImages, publishedImages } from "../model/versions.ts";

/** What decides where images come from. */
export type ImagesConfig = Pick<Config, "sources" | "images">;

/**
 * Resolves `mesh:sources` and `mesh:images` into the platform's images: what is built here or published, then the registry for all,
 * then what the stack says of a single one.
 */
export function resolveImages(config: ImagesConfig): PlatformImages {
  const { node: _node, nodeRuntime: _runtime, ...platform } = publishedImages;
  const names = Object.keys(platform) as (keyof typeof platform)[];
  return Object.fromEntries(names.map((name) => [name, resolveImage(config, name)])) as unknown as PlatformImages;
}

/** An image of the platform: what the stack says of it, what is built here, or the published one. */
export function resolveImage({ sources, images }: ImagesConfig, name: keyof typeof publishedImages): Image {
  const own = images[name];
  if (sources === "built" && !own && isPlatformImage(name)) return imageReference({ name });
  return redirected<Image>(mirrored<Image>(publishedImages[name], images.registry), own);
}

function isPlatformImage(name: string): name is PlatformImage {
  return (platformImages as readonly string[]).includes(name);
}

/** Applications with their images resolved: databases and load generators without one of their own run the platform's. */
export function resolveApplications(applications: readonly DeclaredApplication[], config: ImagesConfig): ApplicationSpec[] {
  const { postgresql, fortio } = resolveImages(config);
  const resolved = <P extends { readonly image: ServiceImageSource }>(program: P) => ({
    ...program,
    image: resolveService(program.image, config),
  });
  const pods = ({ container, initContainers = [] }: PodSettings<ServiceImageSource, Files>) => ({
    container: { ...container, files: readFiles(container.files) },
    initContainers: initContainers.map(resolved),
  });
  return applications.map(({ services, workers = [], jobs = [], databases = [], loadGenerators = [], ...application }) => ({
    ...application,
    services: services.map((service) => ({ ...service, ...pods(service), versions: service.versions.map(resolved) })),
    workers: workers.map((worker) => ({ ...worker, ...pods(worker), versions: worker.versions.map(resolved) })),
    jobs: jobs.map((job) => ({ ...job, ...pods(job), program: resolved(job.program) })),
    databases: databases.map(({ image = postgresql, ...database }) => ({ ...database, image })),
    loadGenerators: loadGenerators.map(({ image = fortio, ...load }) => ({ ...load, image })),
  }));
}

/** The files of a container, those of this repository read. */
function readFiles(files: Files): ReadFiles {
  const read = (file: Files[string]): ReadFiles[string] =>
    typeof file === "object" && "source" in file ? readFileSync(join(projectDir, file.source), "utf8") : file;
  return Object.fromEntries(Object.entries(files).map(([path, file]) => [path, read(file)]));
}

function resolveService(image: ServiceImageSource, config: ImagesConfig): ServiceImage {
  const { source, ...inRegistry } = image;
  if (inRegistry.repository !== undefined) return { reference: imageName(inRegistry as Image) };
  if (source === undefined) throw new Error("an image without a repository and without a source");
  if (config.sources === "built") return { reference: imageName(imageReference(builtProgram(source))) };
  return { reference: imageName(resolveImage(config, "nodeRuntime")), program: { file: bundleFile, content: bundleOf(source) } };
}

/** The image that is built of a program, named after its folder. */
export function builtProgram(source: string): BuiltImage {
  return { name: basename(dirname(source)), program: bundleOf(source) };
}

/** The images that are built here and that the nodes cannot pull: all that the stack does not take from elsewhere. */
export function imagesToLoad({ sources, images }: ImagesConfig, applications: readonly DeclaredApplication[]): BuiltImage[] {
  if (sources === "published") return [];
  const programs = applications.flatMap(ownWorkloads).flatMap(programsOf);
  const sourcesOfPrograms = programs.flatMap(({ image }) => sourceOf(image) ?? []);
  const [istio, others] = [istioImages, platformImages.filter((name) => !(istioImages as readonly string[]).includes(name))];
  const platform = (names: readonly PlatformImage[]) => names.map((name) => ({ name }));
  return [
    ...(images.istio ? [] : platform(istio)),
    ...[...new Set(sourcesOfPrograms)].map(builtProgram),
    ...platform(others.filter((name) => !images[name as keyof typeof images])),
  ];
}
