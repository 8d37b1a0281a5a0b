import type * as pulumi from "@pulumi/pulumi";
import { CertManager, type CertManagerArgs } from "./CertManager.ts";
import type { Certificates } from "./certificates.ts";
import { Issuer, type IssuerArgs } from "./Issuer.ts";
import { SelfSigned } from "./SelfSigned.ts";

/** Whoever makes the certificates that a configuration asks for, installed where it takes installing. */
export function createCertificates(
  name: string,
  { tls, region, ...parts }: CertManagerArgs & Omit<IssuerArgs, "manager">,
  opts: pulumi.ComponentResourceOptions,
): Certificates {
  if (tls.issuer === "self-signed") return new SelfSigned(name, { hosts: tls.hosts }, opts);
  return new Issuer(name, { manager: new CertManager("cert-manager", parts, opts), tls, region }, opts);
}
