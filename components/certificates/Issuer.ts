import { Certificate, ClusterIssuer, type IClusterIssuer } from "@kubernetes-models/cert-manager/cert-manager.io/v1";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Tls } from "../../model/gatewaySettings.ts";
import { customResource } from "../support/customResource.ts";
import type { CertManager } from "./CertManager.ts";
import { type Certificates, secretNames } from "./certificates.ts";

export interface IssuerArgs {
  readonly tls: Omit<Tls, "plaintext">;
  readonly manager: CertManager;
  /** The region to ask Route 53 in. @default the one cert-manager's pod runs in */
  readonly region?: string | undefined;
}

const letsEncrypt = "https://acme-v02.api.letsencrypt.org/directory";
const issuer = "mesh";
/** Signs the authority's certificate with the authority's own key. */
const bootstrap = "mesh-bootstrap";
const group = "cert-manager.io";
/** The Certificate of the cluster's own authority, and its Secret. */
const authorityName = "mesh-authority";
/** Pulumi waits until such an object says that it is ready. */
const awaited = { "pulumi.com/waitFor": "condition=Ready" };
/** An ACME server looks for the record in its own time. */
const readyTimeout = { customTimeouts: { create: "15m", update: "15m" } };

/** Certificates that cert-manager makes and renews: signed by the cluster's own authority, or by a public one. */
export class Issuer extends pulumi.ComponentResource implements Certificates {
  readonly authority?: pulumi.Output<string>;
  readonly secretName: string;
  private readonly hosts: readonly string[];
  private readonly issuer: pulumi.Resource;

  constructor(name: string, { manager, tls, region }: IssuerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mesh:certificates:Issuer", name, {}, opts);
    this.hosts = tls.hosts;
    this.secretName = secretNames[tls.issuer];
    // Without the manager nobody knows such an object, nor lets it go.
    const child = { parent: this, dependsOn: manager };
    if (tls.issuer === "acme") {
      this.issuer = clusterIssuer(name, { acme: acmeSpec(tls, region) }, child);
    } else {
      const itself = clusterIssuer(`${name}-bootstrap`, { selfSigned: {} }, child, bootstrap);
      const after = (resource: pulumi.Resource) => ({ parent: this, dependsOn: resource });
      const made = customResource(`${name}-authority`, authorityCertificate(manager.namespace), after(itself));
      this.issuer = clusterIssuer(name, { ca: { secretName: authorityName } }, after(made));
      // The Secret has the Certificate's name, and is there when that is ready.
      const { data } = k8s.core.v1.Secret.get(`${name}-authority-secret`, made.id, after(made));
      const certificate = data.apply((found) => Buffer.from(found?.["ca.crt"] ?? "", "base64").toString());
      // Whoever calls must have it: it is no secret, although it lies in a Secret.
      this.authority = pulumi.unsecret(certificate);
    }
    this.registerOutputs(this.authority ? { authority: this.authority } : {});
  }

  issue(name: string, namespace: string, opts: pulumi.CustomResourceOptions): pulumi.Resource[] {
    // Another issuer's has another name, and the Secret of this one goes with it: it is served until gateways have changed over.
    const kept = { deleteBeforeReplace: false, ...readyTimeout };
    const options = pulumi.mergeOptions({ ...kept, dependsOn: this.issuer }, opts);
    return [customResource(`${name}-certificate`, serverCertificate(this.hosts, namespace, this.secretName), options)];
  }
}

type IssuerSpec = IClusterIssuer["spec"];

function clusterIssuer(name: string, spec: IssuerSpec, opts: pulumi.CustomResourceOptions, known = issuer) {
  return customResource(name, new ClusterIssuer({ metadata: { name: known, annotations: awaited }, spec }), opts);
}

/** A public authority that speaks ACME (RFC 8555), and how it is shown that the hosts are ours: by a record in Route 53. */
function acmeSpec(
  { email, hostedZone, server = letsEncrypt }: IssuerArgs["tls"],
  region?: string,
): NonNullable<IssuerSpec["acme"]> {
  const route53 = { ...(hostedZone !== undefined && { hostedZoneID: hostedZone }), ...(region !== undefined && { region }) };
  const account = { server, privateKeySecretRef: { name: "mesh-acme-account" }, ...(email !== undefined && { email }) };
  return { ...account, solvers: [{ dns01: { route53 } }] };
}

/** Ten years; in its last one it gets another certificate for the same key, and whoever trusts the old one goes on trusting. */
function authorityCertificate(namespace: string): Certificate {
  return new Certificate({
    metadata: { name: authorityName, namespace, annotations: awaited },
    spec: {
      isCA: true,
      commonName: "Mesh certificate authority",
      secretName: authorityName,
      duration: "87600h",
      renewBefore: "8760h",
      privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Never" },
      usages: ["cert sign", "crl sign"],
      issuerRef: { name: bootstrap, kind: "ClusterIssuer", group },
    },
  });
}

/** Asked to hold for 90 days, which an ACME server decides itself; made anew, with another key, when a third of it is left. */
function serverCertificate(hosts: readonly string[], namespace: string, secretName: string): Certificate {
  return new Certificate({
    metadata: { name: secretName, namespace, annotations: awaited },
    spec: {
      secretName,
      dnsNames: [...hosts],
      duration: "2160h",
      renewBeforePercentage: 33,
      privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Always" },
      usages: ["digital signature", "server auth"],
      issuerRef: { name: issuer, kind: "ClusterIssuer", group },
    },
  });
}
