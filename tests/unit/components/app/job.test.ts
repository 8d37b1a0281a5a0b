import { beforeAll, describe, expect, test } from "vitest";
import { Job, type JobArgs } from "../../../../components/app/Job.ts";
import { Microservice } from "../../../../components/app/Microservice.ts";
import { at, automaticName, type Inputs, type Recording, record } from "../../../lib/mocks.ts";
import { plainContainer } from "../../../lib/shop.ts";

/*
 * What Kubernetes gets of what nobody calls: a job, one with a schedule, and a worker.
 */

const [job, cronJob, account] = [
  "kubernetes:batch/v1:Job",
  "kubernetes:batch/v1:CronJob",
  "kubernetes:core/v1:ServiceAccount",
] as const;
const program = { image: { reference: "registry/shop:1" }, args: ["migrate"], env: { A: "1" } };
const args: JobArgs = { name: "migrate", namespace: "stores", container: plainContainer, program, retries: 2, seconds: 90 };
const recordJob = (changes: Partial<JobArgs> = {}) =>
  record(() => new Job("stores-migrate", { ...args, ...changes }), { autonames: true });

describe("a job", () => {
  let recording: Recording;
  let own: Inputs;
  beforeAll(async () => {
    recording = await recordJob();
    own = recording.inputs(job, "stores-migrate");
  });

  test("is one of Kubernetes, without a name of its own: another program is another job beside it", () => {
    expect(recording.all(cronJob)).toEqual([]);
    expect(own.metadata).toEqual({ namespace: "stores", labels: { app: "migrate" } });
    expect(own.spec).toMatchObject({
      backoffLimit: 2,
      activeDeadlineSeconds: 90,
      template: { metadata: { labels: { app: "migrate" } } },
    });
  });

  test("has a pod for each try, that ends, and runs its program with its variables and bounds", () => {
    expect(at(own, "spec.template.spec")).toMatchObject({
      restartPolicy: "Never",
      securityContext: { runAsUser: 10_001, runAsGroup: 10_001 },
    });
    expect(at(own, "spec.template.spec.containers")).toEqual([
      expect.objectContaining({
        ...{ name: "migrate", image: "registry/shop:1", args: ["migrate"] },
        env: [
          { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
          { name: "A", value: "1" },
        ],
        resources: { requests: { cpu: "10m", memory: "64Mi" }, limits: { cpu: "500m", memory: "192Mi" } },
      }),
    ]);
    for (const key of ["initContainers", "volumes", "imagePullSecrets"])
      expect(at(own, "spec.template.spec")).not.toHaveProperty(key);
  });

  test("has an account of its own, whose token no container sees, and nothing that others could call", () => {
    const metadata = { name: "migrate", namespace: "stores", labels: { app: "migrate" } };
    expect(recording.inputs(account, "stores-migrate")).toMatchObject({ metadata, automountServiceAccountToken: false });
    expect(at(own, "spec.template.spec")).toMatchObject({ serviceAccountName: "migrate", automountServiceAccountToken: false });
    expect(recording.resources.map(({ type }) => type)).toEqual(["mesh:app:Job", account, job]);
  });

  test("is waited for as long as it may take, and a little longer, until it says that it has failed", () => {
    expect(recording.options(job, "stores-migrate").longestCreation).toBe("150s");
  });
});

test("a job has the files, settings and programs of its pods, and what runs before it", async () => {
  const { inputs } = await recordJob({
    ...{ settings: { token: "t" }, initContainers: [{ name: "prepare", image: { reference: "registry/prepare:1" } }] },
    container: { ...plainContainer, scratch: { "/tmp": "1Mi" }, files: { "/a": "text" } },
    program: {
      ...{ image: { reference: "node:24", program: { file: "main.js", content: "1" } }, env: { TOKEN: { setting: "token" } } },
      resources: { limits: { memory: "1Gi" } },
    },
  });
  const pod = at<Inputs>(inputs(job, "stores-migrate"), "spec.template.spec");
  expect(pod.volumes).toEqual([
    { name: "program", configMap: { name: automaticName("stores-migrate-program") } },
    { name: "scratch-0", emptyDir: { sizeLimit: "1Mi" } },
    { name: "files", configMap: { name: automaticName("stores-migrate-files") } },
  ]);
  expect(pod.initContainers).toMatchObject([{ name: "prepare", image: "registry/prepare:1" }]);
  expect(at(pod, "containers.0")).toMatchObject({ command: ["node", "/app/main.js"], resources: { limits: { memory: "1Gi" } } });
  expect(at<unknown[]>(pod, "containers.0.env").at(-1)).toEqual({
    name: "TOKEN",
    valueFrom: { secretKeyRef: { name: automaticName("stores-migrate-settings"), key: "token" } },
  });
});

describe("a job with a schedule", () => {
  test("is a CronJob by its name, of which one runs at a time, and few that are over are kept", async () => {
    const { all, inputs } = await recordJob({ schedule: "0 3 * * *", timeZone: "Europe/Berlin" });
    expect(all(job)).toEqual([]);
    const { metadata, spec } = inputs(cronJob, "stores-migrate");
    expect(metadata).toEqual({ name: "migrate", namespace: "stores", labels: { app: "migrate" } });
    expect(spec).toMatchObject({
      ...{ schedule: "0 3 * * *", timeZone: "Europe/Berlin", concurrencyPolicy: "Forbid", startingDeadlineSeconds: 300 },
      ...{ successfulJobsHistoryLimit: 1, failedJobsHistoryLimit: 1 },
    });
  });

  test("runs what the job would run once", async () => {
    const [once, again] = [await recordJob(), await recordJob({ schedule: "0 3 * * *" })];
    expect(at(again.inputs(cronJob, "stores-migrate"), "spec.jobTemplate")).toEqual({
      metadata: { labels: { app: "migrate" } },
      spec: at(once.inputs(job, "stores-migrate"), "spec"),
    });
  });

  test("is of the cluster's own zone unless it says another", async () => {
    const { inputs } = await recordJob({ schedule: "0 3 * * *" });
    expect(inputs(cronJob, "stores-migrate").spec).not.toHaveProperty("timeZone");
  });
});

describe("a worker", () => {
  const worker = { service: "mailer", namespace: "stores", ports: [], container: plainContainer };
  const versions = [{ name: "v1", replicas: 3, ...program }];
  const recordWorker = (probes: ConstructorParameters<typeof Microservice>[1]["probes"]) =>
    record(() => new Microservice("stores-mailer", { ...worker, versions, probes }));

  test("is a Deployment with an account of its own, and without a Service", async () => {
    const { resources, inputs } = await recordWorker({ startWithin: 60 });
    const types = resources.map(({ type }) => type.split(":").at(-1)).toSorted();
    expect(types).toEqual(["Deployment", "Microservice", "PodDisruptionBudget", "ServiceAccount"]);
    const { spec } = inputs("kubernetes:apps/v1:Deployment", "stores-mailer-v1");
    expect(spec).toMatchObject({ replicas: 3, template: { spec: { serviceAccountName: "mailer" } } });
  });

  test("listens on nothing, and is asked only where it says so", async () => {
    const deployment = "kubernetes:apps/v1:Deployment";
    const containerOf = async (probes: Parameters<typeof recordWorker>[0]) =>
      at<Inputs>((await recordWorker(probes)).inputs(deployment, "stores-mailer-v1"), "spec.template.spec.containers.0");
    const container = await containerOf({ startWithin: 60 });
    for (const key of ["ports", "startupProbe", "readinessProbe", "livenessProbe"]) expect(container).not.toHaveProperty(key);
    expect(at<{ name: string }[]>(container, "env").map(({ name }) => name)).not.toContain("PORT");
    expect(await containerOf({ health: { tcp: 9000 }, startWithin: 60 })).toMatchObject({
      livenessProbe: { tcpSocket: { port: 9000 } },
    });
  });
});
