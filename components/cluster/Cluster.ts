import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

/** A cluster that is ready for objects, however it came about. */
export interface Cluster {
  /** What every Kubernetes object goes through. Whatever the cluster needs beforehand, such as images, this waits for. */
  readonly provider: k8s.Provider;
  /** A secret: whoever holds it administers the cluster. */
  readonly kubeconfig: pulumi.Output<string>;
  /** The context in the kubeconfig. */
  readonly context: pulumi.Output<string>;
  /**
   * What everything on it depends on: whatever makes load balancers of gateways and, as things go in the opposite order,
   * takes them away again; and identities, which pods get when they are made, or never. Nothing where there is neither.
   */
  readonly ready: readonly pulumi.Resource[];
}
