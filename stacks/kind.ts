import { fullName, imageReference, nodeImageReference } from "../airgap/names.ts";
import { onNodes } from "../components/gateway/exposure.ts";
import type { KindConfig } from "../config.ts";
import type { DeclaredApplication } from "../model/application.ts";
import { imageName } from "../model/image.ts";
import type { KindSpec } from "../model/kindSpec.ts";
import { imagesToLoad, resolveImage } from "./images.ts";
import type { Target } from "./Target.ts";

/** The node ports behind the cluster's host ports. Fixed, because a kind cluster's port mappings cannot change while it lives. */
export const nodePorts = { http: 30080, https: 30443, istio: 30808, istioTls: 30843 } as const;

/** The kind cluster a configuration asks for. */
export function kindSpec(config: KindConfig): KindSpec {
  const { name, workers, ports } = config.cluster;
  const keys = Object.keys(nodePorts) as (keyof typeof nodePorts)[];
  return {
    name,
    workers,
    sources: config.sources,
    nodeImage: config.sources === "built" ? nodeImageReference() : imageName(resolveImage(config, "node")),
    ports: keys.map((key) => ({ hostPort: ports[key], nodePort: nodePorts[key] })),
  };
}

/** A kind cluster on this machine, whose gateways are reached through ports of the loopback address. */
export async function kindTarget(config: KindConfig, applications: readonly DeclaredApplication[]): Promise<Target> {
  // The command line reads the rest of this module too, and has no use for Pulumi.
  const { KindCluster } = await import("../components/cluster/KindCluster.ts");
  const { resolveCommon } = await import("./common.ts");
  const images = imagesToLoad(config, applications).map((image) => ({
    name: image.name,
    reference: fullName(imageReference(image)),
  }));
  return {
    ...resolveCommon(config),
    cluster: new KindCluster(config.cluster.name, { spec: kindSpec(config), images }),
    exposure: { kong: exposure(config, "http", "https"), istio: exposure(config, "istio", "istioTls") },
    replicas: { istiod: 1, gateway: 2 },
    // Each node counts all cores of this machine as its own: what they keep is nobody's share of anything.
    proxyCpu: "10m",
    // Requests come through a port of this machine, and from then on they are those of the nodes' bridge.
    callerAddresses: "lost",
    // kind's own network holds pods to them; the one that is built here does not know them.
    networkPolicies: config.sources === "built" ? "stored" : "enforced",
  };
}

function exposure({ cluster: { ports } }: KindConfig, http: keyof typeof nodePorts, https: keyof typeof nodePorts) {
  const behind = { http: nodePorts[http], https: nodePorts[https] };
  return onNodes("localhost", behind, { http: ports[http], https: ports[https] });
}
