import { Readable } from "node:stream";
import { UserError } from "../../lib/errors.ts";
import { CommandError, output } from "../../lib/process.ts";
import type { Progress } from "../../lib/progress.ts";
import type { KindSpec, LoadedImages } from "../../model/kindSpec.ts";
import { type ArchivedImage, archiveOf, readArchive } from "./archive.ts";
import { container, findRuntime, lines, listNodes, type Runtime } from "./runtime.ts";

/** An image as a file that nodes can take in. */
export interface ImageFile {
  readonly reference: string;
  /** Path of an OCI archive. */
  readonly archive: string;
  /** Whether control planes need it too, which take no pods but those that tolerate everything. @default true */
  readonly everyNode?: boolean;
}

/** What a node's storage holds. */
interface Holdings {
  /** Names of images. */
  readonly images: ReadonlySet<string>;
  /** Digests of what images are made of. */
  readonly blobs: ReadonlySet<string>;
}

/**
 * Loads images into the nodes that lack them, and tells which ones any node lacked. All of a node's go to it at once, with what they
 * share a single time and without what it has: after a change of one service that is a few kilobytes.
 */
export async function loadImages(spec: KindSpec, images: readonly ImageFile[], progress: Progress): Promise<LoadedImages> {
  const runtime = await findRuntime(spec.sources);
  const nodes = await Promise.all(
    (await listNodes(runtime, spec.name)).map(async ({ name, role }) => {
      const holdings = await holdingsOf(runtime, name);
      const needed = images.filter(({ everyNode = true }) => everyNode || role === "worker");
      return { name, holdings, missing: needed.filter(({ reference }) => !holdings.images.has(reference)) };
    }),
  );
  const lacking = nodes.filter(({ missing }) => missing.length > 0);
  const missing = images.filter((image) => lacking.some((node) => node.missing.includes(image)));
  if (missing.length > 0) {
    await progress.step(`Load images into the nodes of ${spec.name}`, async (detail) => {
      detail(missing.length === 1 ? `${missing[0]?.reference}` : `${missing.length} images`);
      await Promise.all(lacking.map(({ name, missing: own, holdings }) => send(runtime, name, own, holdings)));
    });
  }
  return { loaded: missing.map(({ reference }) => reference) };
}

async function send(runtime: Runtime, node: string, images: readonly ImageFile[], { blobs }: Holdings): Promise<void> {
  const archived = await Promise.all(images.map(find));
  try {
    await takeIn(runtime, node, archived, blobs);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    // The node may have thrown away what nobody needed just now.
    await takeIn(runtime, node, archived, new Set());
  }
}

async function find({ reference, archive }: ImageFile): Promise<ArchivedImage> {
  const found = (await readArchive(archive)).find((image) => image.reference === reference);
  if (!found) throw new UserError(`${archive} holds no image ${reference}`);
  return found;
}

async function takeIn(runtime: Runtime, node: string, images: readonly ArchivedImage[], has: ReadonlySet<string>): Promise<void> {
  // Each image is unpacked when its first container starts: most nodes never run most of them.
  const take = ["ctr", "--namespace=k8s.io", "images", "import", "--no-unpack", "-"];
  const input = Readable.from(archiveOf(images, has));
  await output(runtime.name, ["exec", "--interactive", node, ...take], { env: runtime.env, input });
}

async function holdingsOf(runtime: Runtime, node: string): Promise<Holdings> {
  const list = async (kind: string) =>
    new Set(lines(await container(runtime, ["exec", node, "ctr", "--namespace=k8s.io", kind, "list", "--quiet"])));
  const [images, blobs] = await Promise.all([list("images"), list("content")]);
  return { images, blobs };
}
