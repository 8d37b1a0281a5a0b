import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { tarOf, tarSize } from "../../lib/tar.ts";
import { type Entry, type Tree, text, treeOf } from "../../lib/tree.ts";

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

/**
 * Writes images into one OCI archive, in which a layer that several of them share is there once. The same images give the
 * same bytes, so that an image's digest depends on its content alone.
 *
 * @returns the digest of each image's manifest, by reference.
 */
export async function writeArchive(file: string, images: readonly Image[]): Promise<Record<string, string>> {
  const blobs = new Map<string, Blob>();
  const layers = new Map<Tree, Blob>();
  const digests: Record<string, string> = {};
  const manifests: object[] = [];
  for (const image of images) {
    for (const tree of image.layers) if (!layers.has(tree)) layers.set(tree, await layerBlob(tree));
    const own = image.layers.map((tree) => required(layers.get(tree)));
    const config = json({
      architecture: "amd64",
      os: "linux",
      config: { Env: [path], ...image.config },
      rootfs: { type: "layers", diff_ids: own.map(({ digest }) => digest) },
    });
    const manifest = json({
      schemaVersion: 2,
      mediaType: `${oci}.manifest.v1+json`,
      config: descriptor(`${oci}.config.v1+json`, config),
      layers: own.map((layer) => descriptor(`${oci}.layer.v1.tar`, layer)),
    });
    for (const blob of [...own, config, manifest]) blobs.set(blob.digest, blob);
    digests[image.reference] = manifest.digest;
    manifests.push({
      ...descriptor(`${oci}.manifest.v1+json`, manifest),
      platform: { architecture: "amd64", os: "linux" },
      // containerd reads the first name, podman the second
      annotations: { "io.containerd.image.name": image.reference, "org.opencontainers.image.ref.name": image.reference },
    });
  }
  const index = JSON.stringify({ schemaVersion: 2, manifests });
  const tree = await treeOf(
    text("index.json", index),
    text("oci-layout", JSON.stringify({ imageLayoutVersion: "1.0.0" })),
    (all) => {
      for (const blob of blobs.values()) all.set(`blobs/${blob.digest.replace(":", "/")}`, blob.entry);
    },
  );
  await pipeline(Readable.from(tarOf(tree)), createWriteStream(file));
  return digests;
}

/** Content by its digest. */
interface Blob {
  readonly digest: string;
  readonly size: number;
  readonly entry: Entry;
}

/** A layer is hashed now and written straight into the archive later: reading it twice costs less than a copy on disk. */
async function layerBlob(tree: Tree): Promise<Blob> {
  const hash = createHash("sha256");
  for await (const chunk of tarOf(tree)) hash.update(chunk);
  const size = tarSize(tree);
  return {
    digest: `sha256:${hash.digest("hex")}`,
    size,
    entry: { kind: "file", mode: 0o644, uid: 0, gid: 0, size, source: () => tarOf(tree) },
  };
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
