import { Readable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { UserError } from "../../lib/errors.ts";
import { CommandError } from "../../lib/process.ts";
import type { Progress } from "../../lib/progress.ts";
import type { KindSpec, LoadedImages } from "../../model/kindSpec.ts";
import { type ArchivedImage, archiveOf, readArchive } from "./archive.ts";
import { findRuntime, inNode, lines, listNodes, type NodeContainer, type Runtime } from "./runtime.ts";

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
    (await listNodes(runtime, spec.name)).map(async (node) => {
      const holdings = await holdingsOf(runtime, node);
      const needed = images.filter(({ everyNode = true }) => everyNode || node.role === "worker");
      return { node, holdings, missing: needed.filter(({ reference }) => !holdings.images.has(reference)) };
    }),
  );
  const lacking = nodes.filter(({ missing }) => missing.length > 0);
  const missing = images.filter((image) => lacking.some(({ missing }) => missing.includes(image)));
  if (missing.length > 0) {
    await progress.step(`Load images into the nodes of ${spec.name}`, async (detail) => {
      detail(missing.length === 1 ? `${missing[0]?.reference}` : `${missing.length} images`);
      await Promise.all(lacking.map(({ node, missing: own, holdings }) => send(runtime, node, own, holdings)));
    });
  }
  return { loaded: missing.map(({ reference }) => reference) };
}

async function send(runtime: Runtime, node: NodeContainer, images: readonly ImageFile[], { blobs }: Holdings): Promise<void> {
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

async function takeIn(
  runtime: Runtime,
  node: NodeContainer,
  images: readonly ArchivedImage[],
  has: ReadonlySet<string>,
): Promise<void> {
  // Each image is unpacked when its first container starts: most nodes never run most of them.
  const take = ["ctr", "--namespace=k8s.io", "images", "import", "--no-unpack", "-"];
  const input = Readable.from(archiveOf(images, has));
  const { ok, all, stdout } = await inNode(runtime, node, take, { input });
  if (!ok) throw new CommandError(`ctr images import in ${node.name}`, all, stdout);
}

/** How long containerd may take to answer in a node that has just started, in milliseconds. */
const startPatience = 60_000;

async function holdingsOf(runtime: Runtime, node: NodeContainer, until = Date.now() + startPatience): Promise<Holdings> {
  const list = (kind: string) => `ctr --namespace=k8s.io ${kind} list --quiet`;
  const question = `${list("images")} && echo -- && ${list("content")}`;
  const { ok, stdout, all } = await inNode(runtime, node, ["sh", "-c", question], { timeout: 15_000 });
  if (ok) {
    const [images = "", blobs = ""] = stdout.split(/^--$/m);
    return { images: new Set(lines(images)), blobs: new Set(lines(blobs)) };
  }
  if (Date.now() > until) throw new CommandError(`ctr images list in ${node.name}`, all, stdout);
  await pause(200);
  return holdingsOf(runtime, node, until);
}
