import { Gateway } from "@kubernetes-models/istio/networking.istio.io/v1";
import * as pulumi from "@pulumi/pulumi";
import { customResource } from "../support/customResource.ts";
import { type ChartSource, helmRelease, type Values } from "../support/helm.ts";
import { createNamespace } from "../support/namespace.ts";
import type { Exposure } from "./exposure.ts";

export interface IstioGatewayArgs {
  readonly chart: ChartSource;
  readonly exposure: Exposure;
  /** Labels of a namespace that make the control plane inject the proxy, and the revision it is to be of. */
  readonly injection: Readonly<Record<string, string>>;
  /** How many proxies there are. */
  readonly replicas: number;
}

const namespace = "istio-ingress";
const release = "istio-ingressgateway";
const selector = { istio: "ingressgateway" };
const gateway = "public";

/** The mesh's door: proxies behind a Service that is reachable from outside, and a Gateway that listens for HTTP on them. */
export class IstioGateway extends pulumi.ComponentResource {
  /** Namespace of the proxies, and of the routes that bind to them. */
  readonly namespace = namespace;
  /** The Gateway's name, as routes refer to it from anywhere. */
  readonly reference = `${namespace}/${gateway}`;

  constructor(name: string, { chart, exposure, injection, replicas }: IstioGatewayArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mesh:gateway:IstioGateway", name, {}, opts);

    const { metadata } = createNamespace(name, { namespace, podSecurity: "restricted", injection }, { parent: this });
    const values = gatewayValues(exposure, replicas, injection["istio.io/rev"]);
    const proxies = helmRelease(
      `${name}-proxies`,
      { source: chart, release, namespace: metadata.name, values },
      { parent: this },
    );
    const listener = new Gateway({
      metadata: { name: gateway, namespace },
      spec: { selector, servers: [{ port: { number: 80, name: "http", protocol: "HTTP" }, hosts: ["*"] }] },
    });
    customResource(`${name}-listener`, listener, { parent: this, dependsOn: proxies });

    this.registerOutputs();
  }
}

function gatewayValues(
  { service: { type, nodePorts = {}, values = {} } }: Exposure,
  replicas: number,
  revision: string | undefined,
): Values {
  const port = (name: string, number: number, targetPort: number) => ({
    name,
    port: number,
    targetPort,
    protocol: "TCP",
    ...(nodePorts[name] === undefined ? {} : { nodePort: nodePorts[name] }),
  });
  return {
    ...(revision === undefined ? {} : { revision }),
    // Listening above 1024 needs neither a capability nor a sysctl.
    service: { ...values, type, ports: [port("status-port", 15021, 15021), port("http", 80, 8080)] },
    securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
    autoscaling: { enabled: false },
    replicaCount: replicas,
    resources: { requests: { cpu: "10m", memory: "64Mi" }, limits: { cpu: "2", memory: "512Mi" } },
  };
}
