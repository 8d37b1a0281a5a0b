import { nodeImageReference } from "../airgap/names.ts";
import type { KindSpec } from "../cli/kind/spec.ts";
import { publishedNodeImage } from "../components/support/versions.ts";
import type { Config } from "../config.ts";

/** The node ports behind the cluster's host ports. Fixed, because a kind cluster's port mappings cannot change while it lives. */
export const nodePorts = { http: 30080, https: 30443, istio: 30808 } as const;

/** The kind cluster a configuration asks for. */
export function kindSpec({ cluster: { name, workers, ports }, sources }: Config): KindSpec {
  return {
    name,
    workers,
    sources,
    nodeImage: sources === "built" ? nodeImageReference() : publishedNodeImage,
    ports: [
      { hostPort: ports.http, nodePort: nodePorts.http },
      { hostPort: ports.https, nodePort: nodePorts.https },
      { hostPort: ports.istio, nodePort: nodePorts.istio },
    ],
  };
}
