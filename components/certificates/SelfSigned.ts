import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { type Certificates, secretNames } from "./certificates.ts";
import { SelfSignedCertificate } from "./SelfSignedCertificate.ts";

export interface SelfSignedArgs {
  readonly hosts: readonly string[];
}

/**
 * Certificates that are signed by an authority of the stack's own, with nothing in the cluster to renew them: any `pulumi up`
 * in the last 30 of a certificate's 90 days makes another. The authority stays for ten years, and its key for good.
 */
export class SelfSigned extends pulumi.ComponentResource implements Certificates {
  readonly authority: pulumi.Output<string>;
  readonly secretName = secretNames["self-signed"];
  private readonly server: SelfSignedCertificate;

  constructor(name: string, { hosts }: SelfSignedArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mesh:certificates:SelfSigned", name, {}, opts);
    this.server = new SelfSignedCertificate(name, { hosts }, { parent: this });
    this.authority = this.server.authority;
    this.registerOutputs({ authority: this.authority });
  }

  issue(name: string, namespace: string, opts: pulumi.CustomResourceOptions): pulumi.Resource[] {
    const { certificate, key } = this.server;
    const data = { "tls.crt": certificate.apply(base64), "tls.key": key.apply(base64) };
    const metadata = { name: this.secretName, namespace };
    return [new k8s.core.v1.Secret(`${name}-certificate`, { metadata, type: "kubernetes.io/tls", data }, opts)];
  }
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
