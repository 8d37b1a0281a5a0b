import { beforeAll, describe, expect, test } from "vitest";
import { Microservice, type MicroserviceArgs } from "../../../../components/app/Microservice.ts";
import { at, type Inputs, type Recording, record } from "../../../lib/mocks.ts";

const deployment = "kubernetes:apps/v1:Deployment";
const args: MicroserviceArgs = {
  service: "shop",
  namespace: "stores",
  image: { reference: "registry/shop:1" },
  port: 3000,
  versions: [
    { name: "v1", replicas: 3 },
    { name: "v2", replicas: 1 },
  ],
  probes: { ready: "/ready", health: "/health" },
};

let recording: Recording;
let v1: Inputs;
let pod: Inputs;
let container: Inputs;

beforeAll(async () => {
  recording = await record(() => new Microservice("shop", args));
  v1 = recording.inputs(deployment, "shop-v1");
  pod = at(v1, "spec.template.spec");
  container = at(pod, "containers.0");
});

describe("versions", () => {
  test("one Deployment each, told apart by their label", () => {
    for (const { name, replicas } of args.versions) {
      const labels = { app: "shop", version: name };
      expect(recording.inputs(deployment, `shop-${name}`)).toMatchObject({
        metadata: { namespace: "stores", labels },
        spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels } } },
      });
    }
    expect(recording.all(deployment)).toHaveLength(2);
  });

  test("one Service over all of them: it selects no version", () => {
    expect(recording.inputs("kubernetes:core/v1:Service", "shop")).toMatchObject({
      metadata: { name: "shop", namespace: "stores" },
      spec: { selector: { app: "shop" }, ports: [{ name: "http", port: 3000, targetPort: "http", appProtocol: "http" }] },
    });
    expect(at<object>(recording.inputs("kubernetes:core/v1:Service", "shop"), "spec.selector")).not.toHaveProperty("version");
  });

  test("each says which it is", () => {
    const envOf = (name: string) =>
      at<{ name: string; value?: string }[]>(recording.inputs(deployment, name), "spec.template.spec.containers.0.env");
    expect(envOf("shop-v1")).toContainEqual({ name: "VERSION", value: "v1" });
    expect(envOf("shop-v2")).toContainEqual({ name: "VERSION", value: "v2" });
  });
});

describe("variables", () => {
  const envOf = async (env: MicroserviceArgs["env"]) => {
    const { inputs } = await record(() => new Microservice("shop", { ...args, ...(env && { env }) }));
    return at<object[]>(inputs(deployment, "shop-v1"), "spec.template.spec.containers.0.env");
  };

  test("a text as it is, a secret by reference, beside the platform's own", async () => {
    const env = { URL: "http://other", PASSWORD: { secret: "database", key: "password" } };
    const given = await envOf(env);
    expect(given).toContainEqual({ name: "URL", value: "http://other" });
    expect(given).toContainEqual({ name: "PASSWORD", valueFrom: { secretKeyRef: { name: "database", key: "password" } } });
    expect(given).toHaveLength((await envOf(undefined)).length + 2);
  });
});

test("a process without privilege may listen elsewhere than its Service", async () => {
  const { inputs } = await record(() => new Microservice("shop", { ...args, port: 80, containerPort: 8080 }));
  expect(inputs("kubernetes:core/v1:Service", "shop")).toMatchObject({ spec: { ports: [{ port: 80, targetPort: "http" }] } });
  const container = at<Inputs>(inputs(deployment, "shop-v1"), "spec.template.spec.containers.0");
  expect(container).toMatchObject({ ports: [{ name: "http", containerPort: 8080 }] });
  expect(container.env).toContainEqual({ name: "PORT", value: "8080" });
});

test("annotations where they are given, and nowhere else", async () => {
  const given = { serviceAnnotations: { "to/service": "1" }, podAnnotations: { "to/pods": "2" } };
  const { inputs } = await record(() => new Microservice("shop", { ...args, ...given }));
  expect(at(inputs("kubernetes:core/v1:Service", "shop"), "metadata.annotations")).toEqual({ "to/service": "1" });
  expect(at(inputs(deployment, "shop-v1"), "spec.template.metadata.annotations")).toEqual({ "to/pods": "2" });
  expect(at<object>(recording.inputs("kubernetes:core/v1:Service", "shop"), "metadata")).not.toHaveProperty("annotations");
  expect(at<object>(v1, "spec.template.metadata")).not.toHaveProperty("annotations");
});

test("an account of its own, whose token no container sees", () => {
  expect(recording.inputs("kubernetes:core/v1:ServiceAccount", "shop")).toMatchObject({
    metadata: { name: "shop", namespace: "stores" },
    automountServiceAccountToken: false,
  });
  expect(pod).toMatchObject({ serviceAccountName: "shop", automountServiceAccountToken: false });
});

test("everything PodSecurity `restricted` asks for, and a root that cannot be written to", () => {
  expect(pod).toMatchObject({ securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } } });
  expect(at<number>(pod, "securityContext.runAsUser")).toBeGreaterThan(0);
  expect(container).toMatchObject({
    securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } },
  });
  for (const field of ["hostNetwork", "hostPID", "hostIPC", "volumes"]) expect(pod).not.toHaveProperty(field);
});

test("spread over the nodes that take them, each rollout by itself", () => {
  expect(at<unknown[]>(pod, "topologySpreadConstraints")).toEqual([
    {
      topologyKey: "kubernetes.io/hostname",
      maxSkew: 1,
      whenUnsatisfiable: "DoNotSchedule",
      nodeTaintsPolicy: "Honor",
      labelSelector: { matchLabels: { app: "shop", version: "v1" } },
      matchLabelKeys: ["pod-template-hash"],
    },
  ]);
});

test("a rollout never has fewer pods than before, and a drained node takes one at a time", () => {
  expect(v1).toMatchObject({ spec: { strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } } });
  expect(recording.inputs("kubernetes:policy/v1:PodDisruptionBudget", "shop-v1")).toMatchObject({
    spec: { maxUnavailable: 1, selector: { matchLabels: { app: "shop", version: "v1" } } },
  });
});

test("stops when its endpoints are withdrawn, and is given the time to finish", () => {
  const pause = at<number>(container, "lifecycle.preStop.sleep.seconds");
  const drain = Number(at<{ name: string; value: string }[]>(container, "env").find(({ name }) => name === "DRAIN_MS")?.value);
  expect(pause).toBeGreaterThan(0);
  expect(pause + drain / 1_000).toBeLessThan(at<number>(pod, "terminationGracePeriodSeconds"));
});

test("probes, requests and limits", () => {
  expect(container).toMatchObject({
    image: "registry/shop:1",
    // Built images exist on the nodes alone.
    imagePullPolicy: "IfNotPresent",
    ports: [{ name: "http", containerPort: 3000 }],
    startupProbe: { httpGet: { path: "/ready", port: "http" } },
    readinessProbe: { httpGet: { path: "/ready", port: "http" } },
    livenessProbe: { httpGet: { path: "/health", port: "http" } },
    resources: { requests: { cpu: "10m", memory: "64Mi" }, limits: { cpu: "500m", memory: "192Mi" } },
  });
});

describe("an image with a program of its own", () => {
  test("mounts nothing and keeps its command", () => {
    expect(recording.all("kubernetes:core/v1:ConfigMap")).toEqual([]);
    expect(container).not.toHaveProperty("command");
    expect(container).not.toHaveProperty("volumeMounts");
  });
});

describe("an image that holds the runtime alone", () => {
  test("runs the program from an immutable ConfigMap", async () => {
    const program = { file: "server.ts", content: "console.log(1)" };
    const { inputs } = await record(() => new Microservice("shop", { ...args, image: { reference: "node@sha256:1", program } }));
    const map = inputs("kubernetes:core/v1:ConfigMap", "shop-program");
    expect(map).toMatchObject({ immutable: true, data: { "server.ts": "console.log(1)", "package.json": '{"type":"module"}' } });
    // Without a name of its own Pulumi gives it a new one with each content, which the pods then refer to.
    expect(at<object>(map, "metadata")).toEqual({ namespace: "stores" });
    expect(at<Inputs>(inputs(deployment, "shop-v1"), "spec.template.spec")).toMatchObject({
      containers: [{ command: ["node", "/app/server.ts"], volumeMounts: [{ mountPath: "/app", readOnly: true }] }],
      volumes: [{ name: "program", configMap: {} }],
    });
  });
});
