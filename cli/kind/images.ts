import { availableParallelism } from "node:os";
import { output } from "../support/process.ts";
import type { Progress } from "../support/progress.ts";
import { container, findRuntime, lines, listNodes, type Runtime } from "./runtime.ts";
import type { KindSpec, LoadedImages } from "./spec.ts";

/** An image as a file that nodes can take in. */
export interface ImageFile {
  readonly reference: string;
  readonly archive: string;
}

/** Loads images into the nodes that lack them, and tells which ones any node lacked. */
export async function loadImages(spec: KindSpec, images: readonly ImageFile[], progress: Progress): Promise<LoadedImages> {
  const runtime = await findRuntime(spec.sources);
  const nodes = (await listNodes(runtime, spec.name)).map(({ name }) => name);
  const has = new Map(await Promise.all(nodes.map(async (node) => [node, await imagesOf(runtime, node)] as const)));
  const missing = images
    .map((image) => ({ ...image, nodes: nodes.filter((node) => !has.get(node)?.has(image.reference)) }))
    .filter((image) => image.nodes.length > 0);
  if (missing.length > 0) {
    await progress.step(`Load images into the nodes of ${spec.name}`, async (detail) => {
      let done = 0;
      const queue = [...missing];
      const worker = async () => {
        for (let next = queue.shift(); next; next = queue.shift()) {
          detail(`${done} of ${missing.length}, ${next.reference}`);
          const args = ["load", "image-archive", "--name", spec.name, "--nodes", next.nodes.join(","), next.archive];
          await output("kind", args, { env: runtime.env });
          done += 1;
        }
      };
      await Promise.all(Array.from({ length: Math.min(availableParallelism(), missing.length) }, worker));
    });
  }
  return { loaded: missing.map(({ reference }) => reference) };
}

async function imagesOf(runtime: Runtime, node: string): Promise<Set<string>> {
  return new Set(lines(await container(runtime, ["exec", node, "ctr", "--namespace=k8s.io", "images", "list", "--quiet"])));
}
