import type { z } from "zod";
import { addIssue, message, strictObject, text } from "./rules.ts";

/** A container image in its parts, as charts want them and as a mirror replaces them. */
export interface Image {
  /** Host of the registry, with its port where it has one. */
  readonly registry: string;
  /** Path in the registry. */
  readonly repository: string;
  readonly tag?: string;
  /** `sha256:…`; decides, where there is one. */
  readonly digest?: string;
}

/** The image as a pod names it. */
export function imageName({ registry, repository, tag, digest }: Image): string {
  return `${registry}/${repository}${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`;
}

/** The host of a registry. */
export const registry = () =>
  text(
    /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*(:(?!0)\d{1,5})?$/,
    "the host of a registry, with its port where it has one, such as mirror.example.com:5000",
  ).refine(
    (given) => Number(/:(\d{1,5})$/.exec(given)?.[1] ?? 1) <= 65_535,
    message("the host of a registry, with a port from 1 to 65535 where it has one"),
  );

/** Where an image is, in parts that each may be left out. */
export const imageLocation = {
  registry: registry().exactOptional(),
  repository: text(/^[a-z0-9]+((\.|_|__|-+|\/)[a-z0-9]+)*$/, "the path of an image in its registry, such as library/node")
    .max(180, message("the path of an image in its registry, at most 180 long"))
    .exactOptional(),
  tag: text(/^\w[\w.-]{0,127}$/, "a tag such as 1.2.3").exactOptional(),
};

const digest = text(/^sha256:[0-9a-f]{64}$/, "sha256: and 64 hexadecimal digits, in lower case");

/** What a stack may say of an image; what it leaves out stays as it was. */
export const imageOverride = strictObject({ ...imageLocation, digest: digest.exactOptional() });
export type ImageOverride = z.output<typeof imageOverride>;

/** The image in another registry, which has it under the same path. */
export function mirrored<T extends Partial<Image>>(image: T, registry: string | undefined): T {
  return registry === undefined ? image : { ...image, registry };
}

/** The image with parts of it replaced. Another tag or digest means another content, so both go where one is given. */
export function redirected<T extends Partial<Image>>(image: T, override: ImageOverride = {}): T {
  const { tag, digest, ...location } = image;
  const content = override.tag === undefined && override.digest === undefined ? { tag, digest } : {};
  const known = Object.fromEntries(Object.entries(content).filter(([, value]) => value !== undefined));
  return { ...location, ...known, ...override } as unknown as T;
}

/**
 * The image of a service: in a registry (`registry`, `repository`, and `tag` or `digest`), or a program of this repository (`source`,
 * the path of its TypeScript file), which Node.js runs. A program becomes an image of its own where images are built, and elsewhere
 * runs from a ConfigMap on the public image of Node.js. With both, the registry's is used: so a stack redirects a program.
 */
export const serviceImage = strictObject({
  ...imageLocation,
  digest: digest.exactOptional(),
  source: text(
    /^apps\/([a-z0-9][a-z0-9_-]*\/)+[\w-]+\.ts$/,
    "the path of a TypeScript file below apps/, such as apps/shop/frontend/server.ts",
  ).exactOptional(),
}).superRefine(({ source, ...image }, ctx) => {
  if (source === undefined || Object.values(image).some((part) => part !== undefined)) requireWhole(image, ctx);
});
export type ServiceImageSource = z.output<typeof serviceImage>;

/** The image of one version: what it leaves out is as the service has it. */
export const versionImage = strictObject(serviceImage.shape);

/** A version's image: the service's with parts of it replaced, such as its tag; or another program. */
export function imageOfVersion(
  { source, ...inRegistry }: ServiceImageSource,
  own: z.output<typeof versionImage> | undefined,
): ServiceImageSource {
  if (own === undefined) return { ...(source !== undefined && { source }), ...inRegistry };
  const { source: program, ...location } = own;
  if (program !== undefined) return own;
  return redirected(inRegistry, location);
}

/** The program of this repository that an image is; undefined of one that has a place in a registry, whatever else it says. */
export function sourceOf({ source, ...inRegistry }: ServiceImageSource): string | undefined {
  return Object.keys(inRegistry).length === 0 ? source : undefined;
}

/** An image in a registry says where it is, and which one. */
export function requireWhole(
  { registry, repository, tag, digest }: Partial<Image>,
  ctx: z.core.$RefinementCtx,
  at: readonly PropertyKey[] = [],
): void {
  if (repository === undefined) addIssue(ctx, [...at, "repository"], "the path of the image in its registry");
  if (registry === undefined)
    addIssue(ctx, [...at, "registry"], "the host of the image's registry, or mesh:images.registry for all");
  if (tag === undefined && digest === undefined) addIssue(ctx, [...at, "tag"], "a tag or a digest");
}

/** What a container runs. */
export interface ServiceImage {
  readonly reference: string;
  /** A single-file program for an image that holds only the runtime: `node` runs it from there. */
  readonly program?: { readonly file: string; readonly content: string };
}

/** An image that a registry has, whole. */
export const registryImage = strictObject({ ...imageLocation, digest: digest.exactOptional() })
  .superRefine(requireWhole)
  .transform((given) => given as Image);
