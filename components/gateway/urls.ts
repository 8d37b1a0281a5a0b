import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
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

/** A Service, and the release that made it: its namespace is known once the release is there. */
interface Made {
  readonly release: k8s.helm.v3.Release;
  readonly service: string;
}

/** Where clients find a gateway: the host that is known beforehand, or what its load balancer was given. */
export function addressOf(
  name: string,
  host: Exposure["host"],
  { release, service }: Made,
  opts: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
  if (host !== "load-balancer") return pulumi.output(host);
  const id = pulumi.interpolate`${release.status.namespace}/${service}`;
  const { status } = k8s.core.v1.Service.get(`${name}-address`, id, pulumi.mergeOptions(opts, { dependsOn: release }));
  return status.apply((found) => {
    const [first] = found?.loadBalancer?.ingress ?? [];
    const address = first?.hostname ?? first?.ip;
    if (address === undefined) throw new Error(`the load balancer of the Service ${service} has no address`);
    return address;
  });
}

/** The addresses of a gateway as a person calls it: over HTTPS under its first host, over HTTP where that is served, else the same. */
export function urlsOf(
  address: pulumi.Output<string>,
  ports: Exposure["ports"],
  { hosts, plaintext }: { readonly hosts: readonly string[]; readonly plaintext: boolean } = { hosts: [], plaintext: true },
): { readonly url: pulumi.Output<string>; readonly httpsUrl: string | undefined } {
  const httpsUrl = hosts[0] === undefined ? undefined : urlOf("https", hosts[0], ports.https);
  const url = plaintext ? address.apply((known) => urlOf("http", known, ports.http)) : pulumi.output(httpsUrl ?? "");
  return { url, httpsUrl };
}
