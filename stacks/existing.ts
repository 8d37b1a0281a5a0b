import { ExistingCluster } from "../components/cluster/ExistingCluster.ts";
import { type Exposure, onNodes } from "../components/gateway/exposure.ts";
import type { ExistingConfig } from "../config.ts";
import { contextServer } from "../model/kubeconfig.ts";
import { resolveCommon } from "./common.ts";
import type { Target } from "./Target.ts";

type Existing = ExistingConfig["existing"];

/** A cluster that runs already, whose gateways are reached as its owner says. */
export async function existingTarget(config: ExistingConfig): Promise<Target> {
  const { kubeconfig, context, exposure, storageClass, networkPolicies, callerAddresses, platform } = config.existing;
  const { dnsAddresses, apiServerPort, clusterRanges } = config.existing;
  const ports = [apiServerPort, portOf(contextServer(kubeconfig, context))];
  return {
    ...resolveCommon(config),
    cluster: new ExistingCluster("existing", { kubeconfig, context }),
    exposure: { kong: expose(exposure, "http", "https"), istio: expose(exposure, "istio", "istioTls") },
    replicas: { istiod: 2, gateway: 2 },
    proxyCpu: "100m",
    ...(storageClass === undefined ? {} : { storageClass }),
    networkPolicies,
    ...(platform && { platform }),
    surroundings: {
      openshiftDns: platform === "openshift",
      dnsAddresses,
      ...(clusterRanges && { clusterRanges }),
      apiServerPorts: ports.filter((port) => port !== undefined),
    },
    callerAddresses,
  };
}

/** The port of a URL; undefined when it says none of its own. */
function portOf(server: string | undefined): number | undefined {
  const port = server !== undefined && URL.canParse(server) ? new URL(server).port : "";
  return port === "" ? undefined : Number(port);
}

type NodePorts = Extract<Existing["exposure"], { type: "NodePort" }>["ports"];

function expose(exposure: Existing["exposure"], http: keyof NodePorts, https: keyof NodePorts): Exposure {
  if (exposure.type === "NodePort") {
    const { host, ports } = exposure;
    return onNodes(host, { http: ports[http], https: ports[https] });
  }
  const { type, annotations, loadBalancerClass } = exposure;
  return {
    service: { type, annotations, ...(loadBalancerClass === undefined ? {} : { loadBalancerClass }) },
    host: "load-balancer",
    ports: { http: 80, https: 443 },
  };
}
