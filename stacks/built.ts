import { type BuiltImage, builtImages, imageReference } from "../airgap/names.ts";
import type { Image } from "../model/image.ts";

/** Whether airgap/ makes an image of this name. */
export function isBuilt(name: string): name is BuiltImage {
  return (builtImages as readonly string[]).includes(name);
}

/** An image that airgap/ makes, as nodes have it in their own storage. */
export function builtImage(name: string): Image {
  if (!isBuilt(name)) throw new Error(`airgap/ makes no image ${name}`);
  return imageReference(name);
}
