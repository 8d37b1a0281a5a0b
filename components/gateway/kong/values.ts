import * as pulumi from "@pulumi/pulumi";
import { type Image, imageName } from "../../../model/image.ts";
import { type PlatformImages, publishedImages } from "../../../model/versions.ts";
import type { Values } from "../../support/helm.ts";
import { drain, type Exposure, withdrawal } from "../exposure.ts";
import { statusPort } from "./facts.ts";
import { luaModules } from "./lua.ts";
import { ingressClass } from "./resources.ts";

export interface KongValuesArgs {
  readonly images: Pick<PlatformImages, "kong" | "kongController">;
  readonly exposure: Exposure;
  readonly replicas: number;
  readonly podAnnotations: Readonly<Record<string, string>>;
  /** Whether it offers services of gRPC. */
  readonly grpc: boolean;
}

const logFormat = "without_query";
/**
 * How long a connection is kept, in seconds: the answer after that says that it is closed. nginx says so at no other time, also when
 * it leaves: so it goes only when every connection has come to its end, and none is closed under a request that is on its way.
 */
const keepalive = 10;

/** Values of the chart kong/kong: without a database, in the mesh, nothing of it but the proxy reachable for others. */
export function kongValues({ images, exposure, replicas, podAnnotations, grpc }: KongValuesArgs): Values {
  const leaving = withdrawal[exposure.service.type] + drain;
  return {
    image: kongImageValues(images.kong, publishedImages.kong.tag),
    env: {
      database: "off",
      // A key that somebody writes into a URL, which no plugin takes, is in no log.
      nginx_http_log_format: `${logFormat} '$remote_addr - $remote_user [$time_local] "$request_method $uri $server_protocol" $status $body_bytes_sent "$http_user_agent" kong_request_id: "$kong_request_id"'`,
      proxy_access_log: `/dev/stdout ${logFormat}`,
      // Nobody outside is told that this runs.
      anonymous_reports: "off",
      // Kong Manager, which the chart leaves as Kong has it: open to every pod.
      admin_gui_listen: "off",
      untrusted_lua_sandbox_requires: luaModules.join(","),
      // All headers of a request together, as Envoy bounds them.
      nginx_proxy_large_client_header_buffers: "1 60k",
      nginx_proxy_keepalive_time: `${keepalive}s`,
    },
    lifecycle: { preStop: { exec: { command: ["kong", "quit", `--wait=${leaving}`, `--timeout=${drain}`] } } },
    terminationGracePeriodSeconds: leaving + drain + 10,
    ingressController: {
      image: kongImageValues(images.kongController, publishedImages.kongController.tag),
      ingressClass,
      // As a part of the release they are upgraded with it, and go with it.
      installCRDs: true,
      env: { anonymous_reports: "false" },
      // Kong serves on without its controller: the container of that is ready when Kong is, soon after it is started again.
      readinessProbe: { httpGet: { path: "/status/ready", port: statusPort }, initialDelaySeconds: 0, periodSeconds: 1 },
      resources: { requests: { cpu: "20m", memory: "96Mi" }, limits: { cpu: "1", memory: "512Mi" } },
    },
    proxy: proxyValues(exposure, grpc),
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
function kongImageValues(image: Image, published: string): Values {
  const version = /^v?(\d+\.\d+(?:\.\d+)?)/.exec(image.tag ?? "")?.[1] ?? published;
  return { unifiedRepoTag: imageName(image), effectiveSemver: version };
}

function proxyValues({ service: { type, nodePorts, annotations = {}, loadBalancerClass } }: Exposure, grpc: boolean): Values {
  const port = (nodePort: number | undefined) => ({ enabled: true, ...(nodePort !== undefined && { nodePort }) });
  return {
    type,
    annotations: Object.fromEntries(Object.entries(annotations).map(([key, value]) => [key, pulumi.output(value)])),
    ...(loadBalancerClass !== undefined && { loadBalancerClass }),
    // Without TLS, gRPC needs HTTP/2 to be agreed on beforehand; nginx tells both by their first bytes.
    http: { ...port(nodePorts?.http), ...(grpc && { parameters: ["http2"] }) },
    tls: port(nodePorts?.https),
  };
}
