import type * as pulumi from "@pulumi/pulumi";
import type { ChartSource } from "../support/helm.ts";
import { CertManager, type CertManagerImages } from "./CertManager.ts";
import type { Certificates } from "./certificates.ts";
import { Issuer } from "./Issuer.ts";
import { SelfSigned } from "./SelfSigned.ts";

export type { Certificates } from "./certificates.ts";

export interface CertificatesArgs {
  readonly tls: {
    /** Of every certificate. */
    readonly hosts: readonly string[];
    /** An authority of the stack's own, one of the cluster's own that cert-manager keeps, or a public one that speaks ACME. */
    readonly issuer: "self-signed" | "ca" | "acme";
    /** For ACME: where the authority writes to. */
    readonly email?: string;
    /** For ACME: id of the hosted zone of Route 53 that the hosts are in. */
    readonly hostedZone?: string;
    /** For ACME: URL of the authority's directory. @default Let's Encrypt's */
    readonly server?: string;
  };
  /** Of cert-manager. */
  readonly chart: ChartSource;
  readonly images: CertManagerImages;
  /** For ACME: the region to ask Route 53 in. @default the one cert-manager's pod runs in */
  readonly region?: string;
}

/**
 * Whoever makes the certificates that a configuration asks for, installed where it takes installing.
 *
 * @throws Error when ACME lacks an e-mail address or a hosted zone.
 */
export function createCertificates(
  name: string,
  { tls: { hosts, issuer, email, hostedZone, server }, chart, images, region }: CertificatesArgs,
  opts: pulumi.ComponentResourceOptions,
): Certificates {
  if (issuer === "self-signed") return new SelfSigned(name, { hosts }, opts);
  if (issuer === "acme" && (email === undefined || hostedZone === undefined))
    throw new Error(`${name}: ACME without an e-mail address or a hosted zone`);
  const manager = new CertManager("cert-manager", { chart, images }, opts);
  if (email === undefined || hostedZone === undefined || issuer === "ca") return new Issuer(name, { manager, hosts }, opts);
  const acme = { email, hostedZone, ...(region !== undefined && { region }), ...(server !== undefined && { server }) };
  return new Issuer(name, { manager, hosts, acme }, opts);
}
