import { Gateway, type IGateway, VirtualService } from "@kubernetes-models/istio/networking.istio.io/v1";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { type Bounds, defaultBounds } from "../../../model/gatewayBounds.ts";
import type { GatewayTls } from "../../../model/gatewaySettings.ts";
import { isBelow } from "../../../model/hosts.ts";
import { defaultRetriedBytes } from "../../../model/resilience.ts";
import type { Certificates } from "../../certificates/certificates.ts";
import { customResource } from "../../support/customResource.ts";
import { helmRelease } from "../../support/helm.ts";
import { createNamespace } from "../../support/namespace.ts";
import type { GatewayArgs, GatewayContext } from "../gateway.ts";
import { type Reached, reachedAt } from "../urls.ts";
import { boundsFilter, defaultHosts } from "./boundsFilter.ts";
import { istioFacts, release } from "./facts.ts";
import { overloadKey, overloadManager } from "./overload.ts";
import { proxyValues } from "./proxyValues.ts";
import { redirectsOf } from "./redirects.ts";

export interface IstioGatewayArgs extends GatewayArgs, Pick<GatewayContext, "proxyCpu"> {
  /** Where the listener's certificate comes from. */
  readonly certificates: Certificates;
  /**
   * Whether trusted proxies stand between callers and this gateway: by what these say of a caller's scheme it goes (see
   * `IstioPolicies` for whom it trusts).
   * @default false: what a request says of that is forged
   */
  readonly trustedProxies?: boolean;
  /** Hosts below one of TLS that have routes of their own: behind proxies HTTP to them is redirected by rules of their own. @default none */
  readonly routedHosts?: readonly string[];
  /** What clients may hold of one pod. @default {@link defaultBounds} */
  readonly bounds?: Bounds;
  /** How much of a body is kept to send it again, in bytes, where it fits. @default 1048576 */
  readonly retriedBytes?: number;
}

const { namespace } = istioFacts.account;
const selector = { istio: "ingressgateway" };
const publicName = "public";
const redirectName = "redirect";
const overloadName = "gateway-overload";

/**
 * Istio's gateway: proxies behind a Service that is reachable from outside, and a Gateway that listens on them for HTTPS, and for HTTP
 * under other names where the stack serves that. HTTP to a host that has HTTPS is redirected: with 301, and with 308 where the
 * method is neither GET nor HEAD.
 */
export class IstioGateway extends pulumi.ComponentResource {
  /** Namespace of the proxies, and of the routes and policies that are for them. */
  readonly namespace = namespace;
  /** The namespace itself. */
  readonly place: pulumi.Resource;
  /** The Gateway's name, as routes refer to it from anywhere. */
  readonly reference = `${namespace}/${publicName}`;
  /** The Gateway on which requests are redirected unless a trusted proxy says that HTTPS was used; undefined without such proxies. */
  readonly behindProxies: string | undefined;
  /** Labels of the proxies' pods. */
  readonly selector: Readonly<Record<string, string>> = selector;
  /** Where clients find it. */
  readonly reached: Reached;

  constructor(
    name: string,
    { chart, exposure, injection, podAnnotations, replicas, proxyCpu, tls, certificates, ...limits }: IstioGatewayArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("mesh:gateway:IstioGateway", name, {}, opts);

    const { trustedProxies = false, routedHosts = [], bounds = defaultBounds, retriedBytes = defaultRetriedBytes } = limits;
    const child = { parent: this };
    const place = createNamespace(name, { namespace, podSecurity: "restricted", injection }, child);
    this.place = place;
    const overload = new k8s.core.v1.ConfigMap(
      `${name}-overload`,
      {
        metadata: { name: overloadName, namespace: place.metadata.name },
        data: { [overloadKey]: JSON.stringify(overloadManager(bounds)) },
      },
      child,
    );
    const bounded = customResource(`${name}-bounds`, boundsFilter(bounds, retriedBytes, { namespace, selector }), {
      parent: this,
      dependsOn: place,
    });
    customResource(`${name}-default-hosts`, defaultHosts(tls.hosts, release, { namespace, selector }), {
      parent: this,
      dependsOn: place,
    });
    const revision = injection["istio.io/rev"];
    const proxy = { replicas, proxyCpu, revision, podAnnotations, bounds, overload: overloadName };
    const values = proxyValues({ service: exposure.service, ...proxy });
    const started = { source: chart, release, namespace: place.metadata.name, values };
    const proxies = helmRelease(`${name}-proxies`, started, { parent: this, dependsOn: overload });
    const certificate = certificates.issue(name, namespace, { parent: this, dependsOn: place });

    // After the certificate: proxies do not open a port whose certificate they lack. And no port is open without its bounds.
    const after = { parent: this, dependsOn: [proxies, bounded, ...certificate] };
    const listen = (part: string, server: string, spec: Servers) =>
      customResource(
        `${name}-${part}`,
        new Gateway({ metadata: { name: server, namespace }, spec: { selector, servers: spec } }),
        after,
      );
    listen("listener", publicName, servers(tls, certificates.secretName));
    const hosts = [...new Set([...tls.hosts, ...(trustedProxies ? routedHosts : [])])];
    const redirects = redirectsOf({ ...tls, hosts }, exposure.ports.https, trustedProxies);
    const gateways = [`${namespace}/${redirectName}`];
    this.behindProxies = trustedProxies ? gateways[0] : undefined;
    const gateway = listen("redirect", redirectName, [http(redirects.map(({ host }) => host))]);
    for (const [index, { host, http }] of redirects.entries()) {
      const part = index === 0 ? "" : `-${host === "*" ? "others" : host}`;
      const metadata = { name: `${redirectName}${isBelow(host) ? `.below${host.slice(1)}` : part}`, namespace };
      const rule = new VirtualService({ metadata, spec: { hosts: [host], gateways, http } });
      customResource(`${name}-to-https${part}`, rule, { parent: this, dependsOn: gateway });
    }

    this.reached = reachedAt(name, exposure, tls, { release: proxies, service: release }, child);
    this.registerOutputs({ ...this.reached });
  }
}

type Servers = NonNullable<NonNullable<IGateway["spec"]>["servers"]>;

function servers({ hosts, plaintext }: GatewayTls, secretName: string): Servers {
  const https: Servers[number] = {
    port: { number: 443, name: "https", protocol: "HTTPS" },
    hosts: [...hosts],
    tls: { mode: "SIMPLE", credentialName: secretName, minProtocolVersion: "TLSV1_2" },
  };
  return plaintext ? [http(["*"]), https] : [https];
}

function http(hosts: readonly string[]): Servers[number] {
  return { port: { number: 80, name: "http", protocol: "HTTP" }, hosts: [...hosts] };
}
