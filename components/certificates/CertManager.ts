import * as installer from "@pulumi/kubernetes-cert-manager";
import * as pulumi from "@pulumi/pulumi";
import type { Image } from "../../model/image.ts";
import type { PlatformImages } from "../../model/versions.ts";
import { type ChartSource, merge, type Values } from "../support/helm.ts";
import { createNamespace, noInjection } from "../support/namespace.ts";

type CertManagerImages = Pick<PlatformImages, Extract<keyof PlatformImages, `certManager${string}`>>;

export interface CertManagerArgs {
  readonly chart: ChartSource;
  readonly images: CertManagerImages;
}

/** By this account cert-manager is known: on EKS an identity with rights in Route 53 is given to it. */
export const certManagerAccount = { namespace: "cert-manager", name: "cert-manager" } as const;

/** The longest it may take to become ready, in seconds: images may have to be pulled first. */
const timeout = 300;

/**
 * cert-manager: makes certificates and renews them, in the cluster. Its kinds of objects come and go with it, so whatever
 * is of one of them depends on this.
 */
export class CertManager extends pulumi.ComponentResource {
  /** Namespace of cert-manager, where an issuer for the whole cluster finds its Secrets. */
  readonly namespace = certManagerAccount.namespace;

  constructor(name: string, { chart, images }: CertManagerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mesh:certificates:CertManager", name, {}, opts);
    const { namespace } = this;
    const { metadata } = createNamespace(
      name,
      { namespace, podSecurity: "restricted", injection: noInjection },
      { parent: this },
    );
    const values = merge(certManagerValues(images), chart.values);
    const helmOptions = {
      name: certManagerAccount.name,
      namespace: metadata.name,
      chart: chart.chart,
      ...(chart.version === undefined ? {} : { version: chart.version }),
      // Without one the package fills in its own, where Helm then looks for a chart that is given by its whole address.
      repositoryOpts: { repo: chart.repository ?? "" },
      values: otherValues(values),
      createNamespace: false,
      atomic: true,
      timeout,
    };
    new installer.CertManager(`${name}-release`, { ...typedValues(values), helmOptions }, { parent: this });
    this.registerOutputs();
  }
}

/**
 * The chart's values for which the package has arguments of its own. It writes each of those over the value of the same name in
 * `helmOptions.values`, also where it is not given: so these values are arguments, and only the others are values.
 */
const typed = ["global", "image", "serviceAccount", "webhook", "cainjector", "startupapicheck"] as const;

function typedValues(values: Values): Pick<installer.CertManagerArgs, (typeof typed)[number]> {
  return Object.fromEntries(typed.flatMap((name) => (name in values ? [[name, values[name]]] : [])));
}

function otherValues(values: Values): Values {
  return Object.fromEntries(Object.entries(values).filter(([name]) => !typed.some((argument) => argument === name)));
}

function certManagerValues(images: CertManagerImages): Values {
  return {
    crds: { enabled: true, keep: false },
    // A certificate's Secret goes with it: one that is found later would be served although its authority is gone.
    enableCertificateOwnerRef: true,
    serviceAccount: { create: true, name: certManagerAccount.name },
    // In a namespace that goes with it, not in kube-system, where the lease would be left behind.
    global: { leaderElection: { namespace: certManagerAccount.namespace } },
    image: certManagerImageValues(images.certManagerController),
    webhook: { image: certManagerImageValues(images.certManagerWebhook) },
    cainjector: { image: certManagerImageValues(images.certManagerCainjector) },
    startupapicheck: { image: certManagerImageValues(images.certManagerStartupapicheck) },
    acmesolver: { image: certManagerImageValues(images.certManagerAcmesolver) },
  };
}

/** The chart's own `registry` is put before whatever else it makes of a name, so the name is given whole. */
function certManagerImageValues({ registry, repository, tag, digest }: Image): Values {
  return {
    repository: `${registry}/${repository}`,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  };
}
