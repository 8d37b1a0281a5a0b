import type { ServiceImage } from "../components/app/Microservice.ts";
import type { Config } from "../config.ts";
import { bundleFile, bundleOf, eachService, type ServiceName } from "../lib/bundle.ts";
import { type Image, imageName } from "../model/image.ts";
import { publishedImages } from "../model/versions.ts";
import { builtImage, isBuilt } from "./built.ts";
import { resolveCharts } from "./charts.ts";
import { mirrored, type Parts, redirected } from "./redirect.ts";
import type { PlatformImages, Sources } from "./Target.ts";

/** What decides where charts and images come from. */
export type SourcesConfig = Pick<Config, "sources" | "charts" | "images">;

/**
 * Resolves `mesh:sources`, `mesh:charts` and `mesh:images`, once, into what every component takes its charts and images
 * from: what is built here or published, then the registry for all, then what the stack says of a single one.
 */
export function resolveSources(config: SourcesConfig): Sources {
  return { charts: resolveCharts(config), images: resolveImages(config) };
}

function resolveImages(config: SourcesConfig): PlatformImages {
  const { node: _node, nodeRuntime, ...platform } = publishedImages;
  const names = Object.keys(platform) as (keyof typeof platform)[];
  const images = Object.fromEntries(names.map((name) => [name, resolveImage(config, name)]));
  return { ...(images as Record<keyof typeof platform, Image>), services: resolveServices(config, nodeRuntime) };
}

/** An image of the platform: what the stack says of it, what is built here, or the published one. */
export function resolveImage({ sources, images }: SourcesConfig, name: keyof typeof publishedImages): Image {
  const own = images[name];
  if (sources === "built" && !own && isBuilt(name)) return builtImage(name);
  return redirected(mirrored(publishedImages[name], images.registry), own);
}

function resolveServices(config: SourcesConfig, runtime: Image): PlatformImages["services"] {
  const service = (name: ServiceName): ServiceImage => {
    const own: Parts | undefined = config.images[name];
    if (own) return { reference: imageName(redirected(mirrored({ registry: "", repository: "" }, config.images.registry), own)) };
    if (config.sources === "built") return { reference: imageName(builtImage(name)) };
    const { registry } = config.images;
    return { reference: imageName(redirected(mirrored(runtime, registry), config.images.nodeRuntime)), program: program(name) };
  };
  return eachService(service);
}

function program(service: ServiceName): { file: string; content: string } {
  return { file: bundleFile, content: bundleOf(service) };
}
