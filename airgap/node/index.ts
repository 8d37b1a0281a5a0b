import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { withLock } from "../../lib/lock.ts";
import { cacheDir } from "../../lib/paths.ts";
import { CommandError, output } from "../../lib/process.ts";
import type { Progress } from "../../lib/progress.ts";
import { ensureDebianRoot } from "../images/debianRoot.ts";
import { sharedLayers } from "../images/layers.ts";
import { writeArchive } from "../images/oci.ts";
import { nodeImageReference } from "../names.ts";
import { podmanEnvironment } from "../podman.ts";
import type { Detail } from "../store/store.ts";
import { ensurePackages, ensureToolchain } from "../toolchain/index.ts";
import { nodeImages } from "./kubernetesImages.ts";
import { debianLayer, nodeLayer } from "./root.ts";

/**
 * Has the image of kind's nodes in podman's storage: Debian, containerd and Kubernetes, with the images of the control
 * plane inside, so that a cluster starts without pulling anything.
 *
 * @returns its reference.
 */
export async function ensureNodeImage(progress: Progress): Promise<string> {
  await ensurePackages(progress);
  await ensureToolchain("cluster", progress);
  const reference = nodeImageReference();
  if (await isStored(reference)) return reference;
  const debian = await ensureDebianRoot(progress);
  await progress.step(`node image ${reference}`, (detail) =>
    withLock(
      reference,
      () => detail("waiting for another run that makes the same"),
      async () => {
        if (!(await isStored(reference))) await buildNodeImage(reference, debian, detail);
      },
    ),
  );
  return reference;
}

async function buildNodeImage(reference: string, debian: string, detail: Detail): Promise<void> {
  const work = join(cacheDir, "node-image.tmp");
  await rm(work, { recursive: true, force: true });
  await mkdir(work, { recursive: true });
  try {
    detail("the control plane's images");
    const images = await nodeImages(await sharedLayers(debian));
    const archives = { "every-node": join(work, "every-node.tar"), "control-plane": join(work, "control-plane.tar") };
    await writeArchive(archives["every-node"], images.everyNode);
    await writeArchive(archives["control-plane"], images.controlPlane);
    detail("root file system");
    const layers = [await debianLayer(debian), await nodeLayer(debian, images.pause, archives)];
    const archive = join(work, "image.tar");
    await writeArchive(archive, [
      {
        reference,
        layers,
        config: { Entrypoint: ["/usr/local/bin/node-entrypoint", "/sbin/init"], StopSignal: "SIGRTMIN+3" },
      },
    ]);
    detail("into podman's storage");
    await output("podman", ["load", "--quiet", "--input", archive], { env: podmanEnvironment() });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function isStored(reference: string): Promise<boolean> {
  try {
    await output("podman", ["image", "exists", reference], { env: podmanEnvironment() });
    return true;
  } catch (error) {
    if (error instanceof CommandError) return false;
    throw error;
  }
}
