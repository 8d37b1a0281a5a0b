import { PeerAuthentication } from "@kubernetes-models/istio/security.istio.io/v1";
import * as pulumi from "@pulumi/pulumi";
import { customResource } from "../support/customResource.ts";
import { type ChartSource, helmRelease, type Values } from "../support/helm.ts";
import { createNamespace, noInjection } from "../support/namespace.ts";

/** Where Istio's charts come from; all of one version. */
export interface IstioCharts {
  readonly base: ChartSource;
  readonly cni: ChartSource;
  readonly istiod: ChartSource;
  readonly gateway: ChartSource;
}

export interface IstioArgs {
  readonly charts: IstioCharts;
  /**
   * Names this control plane, so that the next one can be installed beside it.
   * @default none: there is one control plane, and `istio-injection: enabled` means it
   */
  readonly revision?: string | undefined;
  /** Names that stand for the revision. Namespaces follow the first, and so move to another revision with it. */
  readonly tags?: readonly string[];
  /** How many istiod there are. */
  readonly replicas: number;
  /**
   * Whether proxies log each request to their standard output.
   * @default false
   */
  readonly accessLogs?: boolean;
}

/** Holds the control plane and the settings that apply to the whole mesh. */
const rootNamespace = "istio-system";

/** Of a proxy beside a small service; a busy one is given more by its pod's annotations. */
const proxyResources = { requests: { cpu: "10m", memory: "48Mi" }, limits: { cpu: "1", memory: "256Mi" } } as const;

/**
 * Istio's control plane: base → cni → istiod, each awaited before the next, and STRICT mutual TLS for the whole mesh.
 *
 * With the CNI node agent no pod needs a capability to be in the mesh, so namespaces in it can enforce PodSecurity `restricted`.
 */
export class Istio extends pulumi.ComponentResource {
  /** Labels of a namespace whose pods get sidecars from this control plane. */
  readonly injection: Readonly<Record<string, string>>;
  /** What must be there before a pod or a setting of the mesh. */
  readonly ready: readonly pulumi.Resource[];

  constructor(
    name: string,
    { charts, revision, tags = [], replicas, accessLogs = false }: IstioArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("mesh:mesh:Istio", name, {}, opts);
    const injector = tags[0] ?? revision;
    this.injection = injector === undefined ? { "istio-injection": "enabled" } : { "istio.io/rev": injector };

    const root = this.namespace(name, rootNamespace, "restricted");
    // The agent sets up the network of other pods from the node, which nothing else here may.
    const agents = this.namespace(`${name}-cni`, "istio-cni", "privileged");

    const revised: Values = revision === undefined ? {} : { revision };
    const base = this.release(`${name}-base`, charts.base, root, { defaultRevision: revision ?? "default" });
    const cni = this.release(`${name}-cni`, charts.cni, agents, { ...revised, ...cniValues }, [base]);
    const istiod = this.release(
      revision === undefined ? "istiod" : `istiod-${revision}`,
      charts.istiod,
      root,
      { ...istiodValues(replicas, accessLogs), ...revised, revisionTags: tags },
      [cni],
    );
    const strict = new PeerAuthentication({
      metadata: { name: "default", namespace: rootNamespace },
      spec: { mtls: { mode: "STRICT" } },
    });
    // After istiod, and so gone before it: without istiod nobody answers its webhook, and no setting of Istio can be deleted.
    const mutualTls = customResource(`${name}-strict`, strict, { parent: this, dependsOn: istiod });
    this.ready = [istiod, mutualTls];
    this.registerOutputs();
  }

  private namespace(name: string, namespace: string, podSecurity: "restricted" | "privileged") {
    return createNamespace(name, { namespace, podSecurity, injection: noInjection }, { parent: this });
  }

  private release(
    release: string,
    source: ChartSource,
    { metadata }: ReturnType<typeof createNamespace>,
    values: Values,
    after: pulumi.Resource[] = [],
  ) {
    return helmRelease(release, { source, release, namespace: metadata.name, values }, { parent: this, dependsOn: after });
  }
}

const cniValues: Values = { resources: { requests: { cpu: "10m", memory: "48Mi" } } };

function istiodValues(replicas: number, accessLogs: boolean): Values {
  return {
    pilot: {
      cni: { enabled: true },
      autoscaleEnabled: false,
      replicaCount: replicas,
      resources: { requests: { cpu: "50m", memory: "160Mi" } },
      seccompProfile: { type: "RuntimeDefault" },
    },
    global: {
      // A gateway has no start-up probe; asked each 15 s, the chart's default, it would often be ready long before it counts as such.
      proxy: { resources: proxyResources, readinessPeriodSeconds: 2 },
      // A budget of one for a single pod would only ever keep its node from being drained.
      defaultPodDisruptionBudget: { enabled: replicas > 1 },
    },
    meshConfig: {
      accessLogFile: accessLogs ? "/dev/stdout" : "",
      // Policies see the path that the service sees, however it was written.
      pathNormalization: { normalization: "DECODE_AND_MERGE_SLASHES" },
      // How long a connection may live on under the settings it was opened with, a denied caller's included.
      defaultConfig: { drainDuration: "10s" },
    },
  };
}
