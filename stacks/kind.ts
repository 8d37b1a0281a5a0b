import { builtImages, imageReference, nodeImageReference } from "../airgap/names.ts";
import type { KindSpec } from "../cli/kind/spec.ts";
import type { BuiltImageReference } from "../components/cluster/LoadedImages.ts";
import { publishedNodeImage } from "../components/support/versions.ts";
import type { Config } from "../config.ts";
import { resolveSources } from "./sources.ts";
import type { Target } from "./Target.ts";

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

/** A kind cluster on this machine, whose gateways are reached through ports of the loopback address. */
export async function kindTarget(config: Config): Promise<Target> {
  // The command line reads the rest of this module too, and has no use for Pulumi.
  const { KindCluster } = await import("../components/cluster/KindCluster.ts");
  const images = config.sources === "built" ? builtImages.map(toLoad) : [];
  return {
    ...resolveSources(config.sources),
    cluster: new KindCluster(config.cluster.name, { spec: kindSpec(config), images }),
    exposure: {
      istio: { service: { type: "NodePort", nodePorts: { http: nodePorts.istio } }, url: localUrl(config.cluster.ports.istio) },
    },
    replicas: { istiod: 1, gateway: 1 },
  };
}

function toLoad(name: (typeof builtImages)[number]): BuiltImageReference {
  const { repository, tag } = imageReference(name);
  return { name, reference: `${repository}:${tag}` };
}

function localUrl(port: number): string {
  return port === 80 ? "http://localhost" : `http://localhost:${port}`;
}
