import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ServiceSpec, ServiceVersion } from "../../model/application.ts";
import { anyUser, restrictedContainer, restrictedPod } from "../support/restricted.ts";

export interface MicroserviceArgs extends Pick<ServiceSpec, "image" | "port" | "containerPort" | "probes" | "resources"> {
  /** Name of the Service, the account and the `app` label: hosts and policies refer to it. */
  readonly service: string;
  readonly namespace: pulumi.Input<string>;
  /** Each as its own Deployment. */
  readonly versions: readonly Pick<ServiceVersion, "name" | "replicas">[];
  /** Variables of the process, besides `PORT`, `VERSION`, `POD_NAME` and `DRAIN_MS`. @default none */
  readonly env?: Readonly<Record<string, EnvironmentValue>>;
  /** Annotations of the Service. @default none */
  readonly serviceAnnotations?: Readonly<Record<string, string>>;
  /** Annotations of the pods; a change rolls them. @default none */
  readonly podAnnotations?: Readonly<Record<string, string>>;
}

/** A text, or a key of a Secret in the same namespace. */
export type EnvironmentValue = pulumi.Input<string> | SecretKey;

export interface SecretKey {
  /** Name of the Secret. Where the program makes the Secret, its own output: then pods that name it wait for it. */
  readonly secret: pulumi.Input<string>;
  readonly key: string;
}

const defaultResources = { requests: { cpu: "10m", memory: "64Mi" }, limits: { cpu: "500m", memory: "192Mi" } };

/** Endpoints are withdrawn everywhere within this many seconds; only then is the process told to stop. */
const withdrawal = 5;
const gracePeriod = 30;
const programFolder = "/app";

/**
 * A service of the mesh that speaks HTTP: a Service over all its versions, an account of its own, and for each version a
 * Deployment whose pods are spread over the nodes, run without any privilege, and lose no request when they stop.
 */
export class Microservice extends pulumi.ComponentResource {
  constructor(name: string, args: MicroserviceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mesh:app:Microservice", name, {}, opts);
    const { service, namespace, port, versions, serviceAnnotations: annotations } = args;
    const child = { parent: this };
    const metadata = { name: service, namespace, labels: { app: service } };

    const account = new k8s.core.v1.ServiceAccount(name, { metadata, automountServiceAccountToken: false }, child);
    const ports = [{ name: "http", port, targetPort: "http", appProtocol: "http" }];
    const spec = { selector: { app: service }, ports };
    new k8s.core.v1.Service(name, { metadata: { ...metadata, ...(annotations && { annotations }) }, spec }, child);
    const refs = { account: account.metadata.name, program: mountProgram(name, args, child) };
    for (const version of versions) deploy(`${name}-${version.name}`, args, version, refs, child);

    this.registerOutputs();
  }
}

/** Immutable, hence made anew under another name when the program changes, which rolls the pods. */
function mountProgram(name: string, { image: { program }, namespace }: MicroserviceArgs, opts: pulumi.CustomResourceOptions) {
  if (!program) return undefined;
  // A module, as the file's name alone does not tell.
  const data = { [program.file]: program.content, "package.json": '{"type":"module"}' };
  return new k8s.core.v1.ConfigMap(`${name}-program`, { metadata: { namespace }, immutable: true, data }, opts).metadata.name;
}

function deploy(
  name: string,
  args: MicroserviceArgs,
  version: Version,
  refs: PodReferences,
  opts: pulumi.CustomResourceOptions,
): void {
  const labels = { app: args.service, version: version.name };
  const metadata = { namespace: args.namespace, labels };
  const selector = { matchLabels: labels };
  const strategy = { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } };
  const { podAnnotations: annotations } = args;
  const template = { metadata: { labels, ...(annotations && { annotations }) }, spec: podSpec(args, version, labels, refs) };
  new k8s.apps.v1.Deployment(name, { metadata, spec: { replicas: version.replicas, selector, strategy, template } }, opts);
  new k8s.policy.v1.PodDisruptionBudget(name, { metadata, spec: { maxUnavailable: 1, selector } }, opts);
}

type Version = MicroserviceArgs["versions"][number];

interface PodReferences {
  readonly account: pulumi.Input<string>;
  readonly program: pulumi.Input<string> | undefined;
}

function podSpec(
  args: MicroserviceArgs,
  version: Version,
  labels: Record<string, string>,
  { account, program }: PodReferences,
): k8s.types.input.core.v1.PodSpec {
  return {
    serviceAccountName: account,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: gracePeriod,
    securityContext: restrictedPod(anyUser),
    topologySpreadConstraints: [
      {
        topologyKey: "kubernetes.io/hostname",
        maxSkew: 1,
        whenUnsatisfiable: "DoNotSchedule",
        // Nodes that take no such pods, a control plane or a dead worker, are not waited for.
        nodeTaintsPolicy: "Honor",
        labelSelector: { matchLabels: labels },
        // The pods of the template before are about to go; they do not count.
        matchLabelKeys: ["pod-template-hash"],
      },
    ],
    containers: [container(args, version)],
    ...(program === undefined ? {} : { volumes: [{ name: "program", configMap: { name: program } }] }),
  };
}

function container(args: MicroserviceArgs, version: Version): k8s.types.input.core.v1.Container {
  const { image, port, containerPort = port, probes, resources = defaultResources, env = {} } = args;
  const { reference, program } = image;
  const get = (path: string) => ({ httpGet: { path, port: "http" } });
  const fromProgram = program && {
    command: ["node", `${programFolder}/${program.file}`],
    volumeMounts: [{ name: "program", mountPath: programFolder, readOnly: true }],
  };
  return {
    name: args.service,
    image: reference,
    imagePullPolicy: "IfNotPresent",
    ports: [{ name: "http", containerPort }],
    env: [
      { name: "PORT", value: `${containerPort}` },
      { name: "VERSION", value: version.name },
      { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
      { name: "DRAIN_MS", value: `${(gracePeriod - withdrawal - 5) * 1_000}` },
      ...Object.entries(env).map(([name, value]) => variable(name, value)),
    ],
    startupProbe: { ...get(probes.ready), periodSeconds: 1, failureThreshold: 60 },
    readinessProbe: { ...get(probes.ready), periodSeconds: 5, failureThreshold: 2 },
    livenessProbe: { ...get(probes.health), periodSeconds: 10, failureThreshold: 3 },
    lifecycle: { preStop: { sleep: { seconds: withdrawal } } },
    resources,
    securityContext: restrictedContainer,
    ...fromProgram,
  };
}

function variable(name: string, value: EnvironmentValue): k8s.types.input.core.v1.EnvVar {
  if (!isSecretKey(value)) return { name, value };
  return { name, valueFrom: { secretKeyRef: { name: value.secret, key: value.key } } };
}

/** Whether a variable is a key of a Secret. */
export function isSecretKey(value: EnvironmentValue): value is SecretKey {
  return typeof value === "object" && "secret" in value && "key" in value && !pulumi.Output.isInstance(value);
}
