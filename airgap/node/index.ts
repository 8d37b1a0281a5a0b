import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { withLock } from "../../lib/lock.ts";
import { cacheDir } from "../../lib/paths.ts";
import { attempt, CommandError, output } from "../../lib/process.ts";
import type { Progress } from "../../lib/progress.ts";
import { ensureDebianRoot } from "../images/debianRoot.ts";
import { fetchDebian, preloadedImages } from "../images/index.ts";
import { sharedLayers } from "../images/layers.ts";
import { writeLayout } from "../images/oci.ts";
import { nodeImageName, nodeImageReference, platformImages } from "../names.ts";
import { podmanEnvironment } from "../podman.ts";
import { type Detail, removeUnused } from "../store/store.ts";
import { ensurePackages, ensureToolchain, missingParts } from "../toolchain/index.ts";
import { imageStore } from "./imageStore.ts";
import { kubernetesImages } from "./kubernetesImages.ts";
import { debianLayer, nodeLayer } from "./root.ts";

/**
 * Has the image of kind's nodes in podman's storage: Debian, containerd and Kubernetes, with Kubernetes' own images and the
 * platform's inside, so that a cluster starts without pulling anything, and mostly without being sent anything.
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
      nodeImageName,
      () => detail("waiting for another run that makes one"),
      async () => {
        if (!(await isStored(reference))) await buildNodeImage(reference, debian, progress, detail);
      },
    ),
  );
  return reference;
}

/** Has the programs of a cluster on this machine. For its images, what comes from Debian is fetched while the compiler runs. */
export async function ensureClusterParts(progress: Progress): Promise<void> {
  const images = missingParts().includes("cluster") ? platformImages.map((name) => ({ name })) : [];
  await Promise.all([ensureToolchain("cluster", progress), fetchDebian(images, progress)]);
}

async function buildNodeImage(reference: string, debian: string, progress: Progress, detail: Detail): Promise<void> {
  const work = join(cacheDir, "node-image.tmp");
  await rm(work, { recursive: true, force: true });
  await mkdir(work, { recursive: true });
  try {
    const shared = await sharedLayers(debian);
    const { pause, images } = await kubernetesImages(shared);
    detail("the images it starts with");
    const inside = await imageStore([...images, ...(await preloadedImages(shared, progress))], debian, work);
    detail("root file system");
    await writeLayout(join(work, layout), [
      {
        reference,
        layers: [await debianLayer(debian), await nodeLayer(debian, pause), inside],
        config: { Entrypoint: ["/usr/local/bin/node-entrypoint", "/sbin/init"], StopSignal: "SIGRTMIN+3" },
      },
    ]);
    detail("into podman's storage");
    await store(work, reference);
    await removeOld();
    // Their archives are seldom made any more: nobody else would remove old ones.
    for (const name of platformImages) await removeUnused(join(cacheDir, "images", name));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Podman names what it takes from a folder after the folder's path: with this one, like a node image that has no key. */
const layout = nodeImageName.replace(/^[^/]*\//, "");

async function store(work: string, reference: string): Promise<void> {
  const env = podmanEnvironment();
  await output("podman", ["pull", "--quiet", `oci:${layout}`], { cwd: work, env });
  await output("podman", ["tag", `${nodeImageName}:latest`, reference], { env });
  await output("podman", ["untag", reference, `${nodeImageName}:latest`], { env });
}

/** Removes node images that were made two weeks ago or more, but for those that nodes run on. Whoever misses one makes it in half a minute. */
async function removeOld(): Promise<void> {
  const env = podmanEnvironment();
  const old = ["--filter", `reference=${nodeImageName}`, "--filter", "until=336h"];
  const { stdout } = await attempt("podman", ["images", "--quiet", ...old], { env });
  for (const id of stdout.split("\n").filter(Boolean)) await attempt("podman", ["rmi", id], { env });
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
