import { ensureImages, fullName, imageReference } from "../../airgap/index.ts";
import { UserError } from "../../lib/errors.ts";
import type { Progress } from "../../lib/progress.ts";
import type { KindSpec, LoadedImages } from "../../model/kindSpec.ts";
import { builtImages } from "../../plan.ts";
import { loadImages } from "./images.ts";

/**
 * Loads images that are built here into the nodes that lack them, and builds them where they are missing.
 *
 * @param references - what pods call them.
 */
export async function loadBuiltImages(spec: KindSpec, references: readonly string[], progress: Progress): Promise<LoadedImages> {
  const all = new Map(builtImages().map((image) => [fullName(imageReference(image)), image]));
  const images = references.map((reference) => {
    const found = all.get(reference);
    if (!found) throw new UserError(`${reference} is none of ${[...all.keys()].join(", ")}.`);
    return found;
  });
  return loadImages(spec, await ensureImages(images, progress), progress);
}
