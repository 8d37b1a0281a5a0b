import { type BuiltImage, ensureImages, fullName, imageReference } from "../../airgap/index.ts";
import { UserError } from "../../lib/errors.ts";
import type { Progress } from "../../lib/progress.ts";
import type { KindSpec, LoadedImages } from "../../model/kindSpec.ts";
import { builtImages } from "../../plan.ts";
import { loadImages } from "./images.ts";

/** Loads images that are built here into the nodes that lack them, and builds those that any node lacks. */
export function loadBuilt(spec: KindSpec, images: readonly BuiltImage[], progress: Progress): Promise<LoadedImages> {
  const named = new Map(images.map((image) => [fullName(imageReference(image)), image]));
  const needed = [...named].map(([reference, { name }]) => ({ reference, everyNode: name === "install-cni" }));
  const archives = (references: readonly string[]) =>
    ensureImages(
      references.flatMap((reference) => named.get(reference) ?? []),
      progress,
    );
  return loadImages(spec, needed, archives, progress);
}

/**
 * The same by what pods call them.
 *
 * @throws UserError for an image that is not built here.
 */
export async function loadBuiltImages(spec: KindSpec, references: readonly string[], progress: Progress): Promise<LoadedImages> {
  const all = new Map(builtImages().map((image) => [fullName(imageReference(image)), image]));
  const images = references.map((reference) => {
    const found = all.get(reference);
    if (!found) throw new UserError(`${reference} is none of ${[...all.keys()].join(", ")}.`);
    return found;
  });
  return loadBuilt(spec, images, progress);
}
