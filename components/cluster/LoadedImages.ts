import * as pulumi from "@pulumi/pulumi";
import type { KindSpec } from "../../model/kindSpec.ts";
import { runKindCli } from "./kindCli.ts";

/** An image that is made on this machine and can be pulled from nowhere. */
export interface BuiltImageReference {
  /** What `airgap/` calls it. */
  readonly name: string;
  /** What pods call it; changes with what it is built from. */
  readonly reference: string;
}

interface Inputs {
  readonly spec: KindSpec;
  readonly images: readonly BuiltImageReference[];
  readonly instance: string;
}

async function load({ spec, images }: Inputs): Promise<void> {
  await runKindCli("load", spec, "--images", images.map(({ reference }) => reference).join(","));
}

/** Thin on purpose, as {@link kindProvider} is. Images go with their nodes, so there is nothing to delete. */
export const loadedImagesProvider: pulumi.dynamic.ResourceProvider<Inputs, Inputs> = {
  async create(inputs) {
    await load(inputs);
    return { id: inputs.spec.name, outs: inputs };
  },

  async diff(_id, olds, news) {
    const other = JSON.stringify(olds.images) !== JSON.stringify(news.images);
    return { changes: other || olds.instance !== news.instance };
  },

  async update(_id, _olds, news) {
    await load(news);
    return { outs: news };
  },
};

/** Built images in the storage of a kind cluster's nodes; those that are there already are not loaded again. */
export class LoadedImages extends pulumi.dynamic.Resource {
  constructor(
    name: string,
    args: pulumi.Inputs & { [K in keyof Inputs]: pulumi.Input<Inputs[K]> },
    opts: pulumi.CustomResourceOptions,
  ) {
    super(loadedImagesProvider, name, args, opts, "kind", "LoadedImages");
  }
}
