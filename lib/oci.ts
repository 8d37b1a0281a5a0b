import { createHash } from "node:crypto";
import { type Entry, type Tree, text, treeOf } from "./tree.ts";

/*
 * What builders of images and those who load them have in common: the OCI image specification.
 */

/**
 * What an OCI archive holds, for the tar format.
 *
 * @param manifests - what its index says of each image.
 */
export function archiveTree(
  manifests: readonly object[],
  blobs: Iterable<readonly [digest: string, entry: Entry]>,
): Promise<Tree> {
  return treeOf(
    text("index.json", JSON.stringify({ schemaVersion: 2, manifests })),
    text("oci-layout", JSON.stringify({ imageLayoutVersion: "1.0.0" })),
    (all) => {
      for (const [digest, entry] of blobs) all.set(blobPath(digest), entry);
    },
  );
}

/** Where an archive has a blob. */
export const blobPath = (digest: string) => `blobs/${digest.replace(":", "/")}`;

/**
 * Names of an image's layers as they lie unpacked on one another: the first by its own digest, each later one also by those below
 * it. The OCI image specification calls them chain IDs
 * ({@link https://github.com/opencontainers/image-spec/blob/main/config.md#layer-chainid}).
 *
 * @param layers - digests of the layers' uncompressed archives, from the bottom up.
 */
export function chainIds(layers: readonly string[]): string[] {
  const chains: string[] = [];
  for (const layer of layers) {
    const below = chains.at(-1);
    chains.push(below === undefined ? layer : sha256(`${below} ${layer}`));
  }
  return chains;
}

const sha256 = (text: string) => `sha256:${createHash("sha256").update(text).digest("hex")}`;
