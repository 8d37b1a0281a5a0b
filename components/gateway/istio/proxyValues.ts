import * as pulumi from "@pulumi/pulumi";
import { type Bounds, defaultBounds } from "../../../model/gatewayBounds.ts";
import type { Values } from "../../support/helm.ts";
import { drain, type Exposure, withdrawal } from "../exposure.ts";
import { overloadAnnotations } from "./overload.ts";

export interface Proxies {
  readonly service: Exposure["service"];
  readonly replicas: number;
  /** How much of a core a node keeps for each, such as `100m`. */
  readonly proxyCpu: string;
  /** Of the control plane they belong to. @default the only one */
  readonly revision: string | undefined;
  readonly podAnnotations: Readonly<Record<string, string>> | undefined;
  /** @default {@link defaultBounds} */
  readonly bounds?: Bounds;
  /** Name of the ConfigMap in their namespace that has their {@link overloadManager}. */
  readonly overload: string;
}

/**
 * Values of Istio's gateway chart: proxies without any privilege, spread over the nodes, of which each new one answers
 * before an old one leaves, and an old one leaves only when no requests come to it any more.
 */
export function proxyValues(args: Proxies): Values {
  const { service, replicas, proxyCpu, revision, podAnnotations, bounds = defaultBounds, overload } = args;
  const leaving = withdrawal[service.type];
  const config = {
    terminationDrainDuration: `${drain}s`,
    proxyMetadata: { ISTIO_META_GLOBAL_DOWNSTREAM_MAX_CONNECTIONS: String(bounds.maxConnections) },
  };
  return {
    ...(revision === undefined ? {} : { revision }),
    service: serviceValues(service),
    securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
    autoscaling: { enabled: false },
    replicaCount: replicas,
    resources: { requests: { cpu: proxyCpu, memory: "64Mi" }, limits: { cpu: "2", memory: bounds.memory } },
    strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
    lifecycle: { preStop: { sleep: { seconds: leaving } } },
    podAnnotations: {
      ...podAnnotations,
      ...overloadAnnotations(overload, bounds),
      "proxy.istio.io/config": JSON.stringify(config),
    },
    terminationGracePeriodSeconds: leaving + drain + 10,
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: "kubernetes.io/hostname",
        whenUnsatisfiable: "DoNotSchedule",
        // Nodes that take no such pods, a control plane or a dead worker, are not waited for.
        nodeTaintsPolicy: "Honor",
        labelSelector: { matchLabels: { istio: "ingressgateway" } },
        // Or the pods of the last revision, which are about to leave, would count.
        matchLabelKeys: ["pod-template-hash"],
      },
    ],
    // A budget of one for a single pod would only ever keep its node from being drained.
    ...(replicas > 1 && { podDisruptionBudget: { maxUnavailable: 1 } }),
  };
}

function serviceValues({ type, nodePorts, annotations, loadBalancerClass }: Exposure["service"]): Values {
  const port = (name: string, number: number, targetPort: number, nodePort?: number) => ({
    name,
    port: number,
    targetPort,
    protocol: "TCP",
    ...(nodePort === undefined ? {} : { nodePort }),
  });
  return {
    type,
    ...(annotations && { annotations: outputs(annotations) }),
    ...(loadBalancerClass === undefined ? {} : { loadBalancerClass }),
    // Listening above 1024 needs neither a capability nor a sysctl.
    ports: [
      port("status-port", 15021, 15021),
      port("http", 80, 8080, nodePorts?.http),
      port("https", 443, 8443, nodePorts?.https),
    ],
  };
}

function outputs(annotations: NonNullable<Exposure["service"]["annotations"]>): Values {
  return Object.fromEntries(Object.entries(annotations).map(([key, value]) => [key, pulumi.output(value)]));
}
