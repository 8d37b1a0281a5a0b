import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

/*
 * Volumes that outlive what uses them.
 */

/** What cannot be changed in place is refused, as the name is taken: what holds data is never deleted for its successor. */
export const inPlace = { deleteBeforeReplace: false } as const;

/** How large a volume is, and of which class. */
export interface Volume {
  readonly size: string;
  /** @default the cluster's own */
  readonly storageClass?: string | undefined;
}

/** What a claim asks for. */
export function claimSpec({ size, storageClass }: Volume): k8s.types.input.core.v1.PersistentVolumeClaimSpec {
  return {
    accessModes: ["ReadWriteOnce"],
    resources: { requests: { storage: size } },
    ...(storageClass === undefined ? {} : { storageClassName: storageClass }),
  };
}

/**
 * A claim as a resource of its own, as that of a StatefulSet's template could never grow: the template cannot change. No change of the
 * program takes data away; it goes with the namespace.
 */
export function createClaim(
  name: string,
  metadata: k8s.types.input.meta.v1.ObjectMeta,
  volume: Volume,
  opts: pulumi.CustomResourceOptions,
) {
  const lasting = { ...opts, ...inPlace, retainOnDelete: true };
  return new k8s.core.v1.PersistentVolumeClaim(name, { metadata, spec: claimSpec(volume) }, lasting);
}
