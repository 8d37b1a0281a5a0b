import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { KindSpec } from "../../model/kindSpec.ts";
import type { Cluster } from "./Cluster.ts";
import { KindNodes } from "./KindNodes.ts";
import { type BuiltImageReference, LoadedImages } from "./LoadedImages.ts";

export interface KindClusterArgs {
  readonly spec: KindSpec;
  /** Images that the nodes must have before anything is deployed, as they can be pulled from nowhere. */
  readonly images?: readonly BuiltImageReference[];
}

/** A kind cluster on this machine: one control plane, workers, and node ports behind ports of the loopback address. */
export class KindCluster extends pulumi.ComponentResource implements Cluster {
  readonly provider: k8s.Provider;
  readonly kubeconfig: pulumi.Output<string>;
  readonly context: pulumi.Output<string>;
  /** Node ports are there from the start. */
  readonly ready: readonly pulumi.Resource[] = [];

  constructor(name: string, { spec, images = [] }: KindClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mesh:cluster:KindCluster", name, {}, opts);

    const named = { ...spec, stack: pulumi.getStack() };
    const nodes = new KindNodes(`${name}-nodes`, { spec: named }, { parent: this, customTimeouts: { create: "60m" } });
    const loaded = images.length > 0 ? [this.loadImages(name, spec, images, nodes)] : [];
    this.kubeconfig = nodes.kubeconfig;
    this.context = nodes.context;
    this.provider = new k8s.Provider(
      name,
      {
        kubeconfig: nodes.kubeconfig,
        context: nodes.context,
        // Without it, a new port or certificate in the kubeconfig would look like another cluster and replace everything in it.
        clusterIdentifier: nodes.identifier,
        enableServerSideApply: true,
        // Otherwise a Secret whose content changes is deleted, and for a moment there is none.
        enableSecretMutable: true,
      },
      { parent: this, dependsOn: loaded },
    );

    this.registerOutputs({ kubeconfig: this.kubeconfig, context: this.context });
  }

  private loadImages(
    name: string,
    spec: KindSpec,
    images: readonly BuiltImageReference[],
    { instance }: KindNodes,
  ): LoadedImages {
    return new LoadedImages(`${name}-images`, { spec, images, instance }, { parent: this });
  }
}
