import { beforeAll, describe, expect, test } from "vitest";
import { Microservice, type MicroserviceArgs, type MicroserviceVersion } from "../../../../components/app/Microservice.ts";
import { at, type Inputs, type Recording, record } from "../../../lib/mocks.ts";
import { httpPort, plainContainer } from "../../../lib/shop.ts";

/*
 * A service with storage: pods that keep their names and volumes.
 */

const set = "kubernetes:apps/v1:StatefulSet";
const deployment = "kubernetes:apps/v1:Deployment";
const claim = "kubernetes:core/v1:PersistentVolumeClaim";
const service = "kubernetes:core/v1:Service";
const budget = "kubernetes:policy/v1:PodDisruptionBudget";

const version: MicroserviceVersion = { name: "v1", replicas: 2, image: { reference: "registry/queue:1" } };
const args: MicroserviceArgs = {
  service: "queue",
  namespace: "stores",
  ports: [httpPort(80, 8080), { name: "peers", protocol: "tcp", port: 7000, target: 7001 }],
  versions: [version],
  storage: { "/data": "1Gi", "/var/log": "500Mi" },
  probes: { ready: { http: "/ready", port: 8080 }, startWithin: 60 },
  container: { ...plainContainer, scratch: { "/tmp": "64Mi" } },
};
const recordQueue = (changes: Partial<MicroserviceArgs> = {}) =>
  record(() => new Microservice("stores-queue", { ...args, ...changes }));
const names = (recording: Recording, type: string) => recording.all(type).map(({ name }) => name);
const claims = ["volume-data-queue-0", "volume-var-log-queue-0", "volume-data-queue-1", "volume-var-log-queue-1"];

let recording: Recording;
let queue: Inputs;
let pod: Inputs;

beforeAll(async () => {
  recording = await recordQueue();
  queue = recording.inputs(set, "stores-queue");
  pod = at(queue, "spec.template.spec");
});

describe("its pods", () => {
  test("are a StatefulSet by the name of the service, in place of a Deployment", () => {
    expect(queue).toMatchObject({
      metadata: { name: "queue", namespace: "stores", labels: { app: "queue", version: "v1" } },
      spec: {
        replicas: 2,
        serviceName: "queue-headless",
        // A pod that cannot start is replaced when its template gets better.
        podManagementPolicy: "Parallel",
        template: { metadata: { labels: { app: "queue", version: "v1" } } },
      },
    });
    expect(recording.all(set)).toHaveLength(1);
    expect(recording.all(deployment)).toEqual([]);
  });

  test("are selected by what no change of the version takes from them: a selector stays", () => {
    expect(at(queue, "spec.selector")).toEqual({ matchLabels: { app: "queue" } });
  });

  test("are what a Deployment has otherwise: image, ports, probes, variables, account, and time to end", () => {
    expect(pod).toMatchObject({ serviceAccountName: "queue", automountServiceAccountToken: false });
    const container = at<Inputs>(pod, "containers.0");
    expect(container).toMatchObject({
      image: "registry/queue:1",
      ports: [
        { name: "http", containerPort: 8080 },
        { name: "peers", containerPort: 7001 },
      ],
      readinessProbe: { httpGet: { path: "/ready", port: 8080 } },
      securityContext: { readOnlyRootFilesystem: true },
    });
    expect(container.env).toContainEqual({ name: "PORT", value: "8080" });
    expect(at<number>(pod, "terminationGracePeriodSeconds")).toBeGreaterThan(
      at<number>(container, "lifecycle.preStop.sleep.seconds"),
    );
  });

  test("carry the annotations that they are given", async () => {
    const { inputs } = await recordQueue({ podAnnotations: { "to/pods": "1" } });
    expect(at(inputs(set, "stores-queue"), "spec.template.metadata.annotations")).toEqual({ "to/pods": "1" });
  });

  test("are spread over the nodes as far as their volumes let them, each rollout by itself", () => {
    expect(at<unknown[]>(pod, "topologySpreadConstraints")).toEqual([
      {
        topologyKey: "kubernetes.io/hostname",
        maxSkew: 1,
        whenUnsatisfiable: "ScheduleAnyway",
        nodeTaintsPolicy: "Honor",
        labelSelector: { matchLabels: { app: "queue", version: "v1" } },
        matchLabelKeys: ["controller-revision-hash"],
      },
    ]);
  });

  test("are taken from a node one at a time", () => {
    expect(names(recording, budget)).toEqual(["stores-queue"]);
    expect(at(recording.inputs(budget, "stores-queue"), "spec")).toEqual({
      maxUnavailable: 1,
      selector: { matchLabels: { app: "queue" } },
    });
  });
});

describe("its Services", () => {
  test("are one over all pods, as any service has, and one under which each has a name", () => {
    expect(names(recording, service)).toEqual(["stores-queue", "stores-queue-headless"]);
    const common = { namespace: "stores", labels: { app: "queue" } };
    expect(at(recording.inputs(service, "stores-queue"), "metadata")).toEqual({ name: "queue", ...common });
    expect(at(recording.inputs(service, "stores-queue-headless"), "metadata")).toEqual({ name: "queue-headless", ...common });
  });

  test("have the same ports and pods, and the second no address of its own: peers find each other before they are ready", () => {
    const spec = at<object>(recording.inputs(service, "stores-queue"), "spec");
    expect(spec).toEqual({
      selector: { app: "queue" },
      ports: [
        { name: "http", port: 80, targetPort: "http", appProtocol: "http" },
        { name: "peers", port: 7000, targetPort: "peers", appProtocol: "tcp" },
      ],
    });
    expect(at(recording.inputs(service, "stores-queue-headless"), "spec")).toEqual({
      ...spec,
      clusterIP: "None",
      publishNotReadyAddresses: true,
    });
  });

  test("are annotated for gateways in the first alone, which is what they dial", async () => {
    const { inputs } = await recordQueue({ serviceAnnotations: { "to/service": "1" } });
    expect(at(inputs(service, "stores-queue"), "metadata.annotations")).toEqual({ "to/service": "1" });
    expect(at<object>(inputs(service, "stores-queue-headless"), "metadata")).not.toHaveProperty("annotations");
  });
});

describe("its volumes", () => {
  test("are claimed for each pod by the names that the set looks for", () => {
    expect(names(recording, claim).toSorted()).toEqual(claims.map((name) => `stores-queue-${name}`).toSorted());
    expect(recording.inputs(claim, "stores-queue-volume-var-log-queue-1")).toEqual({
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name: "volume-var-log-queue-1", namespace: "stores", labels: { app: "queue" } },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "500Mi" } } },
    });
    const templates = at<{ metadata: { name: string } }[]>(queue, "spec.volumeClaimTemplates");
    const lookedFor = [0, 1].flatMap((ordinal) => templates.map(({ metadata }) => `${metadata.name}-queue-${ordinal}`));
    expect(lookedFor).toEqual(claims);
  });

  test("are there before the pods, which would else have the set make them", () => {
    for (const name of claims) expect(recording.dependsOn([set, "stores-queue"], [claim, `stores-queue-${name}`])).toBe(true);
  });

  test("outlive pods, set and service: nothing of them is deleted, nor for a successor", () => {
    for (const name of claims) {
      expect(recording.options(claim, `stores-queue-${name}`)).toMatchObject({
        retainOnDelete: true,
        deleteBeforeReplace: false,
      });
    }
    // No set can change its templates while it exists: another folder is refused, and not passed over for pods to fail on.
    expect(recording.options(set, "stores-queue")).toMatchObject({ ignoreChanges: [], deleteBeforeReplace: false });
  });

  test("are mounted at their paths, beside folders that go with the pod, in each container", async () => {
    const mounts = [
      { name: "volume-data", mountPath: "/data" },
      { name: "volume-var-log", mountPath: "/var/log" },
      { name: "scratch-0", mountPath: "/tmp" },
    ];
    const initContainers = [{ name: "prepare", image: { reference: "registry/prepare:1" } }];
    const { inputs } = await recordQueue({ initContainers });
    const { containers, initContainers: first } = at<Inputs>(inputs(set, "stores-queue"), "spec.template.spec");
    expect(containers).toMatchObject([{ volumeMounts: mounts }]);
    expect(first).toMatchObject([{ name: "prepare", volumeMounts: mounts }]);
    // Of the claims, the set adds the volumes by itself.
    expect(at(pod, "volumes")).toEqual([{ name: "scratch-0", emptyDir: { sizeLimit: "64Mi" } }]);
  });

  test("are their group's, which is looked at once and not at each start", async () => {
    expect(at(pod, "securityContext")).toMatchObject({
      ...{ runAsNonRoot: true, runAsUser: 10_001, fsGroup: 10_001 },
      fsGroupChangePolicy: "OnRootMismatch",
    });
    const { inputs } = await recordQueue({ container: { ...plainContainer, user: 5, group: 6 } });
    const own = at(inputs(set, "stores-queue"), "spec.template.spec.securityContext");
    expect(own).toMatchObject({ runAsUser: 5, runAsGroup: 6, fsGroup: 6 });
  });

  test("are of the class that is given, and of the cluster's own otherwise", async () => {
    const { all, inputs } = await recordQueue({ storageClass: "fast" });
    const specs = [
      ...all(claim).map(({ inputs }) => at<object>(inputs, "spec")),
      ...at<{ spec: object }[]>(inputs(set, "stores-queue"), "spec.volumeClaimTemplates").map(({ spec }) => spec),
    ];
    expect(specs).toHaveLength(6);
    for (const spec of specs) expect(spec).toMatchObject({ storageClassName: "fast" });
    for (const { inputs } of recording.all(claim)) expect(at<object>(inputs, "spec")).not.toHaveProperty("storageClassName");
  });
});

describe("a change", () => {
  test("of a size is one of the claims alone", async () => {
    const grown = await recordQueue({ storage: { "/data": "2Gi", "/var/log": "500Mi" } });
    expect(grown.inputs(set, "stores-queue")).toEqual(queue);
    const sizes = (of: Recording) =>
      Object.fromEntries(of.all(claim).map(({ name, inputs }) => [name, at(inputs, "spec.resources.requests.storage")]));
    expect(sizes(grown)).toEqual({
      "stores-queue-volume-data-queue-0": "2Gi",
      "stores-queue-volume-data-queue-1": "2Gi",
      "stores-queue-volume-var-log-queue-0": "500Mi",
      "stores-queue-volume-var-log-queue-1": "500Mi",
    });
    expect(names(grown, claim)).toEqual(names(recording, claim));
  });

  test("of the number of pods adds claims and leaves those that there are", async () => {
    const more = await recordQueue({ versions: [{ ...version, replicas: 3 }] });
    const added = names(more, claim).filter((name) => !names(recording, claim).includes(name));
    expect(added.toSorted()).toEqual(["stores-queue-volume-data-queue-2", "stores-queue-volume-var-log-queue-2"]);
    for (const { name, inputs } of recording.all(claim)) expect(more.inputs(claim, name)).toEqual(inputs);
    expect(more.inputs(set, "stores-queue")).toMatchObject({ spec: { replicas: 3 } });
  });
});

test("a service without storage has none of it", async () => {
  const { storage: _, ...plain } = args;
  const without = await record(() => new Microservice("stores-queue", plain));
  expect(names(without, deployment)).toEqual(["stores-queue-v1"]);
  for (const type of [set, claim]) expect(without.all(type)).toEqual([]);
  expect(names(without, service)).toEqual(["stores-queue"]);
  const spec = at<Inputs>(without.inputs(deployment, "stores-queue-v1"), "spec.template.spec");
  for (const key of ["fsGroup", "fsGroupChangePolicy"]) expect(spec.securityContext).not.toHaveProperty(key);
  expect(JSON.stringify(at(spec, "containers.0.volumeMounts"))).not.toContain("volume-");
});
