import { Readable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import type { ImageArchive } from "../../airgap/index.ts";
import { UserError } from "../../lib/errors.ts";
import { chainIds } from "../../lib/oci.ts";
import { CommandError } from "../../lib/process.ts";
import type { Progress } from "../../lib/progress.ts";
import type { KindSpec, LoadedImages } from "../../model/kindSpec.ts";
import { type ArchivedImage, archiveOf, readArchive } from "./archive.ts";
import { findRuntime, inNode, lines, listNodes, type NodeContainer, type Runtime } from "./runtime.ts";

/** An image that pods of a cluster run. */
export interface NodeImage {
  /** What pods call it. */
  readonly reference: string;
  /** Whether control planes need it too, which take no pods but those that tolerate everything. */
  readonly everyNode: boolean;
}

/** What a node's storage holds. */
interface Holdings {
  /** Names of images. */
  readonly images: ReadonlySet<string>;
  /** Digests of what images are made of. */
  readonly blobs: ReadonlySet<string>;
  /** Chain IDs of layers that lie unpacked; their archives may be gone. */
  readonly unpacked: ReadonlySet<string>;
}

const nothing: Holdings = { images: new Set(), blobs: new Set(), unpacked: new Set() };

/**
 * Loads images into the nodes that lack them, and tells which ones any node lacked. All of a node's go to it at once, with what they
 * share a single time and without what it has: that is all of the platform's on a node whose own image holds them, and after a change
 * of one service a few kilobytes.
 *
 * @param archives - makes files of images that a node lacks, in any order.
 */
export async function loadImages(
  spec: KindSpec,
  images: readonly NodeImage[],
  archives: (references: readonly string[]) => Promise<readonly ImageArchive[]>,
  progress: Progress,
): Promise<LoadedImages> {
  const runtime = await findRuntime(spec.sources);
  const nodes = await Promise.all(
    (await listNodes(runtime, spec.name)).map(async (node) => {
      const holdings = await holdingsOf(runtime, node);
      const needed = images.filter(({ everyNode }) => everyNode || node.role === "worker");
      return { node, holdings, missing: needed.filter(({ reference }) => !holdings.images.has(reference)) };
    }),
  );
  const lacking = nodes.filter(({ missing }) => missing.length > 0);
  const loaded = images
    .filter((image) => lacking.some(({ missing }) => missing.includes(image)))
    .map(({ reference }) => reference);
  if (loaded.length > 0) {
    const archived = new Map(await Promise.all((await archives(loaded)).map(find)));
    const without = loaded.find((reference) => !archived.has(reference));
    if (without) throw new Error(`nobody made an archive of ${without}`);
    await progress.step(`Load images into the nodes of ${spec.name}`, async (detail) => {
      detail(loaded.length === 1 ? `${loaded[0]}` : `${loaded.length} images`);
      await Promise.all(
        lacking.map(({ node, missing, holdings }) => {
          const own = missing.flatMap(({ reference }) => archived.get(reference) ?? []);
          return sendTo(runtime, node, own, holdings);
        }),
      );
    });
  }
  return { loaded };
}

async function sendTo(
  runtime: Runtime,
  node: NodeContainer,
  images: readonly ArchivedImage[],
  holdings: Holdings,
): Promise<void> {
  try {
    await takeIn(runtime, node, images, holdings);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    // The node may have thrown away what nobody needed just now.
    await takeIn(runtime, node, images, nothing);
  }
}

async function find({ reference, archive }: ImageArchive): Promise<[reference: string, image: ArchivedImage]> {
  const found = (await readArchive(archive)).find((image) => image.reference === reference);
  if (!found) throw new UserError(`${archive} holds no image ${reference}`);
  return [reference, found];
}

async function takeIn(
  runtime: Runtime,
  node: NodeContainer,
  images: readonly ArchivedImage[],
  { blobs, unpacked }: Holdings,
): Promise<void> {
  const leaves = ({ layers }: ArchivedImage) => {
    const chains = chainIds(layers);
    return new Set([...blobs, ...layers.filter((_, index) => unpacked.has(chains[index] ?? ""))]);
  };
  // Each image is unpacked when its first container starts: most nodes never run most of them.
  const take = ["ctr", "--namespace=k8s.io", "images", "import", "--no-unpack", "-"];
  const input = Readable.from(archiveOf(images, leaves));
  const { ok, all, stdout } = await inNode(runtime, node, take, { input });
  if (!ok) throw new CommandError(`ctr images import in ${node.name}`, all, stdout);
}

/** How long containerd may take to answer in a node that has just started, in milliseconds. */
const startPatience = 60_000;

async function holdingsOf(runtime: Runtime, node: NodeContainer, until = Date.now() + startPatience): Promise<Holdings> {
  const lists = ["images list --quiet", "content list --quiet", "snapshots --snapshotter=overlayfs list"];
  const question = lists.map((list) => `ctr --namespace=k8s.io ${list}`).join(" && echo -- && ");
  const { ok, stdout, all } = await inNode(runtime, node, ["sh", "-c", question], { timeout: 15_000 });
  if (ok) {
    const none = new Set<string>();
    const firstWords = (list: string) => new Set(lines(list).flatMap((line) => line.split(/\s/, 1)));
    const [images = none, blobs = none, unpacked = none] = stdout.split(/^--$/m).map(firstWords);
    return { images, blobs, unpacked };
  }
  if (Date.now() > until) throw new CommandError(`ctr images list in ${node.name}`, all, stdout);
  await pause(200);
  return holdingsOf(runtime, node, until);
}
