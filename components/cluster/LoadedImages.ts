import * as pulumi from "@pulumi/pulumi";
import type { KindSpec } from "../../model/kindSpec.ts";
import { madeHere } from "../support/madeHere.ts";

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

/**
 * Built images in the storage of a kind cluster's nodes; those that are there already are not loaded again. `provider/loadedImages.ts`
 * loads them.
 */
export class LoadedImages extends pulumi.CustomResource {
  constructor(
    name: string,
    args: pulumi.Inputs & { [K in keyof Inputs]: pulumi.Input<Inputs[K]> },
    opts: pulumi.CustomResourceOptions,
  ) {
    const { type, outputs, ...own } = madeHere("kind:LoadedImages");
    super(type, name, { ...args, ...outputs }, pulumi.mergeOptions(opts, own));
  }
}
