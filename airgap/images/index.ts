import { join } from "node:path";
import { bundleFile, bundleOf, eachService, type ServiceName } from "../../apps/bundle.ts";
import { cacheDir } from "../../cli/support/paths.ts";
import type { Progress } from "../../cli/support/progress.ts";
import { type BuiltImage, fullName, imageReference } from "../names.ts";
import { ensureFolder } from "../store/store.ts";
import { envoyBinary } from "../toolchain/downloads.ts";
import { ensureToolchain, imageBinDir, shareDir } from "../toolchain/index.ts";
import { ensureDebianRoot, ensurePostgresqlRoot } from "./debian-root.ts";
import { nonroot, postgres, type SharedLayers, sharedLayers } from "./layers.ts";
import { type ImageConfig, writeArchive } from "./oci.ts";
import { postgresqlEnvironment, postgresqlLayers } from "./postgresql.ts";
import { file, program, type Tree, text, treeOf } from "./tree.ts";

/** An image that was built here, ready to be loaded into nodes. */
export interface ImageArchive {
  readonly name: BuiltImage;
  /** Repository and tag, as pods name it. */
  readonly reference: string;
  /** Path of an OCI archive that holds this image alone. */
  readonly archive: string;
  /** Whether nodes that take no ordinary pods need it too. */
  readonly everyNode: boolean;
}

/** What an image is made of. */
interface Recipe {
  readonly layers: (shared: SharedLayers, progress: Progress) => Promise<readonly Tree[]>;
  readonly config: ImageConfig;
}

const own = (name: string) => program(`/usr/local/bin/${name}`, join(imageBinDir(), name));

/** A service's bundle on the Node.js runtime. */
const service = (name: ServiceName): Recipe => ({
  layers: async ({ base, node }) => [
    base,
    node,
    await treeOf(text(`/app/${bundleFile}`, bundleOf(name)), text("/app/package.json", '{ "type": "module" }\n')),
  ],
  config: { Entrypoint: ["/usr/local/bin/node"], Cmd: [bundleFile], WorkingDir: "/app", User: nonroot },
});

const recipes: Readonly<Record<BuiltImage, Recipe>> = {
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
  ...eachService(service),
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
 * Builds the named images that are not in the cache yet.
 *
 * @returns one archive for each name, in the given order.
 */
export async function ensureImages(names: readonly BuiltImage[], progress: Progress): Promise<ImageArchive[]> {
  await ensureToolchain(progress);
  const archives: ImageArchive[] = [];
  let shared: SharedLayers | undefined;
  for (const name of names) {
    const reference = fullName(imageReference(name));
    const folder = join(cacheDir, "images", name, imageReference(name).tag);
    await ensureFolder(folder, `image ${reference}`, progress, async (temporary) => {
      shared ??= await sharedLayers(await ensureDebianRoot(progress));
      const { layers, config } = recipes[name];
      await writeArchive(join(temporary, "image.tar"), [{ reference, layers: await layers(shared, progress), config }]);
    });
    archives.push({ name, reference, archive: join(folder, "image.tar"), everyNode: name === "install-cni" });
  }
  return archives;
}
