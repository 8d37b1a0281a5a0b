import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { archiveTree, chainIds } from "../../lib/oci.ts";
import { attempt, CommandError, output, type RunOptions } from "../../lib/process.ts";
import { tarOf } from "../../lib/tar.ts";
import { below, copyOf, link, type Tree, treeOf } from "../../lib/tree.ts";
import { entriesOf, type Image, pack } from "../images/oci.ts";

/** Where a node's containerd keeps what it knows: on the node's volume, which starts as a copy of this folder of its image. */
const containerdRoot = "/var/lib/containerd";
/** Where a node has layers unpacked: in its root file system, which is that of all nodes until one writes there. */
const layersFolder = "/node/layers";

/** What of containerd's own folder tells of images. */
const kept = ["io.containerd.content.v1.content", "io.containerd.metadata.v1.bolt"] as const;
const snapshotter = "io.containerd.snapshotter.v1.overlayfs";

/**
 * What a node's containerd knows from its first start on. Kubernetes and the mesh begin without a copy of a single image: their layers
 * lie unpacked in the node's image, once for all nodes, and containerd finds a link in their place. It writes its databases itself,
 * here and now, and is told the layers' names alone: it does without their archives, as it does with snapshotters that
 * fetch layers when somebody reads them.
 *
 * @param debian - root file system with the containerd of the nodes.
 * @param work - folder for what it writes meanwhile.
 */
export async function imageStore(images: readonly Image[], debian: string, work: string): Promise<Tree> {
  const root = join(work, "containerd");
  const { manifests, documents, layers } = await pack(images);
  const unpacked = new Map<string, Tree>();
  await withContainerd(debian, root, async (ctr) => {
    const snapshots = (...words: string[]) => ctr(["snapshots", "--snapshotter=overlayfs", ...words]);
    const folders = () => readdir(join(root, snapshotter, "snapshots")).catch(() => []);
    const known = new Set<string>();
    for (const own of layers) {
      const chains = chainIds(own.map(({ digest }) => digest));
      for (const [index, chain] of chains.entries()) {
        const tree = own[index]?.tree;
        if (!tree || known.has(chain)) continue;
        known.add(chain);
        const before = new Set(await folders());
        await snapshots("prepare", `layer-${known.size}`, ...chains.slice(Math.max(0, index - 1), index));
        const made = (await folders()).find((name) => !before.has(name));
        if (made === undefined) throw new Error(`containerd made no folder for the layer ${chain}`);
        unpacked.set(made, tree);
        await snapshots("commit", chain, `layer-${known.size}`);
      }
    }
    // It unpacks nothing, as all layers are there, and notes which images hold them.
    const archive = Readable.from(tarOf(await archiveTree(manifests, entriesOf(documents))));
    await ctr(["images", "import", "--snapshotter=overlayfs", "-"], { input: archive });
  });
  const place = join(containerdRoot, snapshotter);
  return treeOf(
    ...kept.map((name) => copyOf(join(root, name), join(containerdRoot, name))),
    copyOf(join(root, snapshotter), place, (path) => !path.startsWith(`${place}/snapshots/`)),
    ...[...unpacked].flatMap(([name, tree]) => [
      link(`${place}/snapshots/${name}`, `${layersFolder}/${name}`),
      below(`${layersFolder}/${name}/fs`, tree),
    ]),
  );
}

type Ctr = (words: readonly string[], options?: RunOptions) => Promise<string>;

/** How long containerd may take to start, in milliseconds: it loads two small databases. */
const startPatience = 30_000;

/** Runs the nodes' containerd on this machine, for what it keeps in a folder: it starts no container, and leaves nothing elsewhere. */
async function withContainerd(debian: string, root: string, use: (ctr: Ctr) => Promise<void>): Promise<void> {
  // A socket's path has at most 107 bytes, and the cache may lie deep. One node image is made at a time.
  const state = join(tmpdir(), "mesh-containerd");
  await rm(state, { recursive: true, force: true });
  for (const folder of [state, root]) await mkdir(folder, { recursive: true, mode: 0o700 });
  const [socket, config] = [join(state, "socket"), join(state, "config.toml")];
  await writeFile(config, configOf(root, state, socket));
  const ending = new AbortController();
  const ended = attempt(...debianProgram(debian, "containerd", ["--config", config]), { stop: ending.signal });
  try {
    const ctr: Ctr = (words, options) =>
      output(...debianProgram(debian, "ctr", ["--address", socket, "--namespace=k8s.io", ...words]), options);
    await untilUp(ctr, ended);
    await use(ctr);
  } finally {
    ending.abort();
    await ended.catch(() => undefined);
    await rm(state, { recursive: true, force: true });
  }
}

async function untilUp(ctr: Ctr, ended: Promise<{ readonly all: string }>, until = Date.now() + startPatience): Promise<void> {
  const failed = ended.then(
    ({ all }) => new CommandError("containerd", all),
    (error: unknown) => error,
  );
  for (;;) {
    try {
      await ctr(["version"]);
      return;
    } catch (error) {
      const reason = await Promise.race([failed, pause(50)]);
      if (reason) throw reason;
      if (!(error instanceof CommandError) || Date.now() > until) throw error;
    }
  }
}

/** A program of the nodes' Debian on this machine, by its own linker: the machine's C library may be older. */
function debianProgram(debian: string, name: string, args: readonly string[]): [string, string[]] {
  const libraries = ["--library-path", join(debian, "usr/lib/x86_64-linux-gnu")];
  return [join(debian, "lib64/ld-linux-x86-64.so.2"), [...libraries, join(debian, "usr/bin", name), ...args]];
}

/** Without what would make folders elsewhere or look for other file systems. */
const unused = [
  "grpc.v1.cri",
  "internal.v1.opt",
  ...["aufs", "btrfs", "devmapper", "native", "zfs"].map((name) => `snapshotter.v1.${name}`),
];

function configOf(root: string, state: string, socket: string): string {
  const disabled = unused.map((name) => `"io.containerd.${name}"`);
  return `version = 2
root = "${root}"
state = "${state}"
disabled_plugins = [${disabled.join(", ")}]

[grpc]
  address = "${socket}"
`;
}
