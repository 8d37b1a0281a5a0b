import { createReadStream } from "node:fs";
import { UserError } from "../../lib/errors.ts";
import { archiveTree, blobPath } from "../../lib/oci.ts";
import { readTar, type TarFile, tarOf } from "../../lib/tar.ts";
import type { Entry } from "../../lib/tree.ts";

/** An image in an OCI archive, and what it is made of. */
export interface ArchivedImage {
  readonly reference: string;
  /** As the archive's index has it. */
  readonly manifest: object;
  /** Its manifest, its configuration and its layers, by digest: where the archive has the bytes. */
  readonly blobs: ReadonlyMap<string, Blob>;
  /** Digests of its layers, from the bottom up. */
  readonly layers: readonly string[];
}

type Blob = TarFile;

/**
 * Reads what images are in an archive, without their layers.
 *
 * @throws UserError when it is no OCI archive, or not a whole one.
 */
export async function readArchive(archive: string): Promise<ArchivedImage[]> {
  const files = await readTar(archive, (how) => damaged(archive, how));
  const find = (path: string) => files.get(path) ?? damaged(archive, `it has no ${path}`);
  const read = async (path: string) => {
    const content = (await bytesOf(find(path))).toString("utf8");
    try {
      return JSON.parse(content);
    } catch {
      return damaged(archive, `${path} is no JSON`);
    }
  };
  const index = (await read("index.json")) as { manifests: (Descriptor & { annotations?: Record<string, string> })[] };
  return Promise.all(
    index.manifests.map(async (descriptor) => {
      const manifest = (await read(blobPath(descriptor.digest))) as { config: Descriptor; layers: Descriptor[] };
      const blobs = [descriptor, manifest.config, ...manifest.layers].map(({ digest }): [string, Blob] => [
        digest,
        find(blobPath(digest)),
      ]);
      const reference = descriptor.annotations?.["io.containerd.image.name"] ?? "";
      const layers = manifest.layers.map(({ digest }) => digest);
      return { reference, manifest: descriptor, blobs: new Map(blobs), layers };
    }),
  );
}

function damaged(archive: string, how: string): never {
  throw new UserError(
    `The image archive ${archive} is damaged: ${how}. One in the cache is built again when it is not there: rm ${archive}`,
  );
}

interface Descriptor {
  readonly digest: string;
}

/**
 * One archive of several images, as bytes to be read once: each blob is in it a single time.
 *
 * @param leaves - what of an image is left out, as whoever gets the archive has it.
 */
export async function* archiveOf(
  images: readonly ArchivedImage[],
  leaves: (image: ArchivedImage) => ReadonlySet<string>,
): AsyncGenerator<Buffer> {
  const blobs = images.flatMap((image) => {
    const has = leaves(image);
    return [...image.blobs].filter(([digest]) => !has.has(digest));
  });
  const entries = blobs.map(([digest, blob]) => [digest, entryOf(blob)] as const);
  yield* tarOf(
    await archiveTree(
      images.map(({ manifest }) => manifest),
      entries,
    ),
  );
}

function entryOf(blob: Blob): Entry {
  return { kind: "file", mode: 0o644, uid: 0, gid: 0, size: blob.size, source: () => streamOf(blob) };
}

function streamOf({ archive, offset, size }: Blob): AsyncIterable<Buffer> {
  return createReadStream(archive, { start: offset, end: offset + size - 1, highWaterMark: 1 << 20 });
}

async function bytesOf(blob: Blob): Promise<Buffer> {
  const chunks = [];
  for await (const chunk of streamOf(blob)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
