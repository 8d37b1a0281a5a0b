import * as pulumi from "@pulumi/pulumi";
import type { Values } from "../../support/helm.ts";
import { type Image, imageName } from "../../support/image.ts";
import { publishedImages } from "../../support/versions.ts";
import type { Exposure } from "../exposure.ts";
import { ingressClass } from "./resources.ts";

export interface KongImages {
  /** Kong of the 3.9 series, the last that needs no licence to take its configuration from a controller. */
  readonly kong: Image;
  /** Kong's ingress controller. */
  readonly controller: Image;
}

export interface KongValuesArgs {
  readonly images: KongImages;
  readonly exposure: Exposure;
  readonly replicas: number;
  readonly podAnnotations: Readonly<Record<string, string>>;
}

/** Values of the chart kong/kong: without a database, in the mesh, nothing of it but the proxy reachable for others. */
export function kongValues({ images, exposure, replicas, podAnnotations }: KongValuesArgs): Values {
  return {
    image: imageValues(images.kong, publishedImages.kong.tag),
    env: {
      database: "off",
      proxy_access_log: "/dev/stdout",
      // Nobody outside is told that this runs.
      anonymous_reports: "off",
    },
    ingressController: {
      image: imageValues(images.controller, publishedImages.kongController.tag),
      ingressClass,
      // As a part of the release they are upgraded with it, and go with it.
      installCRDs: true,
      env: { anonymous_reports: "false" },
      resources: { requests: { cpu: "20m", memory: "96Mi" }, limits: { cpu: "1", memory: "512Mi" } },
    },
    proxy: proxyValues(exposure),
    // Its configuration is the controller's business alone, which is in the same pod: without a Service it listens on the loopback address.
    admin: { enabled: false, http: { enabled: false }, tls: { enabled: true } },
    manager: { enabled: false },
    portal: { enabled: false },
    portalapi: { enabled: false },
    podAnnotations: {
      // What comes in is not of the mesh, and TLS ends in Kong: the proxy beside it takes what goes out alone.
      "traffic.sidecar.istio.io/includeInboundPorts": "",
      ...podAnnotations,
    },
    replicaCount: replicas,
    // A budget for a single pod would only ever keep its node from being drained.
    podDisruptionBudget: replicas > 1 ? { enabled: true, maxUnavailable: 1 } : { enabled: false },
    updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
    topologySpreadConstraints: [spread],
    resources: { requests: { cpu: "50m", memory: "256Mi" }, limits: { cpu: "2", memory: "1Gi" } },
    // Removes a folder, before the proxy starts.
    initContainerResources: { requests: { cpu: "10m", memory: "16Mi" }, limits: { cpu: "500m", memory: "128Mi" } },
  };
}

const spread = {
  topologyKey: "kubernetes.io/hostname",
  maxSkew: 1,
  whenUnsatisfiable: "ScheduleAnyway",
  labelSelector: { matchLabels: { "app.kubernetes.io/name": "kong", "app.kubernetes.io/component": "app" } },
};

/** The chart writes the name as it is given, and decides by the version apart from it. A mirror's tag need not be one. */
function imageValues(image: Image, published: string): Values {
  const version = /^v?(\d+\.\d+(?:\.\d+)?)/.exec(image.tag ?? "")?.[1] ?? published;
  return { unifiedRepoTag: imageName(image), effectiveSemver: version };
}

function proxyValues({ service: { type, nodePorts, annotations = {}, loadBalancerClass } }: Exposure): Values {
  const port = (nodePort: number | undefined) => ({ enabled: true, ...(nodePort !== undefined && { nodePort }) });
  return {
    type,
    annotations: Object.fromEntries(Object.entries(annotations).map(([key, value]) => [key, pulumi.output(value)])),
    ...(loadBalancerClass !== undefined && { loadBalancerClass }),
    http: port(nodePorts?.http),
    tls: port(nodePorts?.https),
  };
}
