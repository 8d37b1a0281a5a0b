import type { KindSpec } from "../model/kindSpec.ts";
import type { ResourceKind } from "./resource.ts";

interface Inputs {
  readonly spec: KindSpec;
  /** By what `airgap/` calls them, and by what pods call them. */
  readonly images: readonly { readonly name: string; readonly reference: string }[];
  /** Of the cluster: another one of the same name has none of the images. */
  readonly instance: string;
}

/** Loads images that are built here into the nodes that lack them. */
export type LoadImages = (spec: KindSpec, references: readonly string[]) => Promise<unknown>;

/** Built images in the storage of a kind cluster's nodes. They go with their nodes, so there is nothing to delete. */
export function loadedImages(load: LoadImages): ResourceKind<Inputs, Inputs> {
  const loaded = async (inputs: Inputs) => {
    await load(
      inputs.spec,
      inputs.images.map(({ reference }) => reference),
    );
    return inputs;
  };
  return {
    create: async (inputs) => ({ id: inputs.spec.name, outputs: await loaded(inputs) }),
    diff: (olds, news) => ({
      changes: JSON.stringify(olds.images) !== JSON.stringify(news.images) || olds.instance !== news.instance,
    }),
    update: (_olds, news) => loaded(news),
  };
}
