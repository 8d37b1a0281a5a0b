import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ServiceSpec } from "../../model/application.ts";
import { headlessName } from "../../model/names.ts";
import type { Protocol } from "../../model/ports.ts";
import type { Probe, Probes } from "../../model/probes.ts";
import type { ServiceVersion } from "../../model/service.ts";
import { claimsOf, type Storage, volumeOf } from "../../model/storage.ts";
import { claimSpec, createClaim, inPlace } from "./claims.ts";
import { type ContainerProgram, defaultResources, type Pods, type PodsArgs, podVariables, preparePods } from "./pods.ts";

export interface MicroserviceArgs extends Pick<ServiceSpec, "ports" | "probes">, Omit<PodsArgs, "programs"> {
  /** Name of the Service, the account and the `app` label: hosts and policies refer to it. */
  readonly service: string;
  /** Each as its own Deployment; with storage a single one, as a StatefulSet. */
  readonly versions: readonly MicroserviceVersion[];
  /** StorageClass of its volumes. @default the cluster's own */
  readonly storageClass?: string;
  /** Annotations of the Service. @default none */
  readonly serviceAnnotations?: Readonly<Record<string, string>>;
  /** Further Services, by the names of exposures: each for one port, with annotations of its own. @default none */
  readonly entrances?: Readonly<Record<string, Entrance>>;
  /** Annotations of the pods; a change rolls them. @default none */
  readonly podAnnotations?: Readonly<Record<string, string>>;
}

/** A Service over the same pods, by which a gateway tells some requests from others. */
export interface Entrance {
  readonly name: string;
  readonly port: number;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface MicroserviceVersion extends Pick<ServiceVersion, "name" | "replicas" | "resources">, ContainerProgram {}

/** Endpoints are withdrawn everywhere within this many seconds; only then is the process told to stop. */
const withdrawal = 5;
const gracePeriod = 30;
/** Of a volume that nobody has claimed: of a pod that somebody has added by hand. */
const templateSize = "1Gi";

/**
 * A service of the mesh, or a worker, which is one without ports: a Service over all its versions, an account of its own, and for each
 * version a Deployment whose pods are spread over the nodes, run without any privilege, and lose no request when they stop.
 *
 * With storage it is a StatefulSet instead: each pod has a name that stays, under a second Service without an address, and volumes of
 * its own, which outlive the pod and the service and go with the namespace. They grow in place where their StorageClass lets them.
 */
export class Microservice extends pulumi.ComponentResource {
  constructor(name: string, args: MicroserviceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mesh:app:Microservice", name, {}, opts);
    const { service, namespace, ports, versions, storage, entrances = {}, serviceAnnotations: annotations } = args;
    const child = { parent: this };
    const metadata = { name: service, namespace, labels: { app: service } };

    const account = new k8s.core.v1.ServiceAccount(name, { metadata, automountServiceAccountToken: false }, child);
    if (ports.length > 0) {
      const served = ports.map(({ name, port, protocol }) => ({ name, port, targetPort: name, appProtocol: spoken(protocol) }));
      const spec = { selector: { app: service }, ports: served };
      new k8s.core.v1.Service(name, { metadata: { ...metadata, ...(annotations && { annotations }) }, spec }, child);
      for (const [exposure, { port, ...entrance }] of Object.entries(entrances)) {
        const one = served.filter((offered) => offered.port === port);
        const own = { metadata: { ...metadata, ...entrance }, spec: { ...spec, ports: one } };
        new k8s.core.v1.Service(`${name}.${exposure}`, own, child);
      }
      // Peers look for each other before they are ready.
      const headless = { ...spec, clusterIP: "None", publishNotReadyAddresses: true };
      const own = { ...metadata, name: headlessName(service) };
      if (storage) new k8s.core.v1.Service(`${name}-headless`, { metadata: own, spec: headless }, child);
    }
    const pods = preparePods(name, { ...args, programs: versions }, child);
    const refs = { account: account.metadata.name, pods };
    for (const version of versions) {
      if (storage) this.keep(name, args, storage, version, refs);
      else deploy(`${name}-${version.name}`, args, version, refs, child);
    }

    this.registerOutputs();
  }

  /** A set of pods that keep their names and volumes. */
  private keep(name: string, args: MicroserviceArgs, storage: Storage, version: MicroserviceVersion, refs: PodReferences): void {
    const { service, namespace, storageClass } = args;
    const { labels, template } = templateOf(args, version, refs);
    const metadata = { name: service, namespace, labels: { app: service } };
    const claims = claimsOf(service, storage, version.replicas).map(({ name: claim, size }) =>
      createClaim(`${name}-${claim}`, { ...metadata, name: claim }, { size, storageClass }, { parent: this }),
    );
    // Each pod finds its claims made, and of the templates, which cannot change, it has their names alone.
    const volumeClaimTemplates = Object.keys(storage).map((path) => ({
      metadata: { name: volumeOf(path) },
      spec: claimSpec({ size: templateSize, storageClass }),
    }));
    const spec = {
      replicas: version.replicas,
      serviceName: headlessName(service),
      selector: { matchLabels: { app: service } },
      // With the default, a pod that cannot start would have to be removed by hand before it gets a better template.
      podManagementPolicy: "Parallel",
      template,
      volumeClaimTemplates,
    };
    const after = { parent: this, ...inPlace, dependsOn: claims };
    new k8s.apps.v1.StatefulSet(name, { metadata: { ...metadata, labels }, spec }, after);
    budget(name, { namespace, labels }, spec.selector, { parent: this });
  }
}

/** What proxies take a port for. Of `tls` they would look for routes by the host that a client names, and leave the weights aside. */
const spoken = (protocol: Protocol) => (protocol === "tls" ? "tcp" : protocol);

function deploy(
  name: string,
  args: MicroserviceArgs,
  version: MicroserviceVersion,
  refs: PodReferences,
  opts: pulumi.CustomResourceOptions,
): void {
  const { labels, template } = templateOf(args, version, refs);
  const metadata = { namespace: args.namespace, labels };
  const selector = { matchLabels: labels };
  const strategy = { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } };
  new k8s.apps.v1.Deployment(name, { metadata, spec: { replicas: version.replicas, selector, strategy, template } }, opts);
  budget(name, metadata, selector, opts);
}

/** One of these pods at a time may be taken away on purpose. */
function budget(
  name: string,
  metadata: k8s.types.input.meta.v1.ObjectMeta,
  selector: k8s.types.input.meta.v1.LabelSelector,
  opts: pulumi.CustomResourceOptions,
): void {
  new k8s.policy.v1.PodDisruptionBudget(name, { metadata, spec: { maxUnavailable: 1, selector } }, opts);
}

/** The pods of a version, and their labels. */
function templateOf(args: MicroserviceArgs, version: MicroserviceVersion, refs: PodReferences) {
  const labels = { app: args.service, version: version.name };
  const { podAnnotations: annotations } = args;
  const template = { metadata: { labels, ...(annotations && { annotations }) }, spec: podSpec(args, version, labels, refs) };
  return { labels, template };
}

interface PodReferences {
  readonly account: pulumi.Input<string>;
  readonly pods: Pods;
}

function podSpec(
  args: MicroserviceArgs,
  version: MicroserviceVersion,
  labels: Record<string, string>,
  { account, pods }: PodReferences,
): k8s.types.input.core.v1.PodSpec {
  const spec = pods.spec(account, version, container(args, version, pods));
  // Ports below 1024 are for root alone, unless a network of a pod's own says otherwise.
  const isPrivileged = args.ports.some(({ target }) => target < 1_024);
  const sysctls = [{ name: "net.ipv4.ip_unprivileged_port_start", value: "0" }];
  return {
    ...spec,
    ...(isPrivileged && { securityContext: { ...spec.securityContext, sysctls } }),
    terminationGracePeriodSeconds: gracePeriod,
    topologySpreadConstraints: [
      {
        topologyKey: "kubernetes.io/hostname",
        maxSkew: 1,
        // A volume may be of one node alone, and its pod goes where it is.
        whenUnsatisfiable: args.storage ? "ScheduleAnyway" : "DoNotSchedule",
        // Nodes that take no such pods, a control plane or a dead worker, are not waited for.
        nodeTaintsPolicy: "Honor",
        labelSelector: { matchLabels: labels },
        // The pods of the template before are about to go; they do not count.
        matchLabelKeys: [args.storage ? "controller-revision-hash" : "pod-template-hash"],
      },
    ],
  };
}

function container(
  { service, ports, probes }: MicroserviceArgs,
  version: MicroserviceVersion,
  pods: Pods,
): k8s.types.input.core.v1.Container {
  const [first] = ports;
  const variables = [
    ...(first ? [{ name: "PORT", value: `${first.target}` }] : []),
    { name: "VERSION", value: version.name },
    ...podVariables,
    { name: "DRAIN_MS", value: `${(gracePeriod - withdrawal - 5) * 1_000}` },
  ];
  return {
    ...pods.container(service, version, variables),
    ...(first && { ports: ports.map(({ name, target }) => ({ name, containerPort: target })) }),
    ...kubernetesProbes(probes),
    lifecycle: { preStop: { sleep: { seconds: withdrawal } } },
    resources: version.resources ?? defaultResources,
  };
}

function kubernetesProbes({ ready, health, startWithin }: Probes): Partial<k8s.types.input.core.v1.Container> {
  return {
    ...(ready && {
      startupProbe: { ...handlerOf(ready), periodSeconds: 1, failureThreshold: startWithin },
      readinessProbe: { ...handlerOf(ready), periodSeconds: 5, failureThreshold: 2 },
    }),
    ...(health && { livenessProbe: { ...handlerOf(health), periodSeconds: 10, failureThreshold: 3 } }),
  };
}

function handlerOf(probe: Probe): k8s.types.input.core.v1.Probe {
  if ("http" in probe) {
    const httpHeaders = Object.entries(probe.headers ?? {}).map(([name, value]) => ({ name, value }));
    return { httpGet: { path: probe.http, port: probe.port, ...(httpHeaders.length > 0 && { httpHeaders }) } };
  }
  if ("tcp" in probe) return { tcpSocket: { port: probe.tcp } };
  if ("exec" in probe) return { exec: { command: [...probe.exec] } };
  const { grpc: port, service } = probe;
  return { grpc: { port, ...(service !== undefined && { service }) } };
}
