import { stringify } from "yaml";
import { ownerMount } from "./runtime.ts";
import type { KindSpec } from "./spec.ts";

/** The configuration that the kind command line reads. */
export function kindConfig({ name, workers, nodeImage, ports }: KindSpec, owner: { readonly hostPath: string }): string {
  const extraMounts = [{ ...owner, containerPath: ownerMount, readOnly: true }];
  const node = { image: nodeImage, extraMounts };
  return stringify(
    {
      kind: "Cluster",
      apiVersion: "kind.x-k8s.io/v1alpha4",
      name,
      networking: { ipFamily: "ipv4" },
      nodes: [
        {
          role: "control-plane",
          ...node,
          extraPortMappings: ports.map(({ hostPort, nodePort }) => ({
            containerPort: nodePort,
            hostPort,
            // Reachable from this machine alone.
            listenAddress: "127.0.0.1",
          })),
        },
        ...Array.from({ length: workers }, () => ({ role: "worker", ...node })),
      ],
    },
    { aliasDuplicateObjects: false },
  );
}
