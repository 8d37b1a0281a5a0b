import { certificateOf } from "../../lib/certificate.ts";
import type { Manifest } from "./manifests.ts";

interface CertificateSpec {
  readonly secretName: string;
  readonly dnsNames?: readonly string[];
}

/** The Secrets that cert-manager would make of the Certificates among these objects. */
export async function issuedSecrets(objects: readonly Manifest[]): Promise<Manifest[]> {
  return Promise.all(
    objects
      .filter(({ kind }) => kind === "Certificate")
      .map(async ({ metadata: { namespace = "default" }, spec }) => {
        const { secretName, dnsNames = [] } = spec as CertificateSpec;
        const { certificate, key } = await certificateOf(dnsNames);
        const stringData = { "tls.crt": certificate, "tls.key": key };
        return {
          apiVersion: "v1",
          kind: "Secret",
          metadata: { name: secretName, namespace },
          type: "kubernetes.io/tls",
          stringData,
        };
      }),
  );
}
