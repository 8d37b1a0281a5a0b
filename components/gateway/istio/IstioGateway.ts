import { Gateway, type IGateway, VirtualService } from "@kubernetes-models/istio/networking.istio.io/v1";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { type Bounds, defaultBounds } from "../../../model/gatewayBounds.ts";
import type { GatewayTls } from "../../../model/gatewaySettings.ts";
import { defaultRetriedBytes } from "../../../model/resilience.ts";
import type { Certificates } from "../../certificates/certificates.ts";
import { customResource } from "../../support/customResource.ts";
import { helmRelease } from "../../support/helm.ts";
import { createNamespace } from "../../support/namespace.ts";
import type { GatewayArgs } from "../gateway.ts";
import { addressOf, urlsOf } from "../urls.ts";
import { boundsFilter, defaultHosts } from "./boundsFilter.ts";
import { istioFacts, release } from "./facts.ts";
import { overloadKey, overloadManager } from "./overload.ts";
import { proxyValues } from "./proxyValues.ts";
import { redirectsOf } from "./redirects.ts";

export interface IstioGatewayArgs extends GatewayArgs {
  /** Where the listener's certificate comes from; it is needed as soon as `tls` names a host. */
  readonly certificates?: Certificates;
  /**
   * Whether trusted proxies stand between callers and this gateway: by what these say of a caller's scheme it goes (see
   * `IstioPolicies` for whom it trusts).
   * @default false: what a request says of that is forged
   */
  readonly trustedProxies?: boolean;
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
 * The mesh's door: proxies behind a Service that is reachable from outside, and a Gateway that listens on them, for HTTP,
 * for HTTPS, or for both, in which case HTTP to a host that has HTTPS is redirected: with 301, and with 308 where the method is
 * neither GET nor HEAD.
 *
 * @throws Error when it would listen for nothing, or has hosts and no certificate.
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
  /** Where clients find it: a name, or an address. */
  readonly address: pulumi.Output<string>;
  /** Under the first of the TLS hosts; undefined without one. The name must lead to the gateway's address. */
  readonly httpsUrl: string | undefined;
  /** What to call: HTTP under the gateway's address where that is served, else the HTTPS one. */
  readonly url: pulumi.Output<string>;

  constructor(
    name: string,
    {
      chart,
      exposure,
      injection,
      podAnnotations,
      replicas,
      tls = { hosts: [], plaintext: true },
      certificates,
      trustedProxies = false,
      bounds = defaultBounds,
      retriedBytes = defaultRetriedBytes,
    }: IstioGatewayArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    const { hosts, plaintext } = tls;
    if (hosts.length === 0 && !plaintext) throw new Error(`${name}: neither a TLS host nor plaintext, so nothing to listen for`);
    if (hosts.length > 0 && !certificates) throw new Error(`${name}: no certificate for ${hosts.join(", ")}`);
    super("mesh:gateway:IstioGateway", name, {}, opts);

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
    customResource(`${name}-default-hosts`, defaultHosts(hosts, release, { namespace, selector }), {
      parent: this,
      dependsOn: place,
    });
    const revision = injection["istio.io/rev"];
    const proxy = { replicas, revision, podAnnotations, bounds, overload: overloadName };
    const values = proxyValues({ service: exposure.service, ...proxy });
    const started = { source: chart, release, namespace: place.metadata.name, values };
    const proxies = helmRelease(`${name}-proxies`, started, { parent: this, dependsOn: overload });
    const certificate = hosts.length > 0 ? (certificates?.issue(name, namespace, { parent: this, dependsOn: place }) ?? []) : [];

    // After the certificate: proxies do not open a port whose certificate they lack. And no port is open without its bounds.
    const after = { parent: this, dependsOn: [proxies, bounded, ...certificate] };
    const listen = (part: string, server: string, spec: Servers) =>
      customResource(
        `${name}-${part}`,
        new Gateway({ metadata: { name: server, namespace }, spec: { selector, servers: spec } }),
        after,
      );
    listen("listener", publicName, servers(tls, certificates?.secretName));
    const redirects = redirectsOf(tls, exposure.ports.https, trustedProxies);
    const gateways = [`${namespace}/${redirectName}`];
    this.behindProxies = redirects.length > 0 && trustedProxies ? gateways[0] : undefined;
    if (redirects.length > 0) {
      const gateway = listen("redirect", redirectName, [http(redirects.map(({ host }) => host))]);
      for (const [index, { host, http }] of redirects.entries()) {
        const part = index === 0 ? "" : `-${host === "*" ? "others" : host}`;
        const metadata = { name: `${redirectName}${part}`, namespace };
        const rule = new VirtualService({ metadata, spec: { hosts: [host], gateways, http } });
        customResource(`${name}-to-https${part}`, rule, { parent: this, dependsOn: gateway });
      }
    }

    this.address = addressOf(name, exposure.host, { release: proxies, service: release }, child);
    const urls = urlsOf(this.address, exposure.ports, tls);
    this.httpsUrl = urls.httpsUrl;
    this.url = urls.url;
    this.registerOutputs({ address: this.address, ...urls });
  }
}

type Servers = NonNullable<NonNullable<IGateway["spec"]>["servers"]>;

function servers({ hosts, plaintext }: GatewayTls, secretName = ""): Servers {
  const https: Servers[number] = {
    port: { number: 443, name: "https", protocol: "HTTPS" },
    hosts: [...hosts],
    tls: { mode: "SIMPLE", credentialName: secretName, minProtocolVersion: "TLSV1_2" },
  };
  return [...(plaintext ? [http(["*"])] : []), ...(hosts.length > 0 ? [https] : [])];
}

function http(hosts: readonly string[]): Servers[number] {
  return { port: { number: 80, name: "http", protocol: "HTTP" }, hosts: [...hosts] };
}
