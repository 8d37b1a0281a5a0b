import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { archiveTree, blobPath } from "../../lib/oci.ts";
import { tarOf, tarSize } from "../../lib/tar.ts";
import type { Entry, Source, Tree } from "../../lib/tree.ts";

/** What a container of an image starts with, as the OCI image specification names it. */
export interface ImageConfig {
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Env?: readonly string[];
  /** Numbers, `uid:gid`: what PodSecurity can check. */
  readonly User?: string;
  readonly WorkingDir?: string;
  readonly StopSignal?: string;
}

/** An image: its layers from the bottom up, and what it starts. */
export interface Image {
  /** Repository and tag. */
  readonly reference: string;
  readonly layers: readonly Tree[];
  readonly config: ImageConfig;
}

const oci = "application/vnd.oci.image";
const path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Images in the terms of the OCI specification. */
interface Packed {
  /** What an index says of each. */
  readonly manifests: readonly { readonly digest: string }[];
  /** Their manifests and configurations. */
  readonly documents: readonly Blob[];
  /** The layers of each, from the bottom up; one that several of them share is the same object. */
  readonly layers: readonly (readonly Layer[])[];
}

/** A layer's archive, and what is in it. */
interface Layer extends Blob {
  readonly tree: Tree;
}

/**
 * Makes of images what containerd and podman read.
 *
 * @param layerOf - finds out a layer's digest, and may keep its archive meanwhile.
 */
export async function pack(images: readonly Image[], layerOf: (tree: Tree) => Promise<Layer> = hashed): Promise<Packed> {
  const known = new Map<Tree, Layer>();
  for (const tree of images.flatMap(({ layers }) => layers)) if (!known.has(tree)) known.set(tree, await layerOf(tree));
  const packed = images.map(({ reference, layers, config }) => {
    const own = layers.map((tree) => required(known.get(tree)));
    const configuration = json({
      architecture: "amd64",
      os: "linux",
      config: { Env: [path], ...config },
      rootfs: { type: "layers", diff_ids: own.map(({ digest }) => digest) },
    });
    const manifest = json({
      schemaVersion: 2,
      mediaType: `${oci}.manifest.v1+json`,
      config: descriptor(`${oci}.config.v1+json`, configuration),
      layers: own.map((layer) => descriptor(`${oci}.layer.v1.tar`, layer)),
    });
    const entry = {
      ...descriptor(`${oci}.manifest.v1+json`, manifest),
      platform: { architecture: "amd64", os: "linux" },
      // containerd reads the first name, podman the second
      annotations: { "io.containerd.image.name": reference, "org.opencontainers.image.ref.name": reference },
    };
    return { own, entry, documents: [configuration, manifest] };
  });
  return {
    manifests: packed.map(({ entry }) => entry),
    documents: packed.flatMap(({ documents }) => documents),
    layers: packed.map(({ own }) => own),
  };
}

/**
 * Writes images into one OCI archive, in which a layer that several of them share is there once. The same images give the
 * same bytes, so that an image's digest depends on its content alone.
 *
 * @returns the digest of each image's manifest, in the order of the images.
 */
export async function writeArchive(file: string, images: readonly Image[]): Promise<string[]> {
  const { manifests, documents, layers } = await pack(images);
  const tree = await archiveTree(manifests, entriesOf([...documents, ...layers.flat()]));
  await pipeline(Readable.from(tarOf(tree)), createWriteStream(file));
  return manifests.map(({ digest }) => digest);
}

/**
 * Writes images as a folder with an archive's content. Where the whole is large, that spares podman a copy of it, and whoever writes a
 * second reading.
 */
export async function writeLayout(folder: string, images: readonly Image[]): Promise<void> {
  await mkdir(join(folder, blobPath("sha256:")), { recursive: true });
  const { manifests, documents } = await pack(images, (tree) => written(folder, tree));
  for (const [path, entry] of await archiveTree(manifests, entriesOf(documents))) {
    if (entry.kind === "file" && Buffer.isBuffer(entry.source)) await writeFile(join(folder, path), entry.source);
  }
}

/** Content as an archive takes it. */
export const entriesOf = (blobs: readonly Blob[]) => blobs.map(({ digest, entry }) => [digest, entry] as const);

/** Content by its digest. */
interface Blob {
  readonly digest: string;
  readonly size: number;
  readonly entry: Entry;
}

/** A layer is hashed now and written straight into the archive later: reading it twice costs less than a copy on disk. */
async function hashed(tree: Tree): Promise<Layer> {
  const hash = createHash("sha256");
  for await (const chunk of tarOf(tree)) hash.update(chunk);
  return layer(tree, hash.digest("hex"), () => tarOf(tree));
}

/** A layer is hashed while it is written to where a folder of images has it. */
async function written(folder: string, tree: Tree): Promise<Layer> {
  const hash = createHash("sha256");
  const file = join(folder, "layer");
  const hashing = async function* () {
    for await (const chunk of tarOf(tree)) {
      hash.update(chunk);
      yield chunk;
    }
  };
  await pipeline(hashing, createWriteStream(file));
  const digest = hash.digest("hex");
  const place = join(folder, blobPath(`sha256:${digest}`));
  await rename(file, place);
  return layer(tree, digest, place);
}

function layer(tree: Tree, hash: string, source: Source): Layer {
  const size = tarSize(tree);
  return { tree, digest: `sha256:${hash}`, size, entry: { kind: "file", mode: 0o644, uid: 0, gid: 0, size, source } };
}

function json(value: object): Blob {
  const source = Buffer.from(JSON.stringify(value));
  const digest = `sha256:${createHash("sha256").update(source).digest("hex")}`;
  return { digest, size: source.length, entry: { kind: "file", mode: 0o644, uid: 0, gid: 0, size: source.length, source } };
}

const descriptor = (mediaType: string, { digest, size }: Blob) => ({ mediaType, digest, size });

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("a layer was not hashed");
  return value;
}
