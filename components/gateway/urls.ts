import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { GatewayTls } from "../../model/gatewaySettings.ts";
import { covers } from "../../model/hosts.ts";
import type { Exposure } from "./exposure.ts";

const usual = { http: 80, https: 443 } as const;

/** The address as a person writes it: without the port that the scheme has anyway. */
export function urlOf(scheme: "http" | "https", host: string, port: number): string {
  return `${scheme}://${authorityOf(scheme, host, port)}`;
}

/** Host and port as they stand in a URL of this scheme. */
export function authorityOf(scheme: "http" | "https", host: string, port: number): string {
  return port === usual[scheme] ? host : `${host}:${port}`;
}

/** Host and port of HTTPS: of a host that gateways serve the port is theirs, of any other the usual one. */
export function httpsAuthority(host: string, hosts: readonly string[], httpsPort: number): string {
  return authorityOf("https", host, hosts.some((one) => covers(one, host)) ? httpsPort : usual.https);
}

/** Where clients find a gateway. */
export interface Reached {
  /** A name, or an address. */
  readonly address: pulumi.Output<string>;
  /** Under the first of the TLS hosts. The name must lead to the gateway's address. */
  readonly httpsUrl: string;
  /** What to call: HTTP under the gateway's address where that is served, else the HTTPS one. */
  readonly url: pulumi.Output<string>;
}

/** A Service, and the release that made it: its namespace is known once the release is there. */
interface Made {
  readonly release: k8s.helm.v3.Release;
  readonly service: string;
}

/** Where clients find a gateway: at the host that is known beforehand, or at what its load balancer was given. */
export function reachedAt(
  name: string,
  { host, ports }: Exposure,
  { hosts: [first = ""], plaintext }: GatewayTls,
  made: Made,
  opts: pulumi.CustomResourceOptions,
): Reached {
  const address = host === "load-balancer" ? balancerOf(name, made, opts) : pulumi.output(host);
  const httpsUrl = urlOf("https", first, ports.https);
  return {
    address,
    httpsUrl,
    url: plaintext ? address.apply((known) => urlOf("http", known, ports.http)) : pulumi.output(httpsUrl),
  };
}

function balancerOf(name: string, { release, service }: Made, opts: pulumi.CustomResourceOptions) {
  const id = pulumi.interpolate`${release.status.namespace}/${service}`;
  const { status } = k8s.core.v1.Service.get(`${name}-address`, id, pulumi.mergeOptions(opts, { dependsOn: release }));
  return status.apply((found) => {
    const [first] = found?.loadBalancer?.ingress ?? [];
    const address = first?.hostname ?? first?.ip;
    if (address === undefined) throw new Error(`the load balancer of the Service ${service} has no address`);
    return address;
  });
}
