import { PeerAuthentication } from "@kubernetes-models/istio/security.istio.io/v1";
import * as pulumi from "@pulumi/pulumi";
import type { IstioPlatform } from "../../model/istioPlatforms.ts";
import { defaultProxySettings, type ProxySettings } from "../../model/proxySettings.ts";
import { customResource } from "../support/customResource.ts";
import { type ChartSource, helmRelease, isValues, merge, type Sources, type Values } from "../support/helm.ts";
import { createNamespace, noInjection } from "../support/namespace.ts";
import { RevisionTag } from "./RevisionTag.ts";
import { ignoredUpgrades } from "./upgrades.ts";

/** Where Istio's charts come from; all of one version. */
type IstioCharts = Pick<Sources["charts"], "base" | "cni" | "istiod">;

export interface IstioArgs extends Partial<ProxySettings> {
  readonly charts: IstioCharts;
  /**
   * Names this control plane, so that the next one can be installed beside it.
   * @default none: there is one control plane, and `istio-injection: enabled` means it
   */
  readonly revision?: string | undefined;
  /** Names that stand for the revision. Namespaces follow the first, and so move to another revision with it. */
  readonly tags?: readonly string[];
  /**
   * Control planes that stay beside this one: the next one before an upgrade, the last one after it, until no proxy is
   * connected to it any more.
   * @default none
   */
  readonly additionalRevisions?: readonly Revision[];
  /** What kind of cluster it is. @default one where the charts' own values hold */
  readonly platform?: IstioPlatform | undefined;
  /** How many istiod there are. */
  readonly replicas: number;
  /** How much of a core a node keeps for each sidecar, such as `100m`. */
  readonly proxyCpu: string;
  /**
   * Whether proxies log each request to their standard output.
   * @default false
   */
  readonly accessLogs?: boolean;
}

/** Another control plane. */
export interface Revision {
  /** Its name; `default` is the one without. */
  readonly revision: string;
  /** Of its chart and images. @default the same */
  readonly version?: string;
}

/** Holds the control plane and the settings that apply to the whole mesh. */
const rootNamespace = "istio-system";

/** What Istio calls the control plane that has no name. */
const defaultRevision = "default";

/**
 * What proxies count of each destination beyond Istio's own choice, which leaves all of these out: without them a request that
 * the breaker refused, or that was tried again, shows in no metric. A proxy reads this when it starts.
 */
const extraProxyStats = [
  "upstream_cx_overflow",
  "upstream_rq_pending_overflow",
  "upstream_rq_retry",
  "upstream_rq_timeout",
  "outlier_detection.ejections_active",
] as const;

/**
 * Of a sidecar. With a limit of one core it has one thread that does the work, which takes less memory and a tenth less of the processor for a
 * request than two, of which Istio's charts would have it: `make bench T=baseline`.
 */
const proxyResources = (cpu: string) => ({ requests: { cpu, memory: "48Mi" }, limits: { cpu: "1", memory: "256Mi" } });

/**
 * Istio's control plane: base and then istiod, cni beside them, and STRICT mutual TLS for the whole mesh.
 *
 * With the CNI node agent no pod needs a capability to be in the mesh, so namespaces in it can enforce PodSecurity `restricted`.
 */
export class Istio extends pulumi.ComponentResource {
  /** Labels of a namespace whose pods get sidecars from this control plane. */
  readonly injection: Readonly<Record<string, string>>;
  /** Annotations of pods in the mesh: they change with their proxy, which they get when they start, and so roll them. */
  readonly podAnnotations: Readonly<Record<string, string>>;
  /** What must be there before a pod or a setting of the mesh. */
  readonly ready: readonly pulumi.Resource[];

  constructor(
    name: string,
    {
      charts: sources,
      platform,
      revision,
      tags = [],
      additionalRevisions = [],
      replicas,
      proxyCpu,
      accessLogs = false,
      ...settings
    }: IstioArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("mesh:mesh:Istio", name, {}, opts);
    const charts = onPlatform(sources, platform);
    const injector = tags[0] ?? revision;
    this.injection = injector === undefined ? { "istio-injection": "enabled" } : { "istio.io/rev": injector };
    const proxies = { ...defaultProxySettings, ...settings };
    this.podAnnotations = {
      "mesh/proxy": [revision ?? defaultRevision, imageTag(charts.istiod), proxies.certificateLifetime, proxies.drain].join("-"),
    };

    const root = this.namespace(name, rootNamespace, "restricted");
    // The agent sets up the network of other pods from the node, which nothing else here may.
    const agents = this.namespace(`${name}-cni`, "istio-cni", "privileged");

    const base = this.release(`${name}-base`, charts.base, root, { defaultRevision: revision ?? defaultRevision });
    // It knows none of the resources that base defines, and its pods take longest to be ready.
    const cni = this.release(`${name}-cni`, charts.cni, agents, cniValues);
    const controlPlane = (source: ChartSource, name: string) => {
      const unnamed = name === defaultRevision;
      const values = { ...istiodValues({ replicas, proxyCpu, accessLogs }, proxies), ...(!unnamed && { revision: name }) };
      return this.release(unnamed ? "istiod" : `istiod-${name}`, source, root, values, [base]);
    };
    const istiod = controlPlane(charts.istiod, revision ?? defaultRevision);
    const others = additionalRevisions.map((other) => controlPlane(ofVersion(charts.istiod, other.version), other.revision));
    const injectors = revision === undefined ? [] : tags.map((tag) => this.tag(name, tag, revision, istiod));
    const strict = new PeerAuthentication({
      metadata: { name: "default", namespace: rootNamespace },
      spec: { mtls: { mode: "STRICT" } },
    });
    // After istiod, and so gone before it: without istiod nobody answers its webhook, and no setting of Istio can be deleted.
    const mutualTls = customResource(`${name}-strict`, strict, { parent: this, dependsOn: istiod });
    const upgrades = customResource(`${name}-upgrades`, ignoredUpgrades(rootNamespace), { parent: this, dependsOn: istiod });
    this.ready = [cni, istiod, ...others, ...injectors, mutualTls, upgrades];
    this.registerOutputs();
  }

  private namespace(name: string, namespace: string, podSecurity: "restricted" | "privileged") {
    return createNamespace(name, { namespace, podSecurity, injection: noInjection }, { parent: this });
  }

  private tag(name: string, tag: string, revision: string, istiod: pulumi.Resource) {
    const args = { tag, revision, namespace: rootNamespace };
    return new RevisionTag(`${name}-tag-${tag}`, args, { parent: this, dependsOn: istiod });
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

/** Charts that are told what kind of cluster it is. */
function onPlatform({ base, cni, istiod }: IstioCharts, platform: IstioPlatform | undefined): IstioCharts {
  if (platform === undefined) return { base, cni, istiod };
  const told = (source: ChartSource) => ({ ...source, values: merge(source.values, { global: { platform } }) });
  return { base: told(base), cni: told(cni), istiod: told(istiod) };
}

/** The same chart and images in another version; what pins those of this one by their content does not hold for it. */
function ofVersion(source: ChartSource, version: string | undefined): ChartSource {
  if (version === undefined) return source;
  const proxy = { image: "proxyv2" };
  const byTag = { pilot: { image: "pilot" }, global: { tag: version, proxy, proxy_init: proxy } };
  return { ...source, version, values: merge(source.values, byTag) };
}

function imageTag({ values: { global } }: ChartSource): string {
  return isValues(global) ? String(global.tag) : "unknown";
}

const cniValues: Values = { resources: { requests: { cpu: "10m", memory: "48Mi" } } };

function istiodValues(
  { replicas, proxyCpu, accessLogs }: Required<Pick<IstioArgs, "replicas" | "proxyCpu" | "accessLogs">>,
  { certificateLifetime, drain }: ProxySettings,
): Values {
  return {
    pilot: {
      cni: { enabled: true },
      // Clients that speak HTTP/1.0 are answered in it.
      env: { PILOT_HTTP10: "true" },
      autoscaleEnabled: false,
      replicaCount: replicas,
      resources: { requests: { cpu: "50m", memory: "160Mi" } },
      seccompProfile: { type: "RuntimeDefault" },
    },
    global: {
      // A gateway has no start-up probe; asked each 15 s, the chart's default, it would often be ready long before it counts as such.
      proxy: { resources: proxyResources(proxyCpu), readinessPeriodSeconds: 2 },
      // A budget of one for a single pod would only ever keep its node from being drained.
      defaultPodDisruptionBudget: { enabled: replicas > 1 },
    },
    meshConfig: {
      accessLogFile: accessLogs ? "/dev/stdout" : "",
      // Policies see the path that the service sees, however it was written.
      pathNormalization: { normalization: "DECODE_AND_MERGE_SLASHES" },
      defaultConfig: {
        drainDuration: drain,
        // The proxy's agent asks for a certificate of that lifetime.
        proxyMetadata: { SECRET_TTL: certificateLifetime },
        proxyStatsMatcher: { inclusionSuffixes: [...extraProxyStats] },
      },
    },
  };
}
