import type { Image } from "../model/image.ts";

/** What a stack may say of an image; what it leaves out stays as it was. */
export type Parts = Partial<Image>;

/** The image in another registry, which has it under the same path. */
export function mirrored<T extends Image>(image: T, registry: string | undefined): T {
  return registry === undefined ? image : { ...image, registry };
}

/** The image with parts of it replaced. Another tag or digest means another content, so what said the content before goes. */
export function redirected(image: Image, { registry, repository, tag, digest }: Parts = {}): Image {
  const content = tag === undefined && digest === undefined ? image : { tag, digest };
  return {
    registry: registry ?? image.registry,
    repository: repository ?? image.repository,
    ...(content.tag !== undefined && { tag: content.tag }),
    ...(content.digest !== undefined && { digest: content.digest }),
  };
}
