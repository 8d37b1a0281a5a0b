import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { writeArchive } from "../../../airgap/images/oci.ts";
import type { ImageArchive } from "../../../airgap/index.ts";
import { readArchive } from "../../../cli/kind/archive.ts";
import { loadImages } from "../../../cli/kind/images.ts";
import { UserError } from "../../../lib/errors.ts";
import { chainIds } from "../../../lib/oci.ts";
import { output } from "../../../lib/process.ts";
import type { Progress } from "../../../lib/progress.ts";
import { type Tree, text, treeOf } from "../../../lib/tree.ts";
import type { KindSpec } from "../../../model/kindSpec.ts";
import { Fakes } from "./support/fakes.ts";

const progress: Progress = { step: (_title, work) => work(() => {}), note: () => {} };

let fakes: Fakes;
let spec: KindSpec;
let nodes: { controlPlane: string; worker: string; worker2: string };
let images: { a: ImageArchive; b: ImageArchive };
/** What was asked for in files. */
let asked: string[];

beforeEach(async () => {
  fakes = new Fakes();
  spec = { name: fakes.cluster, workers: 2, sources: "built", nodeImage: "node", ports: [] };
  nodes = { controlPlane: `${spec.name}-control-plane`, worker: `${spec.name}-worker`, worker2: `${spec.name}-worker2` };
  fakes.node({ name: nodes.controlPlane, role: "control-plane" });
  fakes.node({ name: nodes.worker });
  fakes.node({ name: nodes.worker2 });
  asked = [];
  const shared = await treeOf(text("/shared", "by both"));
  images = {
    a: await imageFile("a", shared, await treeOf(text("/a", "a"))),
    b: await imageFile("b", shared, await treeOf(text("/b", "b"))),
  };
});
afterEach(() => fakes.remove());

async function imageFile(name: string, ...layers: Tree[]): Promise<ImageArchive> {
  const [archive, reference] = [join(fakes.folder, `${name}.tar`), `localhost/${name}:1`];
  await writeArchive(archive, [{ reference, layers, config: {} }]);
  return { archive, reference };
}

function load(...files: (ImageArchive & { everyNode?: boolean })[]) {
  const archives = async (references: readonly string[]) => {
    asked.push(...references);
    return files.filter(({ reference }) => references.includes(reference));
  };
  const needed = files.map(({ reference, everyNode = true }) => ({ reference, everyNode }));
  return loadImages(spec, needed, archives, progress);
}

/** What a node was given: names of images, and digests of what they are made of. */
async function taken(node: string) {
  const file = fakes.taken(node);
  if (!file) return undefined;
  const index = JSON.parse(await output("tar", ["--extract", "--to-stdout", "--file", file, "index.json"]));
  const listed = (await output("tar", ["--list", "--file", file])).split("\n");
  return {
    images: index.manifests.map(
      (entry: { annotations: Record<string, string> }) => entry.annotations["io.containerd.image.name"],
    ),
    blobs: listed.flatMap((path) => (/^blobs\/sha256\/.+/.test(path) ? [path.replace("blobs/sha256/", "sha256:")] : [])),
  };
}

test("a node gets what it lacks in one archive, with what images share a single time", async () => {
  expect(await load(images.a, images.b)).toEqual({ loaded: ["localhost/a:1", "localhost/b:1"] });
  for (const node of Object.values(nodes)) {
    const given = await taken(node);
    expect(given?.images).toEqual(["localhost/a:1", "localhost/b:1"]);
    expect(new Set(given?.blobs).size).toBe(given?.blobs.length);
    expect(given?.blobs).toHaveLength(3 + 2 * 2); // three layers, and a manifest and a configuration for each image
  }
});

test("every blob has the bytes that its digest says", async () => {
  await load(images.a, images.b);
  const folder = join(fakes.folder, "nodes", nodes.worker);
  await output("tar", ["--extract", "--file", fakes.taken(nodes.worker) ?? "", "--directory", folder]);
  for (const digest of (await taken(nodes.worker))?.blobs ?? []) {
    const bytes = readFileSync(join(folder, "blobs", digest.replace(":", "/")));
    expect(`sha256:${createHash("sha256").update(bytes).digest("hex")}`).toBe(digest);
  }
});

test("loads each image only into the nodes that lack it", async () => {
  for (const node of [nodes.controlPlane, nodes.worker2]) fakes.images(node, "localhost/b:1");
  fakes.images(nodes.worker, "localhost/a:1", "localhost/b:1");
  expect(await load(images.a, images.b)).toEqual({ loaded: ["localhost/a:1"] });
  expect(asked).toEqual(["localhost/a:1"]);
  expect(await taken(nodes.worker)).toBeUndefined();
  expect((await taken(nodes.worker2))?.images).toEqual(["localhost/a:1"]);
});

test("leaves out what the node has of another image, and unpacks nothing before it is needed", async () => {
  await load(images.a);
  const known = (await taken(nodes.worker))?.blobs ?? [];
  fakes.images(nodes.worker, "localhost/a:1");
  fakes.content(nodes.worker, ...known);
  await load(images.a, images.b);
  expect((await taken(nodes.worker))?.images).toEqual(["localhost/b:1"]);
  expect((await taken(nodes.worker))?.blobs).toHaveLength(3); // its own layer, manifest and configuration
  expect(fakes.calls.at(-1)).toMatch(/ctr --namespace=k8s.io images import --no-unpack -$/);
});

test("leaves out a layer that lies unpacked on the node on the same layers as in the image, and on no others", async () => {
  const [first, second] = [await treeOf(text("/first", "1")), await treeOf(text("/second", "2"))];
  const [lower, upper, alone] = [
    await imageFile("lower", first),
    await imageFile("upper", first, second),
    await imageFile("alone", second),
  ];
  const chains = chainIds((await readArchive(upper.archive))[0]?.layers ?? []);
  expect(chains).toHaveLength(2);
  const given = async () => {
    await load(lower, upper, alone);
    return (await taken(nodes.worker))?.blobs.length;
  };
  const documents = 3 * 2;
  expect(await given()).toBe(documents + 2);
  fakes.unpacked(nodes.worker, ...chains.slice(0, 1));
  expect(await given()).toBe(documents + 1);
  // The second layer by itself is another one than on top of the first.
  fakes.unpacked(nodes.worker, ...chains);
  expect(await given()).toBe(documents + 1);
  fakes.images(nodes.worker, alone.reference);
  expect(await given()).toBe(documents - 2);
});

test("a control plane gets what runs on every node alone", async () => {
  const everywhere = { ...images.a, everyNode: true };
  const elsewhere = { ...images.b, everyNode: false };
  expect(await load(everywhere, elsewhere)).toEqual({ loaded: ["localhost/a:1", "localhost/b:1"] });
  expect((await taken(nodes.controlPlane))?.images).toEqual(["localhost/a:1"]);
  expect((await taken(nodes.worker))?.images).toEqual(["localhost/a:1", "localhost/b:1"]);

  for (const node of [nodes.worker, nodes.worker2]) fakes.images(node, "localhost/a:1", "localhost/b:1");
  fakes.images(nodes.controlPlane, "localhost/a:1");
  expect(await load(everywhere, elsewhere)).toEqual({ loaded: [] });
});

test("sends everything where a node threw away meanwhile what it had", async () => {
  const whole = async () => (await taken(nodes.worker))?.blobs;
  await load(images.a);
  const all = await whole();
  fakes.content(nodes.worker, ...(all ?? []));
  fakes.refuseImages(nodes.worker);
  await load(images.a);
  expect(await whole()).toEqual(all);
});

describe("refusals", () => {
  test("a node's own words, when it takes nothing in", async () => {
    fakes.program("podman", `${fakes.script("podman").replace('cat > "$3/taken.tar"', 'echo "no space left" >&2; exit 1')}`);
    await expect(load(images.a)).rejects.toThrow("no space left");
  });

  test("an archive of another image", async () => {
    await expect(load({ ...images.a, reference: "localhost/c:1" })).rejects.toThrow(/a\.tar holds no image localhost\/c:1/);
  });

  test("a file that is no OCI archive", async () => {
    await output("tar", ["--create", "--file", join(fakes.folder, "x.tar"), "--directory", fakes.folder, "a.tar"]);
    const file = { reference: "localhost/a:1", archive: join(fakes.folder, "x.tar") };
    await expect(load(file)).rejects.toThrow(/x\.tar is damaged: it has no index\.json/);
  });

  test.each([0, 400, 3_000])("an archive that was cut short after %p bytes, as one error with what to do", async (length) => {
    const whole = readFileSync(images.a.archive);
    writeFileSync(images.a.archive, whole.subarray(0, length));
    const loading = load(images.a);
    await expect(loading).rejects.toThrow(UserError);
    await expect(loading).rejects.toThrow(/a\.tar is damaged: .*: rm \S*a\.tar$/);
    expect(fakes.taken(nodes.worker)).toBeUndefined();
  });
});
