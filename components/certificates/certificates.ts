import type * as pulumi from "@pulumi/pulumi";

/**
 * The Secret of a gateway's certificate, in the gateway's own namespace, by who signs it. Each has its own, so that another one is there
 * before gateways change over to it, and the last one goes after they have: no moment is without a certificate.
 */
export const secretNames = { "self-signed": "tls-secret", ca: "tls-secret-ca", acme: "tls-secret-acme" } as const;

/** Whoever makes the gateways' certificates, all for the same hosts. */
export interface Certificates {
  /** The certificate that clients have to trust, in PEM; undefined where they do already. Public. */
  readonly authority?: pulumi.Output<string>;
  /** The Secret of a certificate. */
  readonly secretName: string;
  /**
   * Puts a certificate into a namespace, which the options make it wait for, as the Secret {@link secretName}.
   *
   * @returns what to wait for before the certificate is used.
   */
  issue(name: string, namespace: string, opts: pulumi.CustomResourceOptions): pulumi.Resource[];
}
