import process from "node:process";
import { Command, InvalidArgumentError } from "commander";
import { type BuiltImage, ensureImages, fullName, imageReference } from "../airgap/index.ts";
import { consoleProgress } from "../lib/progress.ts";
import type { KindSpec } from "../model/kindSpec.ts";
import { loadImages } from "./kind/images.ts";
import { deleteCluster, ensureCluster, readCluster } from "./kind/kindCluster.ts";
import { runCommand, tellAsJson } from "./support/main.ts";

/*
 * The cluster's command line, which the KindCluster component runs: one command, one line of JSON on standard output;
 * progress and, last, what went wrong on standard error, the latter as JSON on standard output too.
 */

interface Options {
  readonly spec: KindSpec;
}

const progress = consoleProgress();
const program = new Command("cluster").description("creates, reads, fills and deletes a kind cluster");

function command(name: string, description: string): Command {
  return program.command(name).description(description).requiredOption("--spec <json>", "the cluster, as JSON", parseSpec);
}

command("ensure", "create the cluster, start it again, or find it running").action(async ({ spec }: Options) => {
  answer(await ensureCluster(spec, progress));
});

command("read", "tell whether the cluster runs").action(async ({ spec }: Options) => {
  answer(await readCluster(spec));
});

command("load", "load images into the nodes that lack them")
  .option("--images <names>", "images that are built here, by reference, separated by commas", (text) => text.split(","), [])
  .action(async ({ spec, images }: Options & { readonly images: readonly string[] }) => {
    const built = images.length > 0 ? await ensureImages(await known(images), progress) : [];
    answer(await loadImages(spec, built, progress));
  });

command("delete", "delete the cluster and all that came with it").action(async ({ spec }: Options) => {
  await deleteCluster(spec, progress);
  answer({});
});

await runCommand(program, process.argv, tellAsJson);

function answer(result: object): void {
  console.log(JSON.stringify(result));
}

function parseSpec(text: string): KindSpec {
  try {
    return JSON.parse(text) as KindSpec;
  } catch {
    throw new InvalidArgumentError("It is not JSON.");
  }
}

/** What the images are built of. Loaded only where some are built. */
async function known(references: readonly string[]): Promise<BuiltImage[]> {
  const { builtImages } = await import("../plan.ts");
  const all = new Map(builtImages().map((image) => [fullName(imageReference(image)), image]));
  return references.map((reference) => {
    const found = all.get(reference);
    if (!found) throw new InvalidArgumentError(`${reference} is none of ${[...all.keys()].join(", ")}.`);
    return found;
  });
}
