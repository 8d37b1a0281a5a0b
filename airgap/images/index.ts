import { existsSync } from "node:fs";
import { join } from "node:path";
import { bundleFile } from "../../lib/bundle.ts";
import { cacheDir } from "../../lib/paths.ts";
import type { Progress } from "../../lib/progress.ts";
import { file, program, type Tree, text, treeOf } from "../../lib/tree.ts";
import {
  type BuiltImage,
  fullName,
  imageBinDir,
  imageHub,
  imageReference,
  type PlatformImage,
  platformImages,
  shareDir,
} from "../names.ts";
import { pins } from "../pins.ts";
import { ensureFolder } from "../store/store.ts";
import { envoyBinary } from "../toolchain/downloads.ts";
import { ensurePackages, ensureToolchain } from "../toolchain/index.ts";
import { ensureDebianRoot, ensurePostgresqlRoot } from "./debianRoot.ts";
import { nonroot, postgres, type SharedLayers, sharedLayers } from "./layers.ts";
import { type Image, type ImageConfig, writeArchive } from "./oci.ts";
import { postgresqlEnvironment, postgresqlLayers } from "./postgresql.ts";

/** An image that was built here, ready to be loaded into nodes. */
export interface ImageArchive {
  /** Repository and tag, as pods name it. */
  readonly reference: string;
  /** Path of an OCI archive that holds this image alone. */
  readonly archive: string;
}

/** What an image is made of. */
interface Recipe {
  readonly layers: (shared: SharedLayers, progress: Progress) => Promise<readonly Tree[]>;
  readonly config: ImageConfig;
}

const own = (name: string) => program(`/usr/local/bin/${name}`, join(imageBinDir(), name));

/** A program of one file on the Node.js runtime. */
const nodeProgram = (content: string): Recipe => ({
  layers: async ({ base, node }) => [
    base,
    node,
    await treeOf(text(`/app/${bundleFile}`, content), text("/app/package.json", '{ "type": "module" }\n')),
  ],
  config: { Entrypoint: ["/usr/local/bin/node", bundleFile], WorkingDir: "/app", User: nonroot },
});

const recipes: Readonly<Record<PlatformImage, Recipe>> = {
  pilot: {
    layers: async ({ base }) => [base, await treeOf(own("pilot-discovery"))],
    config: { Entrypoint: ["/usr/local/bin/pilot-discovery"], User: "1337:1337" },
  },
  proxyv2: {
    layers: async ({ base }) => [
      base,
      await treeOf(program("/usr/local/bin/envoy", envoyBinary())),
      await treeOf(
        own("pilot-agent"),
        file("/var/lib/istio/envoy/envoy_bootstrap_tmpl.json", join(shareDir(), "envoy_bootstrap.json")),
      ),
    ],
    config: { Entrypoint: ["/usr/local/bin/pilot-agent"], User: "1337:1337" },
  },
  "install-cni": {
    layers: async ({ base, iptables }) => [
      base,
      iptables,
      await treeOf(own("install-cni"), program("/opt/cni/bin/istio-cni", join(imageBinDir(), "istio-cni"))),
    ],
    config: { Cmd: ["/usr/local/bin/install-cni"], WorkingDir: "/opt/cni/bin" },
  },
  postgresql: {
    layers: async (shared, progress) => postgresqlLayers(await ensurePostgresqlRoot(progress), shared),
    // What stops it fast: with the usual signal it would wait until the last client has gone.
    config: {
      ...postgresqlEnvironment,
      Entrypoint: ["/usr/local/bin/postgresql-entrypoint"],
      User: postgres,
      StopSignal: "SIGINT",
    },
  },
  fortio: {
    layers: async ({ base }) => [base, await treeOf(own("fortio"))],
    config: { Entrypoint: ["/usr/local/bin/fortio"], User: nonroot },
  },
};

/**
 * Builds those of the images that are not in the cache yet, and the programs in them. What comes from Debian is fetched while the
 * compiler runs.
 *
 * @returns one archive for each image, in the given order.
 */
export async function ensureImages(images: readonly BuiltImage[], progress: Progress): Promise<ImageArchive[]> {
  await Promise.all([ensureToolchain("cluster", progress), fetchDebian(images.filter(isMissing), progress)]);
  const archives: ImageArchive[] = [];
  let shared: SharedLayers | undefined;
  for (const image of images) {
    const reference = fullName(imageReference(image));
    const folder = folderOf(image);
    await ensureFolder(folder, `image ${reference}`, progress, async (temporary) => {
      await ensurePackages(progress);
      shared ??= await sharedLayers(await ensureDebianRoot(progress));
      const { layers, config } = "program" in image ? nodeProgram(image.program) : recipes[image.name];
      await writeArchive(join(temporary, "image.tar"), [{ reference, layers: await layers(shared, progress), config }]);
    });
    archives.push({ reference, archive: join(folder, "image.tar") });
  }
  return archives;
}

/** The images of every stack, with the runtime of the services': what a node need not be sent, as its own image has it. */
export async function preloadedImages(shared: SharedLayers, progress: Progress): Promise<Image[]> {
  const platform = platformImages.map(async (name): Promise<Image> => {
    const { layers, config } = recipes[name];
    return { reference: fullName(imageReference({ name })), layers: await layers(shared, progress), config };
  });
  const runtime = { reference: `${imageHub}/nodejs:${pins.node.version}`, layers: [shared.base, shared.node], config: {} };
  return [...(await Promise.all(platform)), runtime];
}

const folderOf = (image: BuiltImage) => join(cacheDir, "images", image.name, imageReference(image).tag);

const isMissing = (image: BuiltImage) => !existsSync(folderOf(image));

/** Fetches what these images take from Debian. */
export async function fetchDebian(images: readonly BuiltImage[], progress: Progress): Promise<void> {
  if (images.length === 0) return;
  await ensurePackages(progress);
  await ensureDebianRoot(progress);
  if (images.some(({ name }) => name === "postgresql")) await ensurePostgresqlRoot(progress);
}
