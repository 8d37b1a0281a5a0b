import * as pulumi from "@pulumi/pulumi";
import type { KindSpec } from "../../model/kindSpec.ts";
import { madeHere } from "../support/madeHere.ts";

/** The nodes of a kind cluster, as containers of Docker or podman. `provider/kindNodes.ts` makes them. */
export class KindNodes extends pulumi.CustomResource {
  declare readonly kubeconfig: pulumi.Output<string>;
  declare readonly context: pulumi.Output<string>;
  /** Tells this cluster from an earlier or later one of the same name. */
  declare readonly instance: pulumi.Output<string>;
  /** A cluster keeps its identity for as long as Pulumi does not replace it: the objects in it are then the same ones. */
  declare readonly identifier: pulumi.Output<string>;

  constructor(name: string, args: { readonly spec: KindSpec }, opts: pulumi.CustomResourceOptions) {
    const { type, outputs, ...own } = madeHere("kind:Nodes", ["kubeconfig", "context", "instance", "identifier", "running"]);
    const secret = { additionalSecretOutputs: ["kubeconfig"] };
    super(type, name, { ...args, ...outputs }, pulumi.mergeOptions(opts, { ...own, ...secret }));
  }
}
