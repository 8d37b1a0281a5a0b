import { beforeAll, describe, expect, test } from "vitest";
import { Microservice, type MicroserviceArgs, type MicroserviceVersion } from "../../../../components/app/Microservice.ts";
import type { Probes } from "../../../../model/probes.ts";
import { at, automaticName, type Inputs, type Recording, record } from "../../../lib/mocks.ts";
import { httpPort, plainContainer } from "../../../lib/shop.ts";

const deployment = "kubernetes:apps/v1:Deployment";
const args: MicroserviceArgs = {
  service: "shop",
  namespace: "stores",
  ports: [httpPort(3000)],
  versions: [
    { name: "v1", replicas: 3, image: { reference: "registry/shop:1" } },
    { name: "v2", replicas: 1, image: { reference: "registry/shop:2" } },
  ],
  probes: { ready: { http: "/ready", port: 3000 }, health: { http: "/health", port: 3000 }, startWithin: 60 },
  container: plainContainer,
};
const [first] = args.versions as [MicroserviceVersion];

/** What the first version's container is, with other arguments. */
async function containerOf(changes: Partial<MicroserviceArgs>): Promise<Inputs> {
  const { inputs } = await record(() => new Microservice("shop", { ...args, ...changes }));
  return at<Inputs>(inputs(deployment, "shop-v1"), "spec.template.spec.containers.0");
}

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
  const envOf = async (env: MicroserviceVersion["env"]) => {
    const container = await containerOf({ versions: [{ ...first, ...(env && { env }) }] });
    return at<object[]>(container, "env");
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
  const { inputs } = await record(() => new Microservice("shop", { ...args, ports: [httpPort(80, 8080)] }));
  expect(inputs("kubernetes:core/v1:Service", "shop")).toMatchObject({ spec: { ports: [{ port: 80, targetPort: "http" }] } });
  const container = at<Inputs>(inputs(deployment, "shop-v1"), "spec.template.spec.containers.0");
  expect(container).toMatchObject({ ports: [{ name: "http", containerPort: 8080 }] });
  expect(container.env).toContainEqual({ name: "PORT", value: "8080" });
});

test("further Services are over the same pods, each for one port, with annotations of its own", async () => {
  const service = "kubernetes:core/v1:Service";
  const ports = [httpPort(80, 8080), { name: "rpc", protocol: "grpc", port: 50051, target: 9090 }] as const;
  const entrances = {
    slow: { name: "shop-slow", port: 80, annotations: { a: "1" } },
    calls: { name: "shop-calls", port: 50051, annotations: { b: "2" } },
  };
  const serviceAnnotations = { c: "3" };
  const { all, inputs } = await record(
    () => new Microservice("shop", { ...args, ports: [...ports], serviceAnnotations, entrances }),
  );
  expect(all(service)).toHaveLength(3);
  const common = { namespace: "stores", labels: { app: "shop" } };
  const own = at<{ selector: object; ports: readonly unknown[] }>(inputs(service, "shop"), "spec");
  expect(inputs(service, "shop").metadata).toEqual({ ...common, name: "shop", annotations: { c: "3" } });
  for (const [name, annotations, port] of [
    ["slow", { a: "1" }, own.ports[0]] as const,
    ["calls", { b: "2" }, own.ports[1]] as const,
  ]) {
    expect(inputs(service, `shop.${name}`)).toMatchObject({
      metadata: { ...common, name: `shop-${name}`, annotations },
      spec: { selector: own.selector, ports: [port] },
    });
  }
});

test("of several ports, each is in the Service and in the container, and the first one is the variable", async () => {
  const ports = [
    { name: "rpc", protocol: "grpc", port: 50051, target: 9090, idempotent: true },
    { name: "web", protocol: "http", port: 80, target: 8080 },
    { name: "stream", protocol: "http2", port: 81, target: 8081 },
    { name: "raw", protocol: "tcp", port: 5000, target: 5000 },
    { name: "secure", protocol: "tls", port: 443, target: 8443 },
  ] as const;
  const { inputs } = await record(() => new Microservice("shop", { ...args, ports: [...ports] }));
  expect(at<unknown[]>(inputs("kubernetes:core/v1:Service", "shop"), "spec.ports")).toEqual([
    { name: "rpc", port: 50051, targetPort: "rpc", appProtocol: "grpc" },
    { name: "web", port: 80, targetPort: "web", appProtocol: "http" },
    { name: "stream", port: 81, targetPort: "stream", appProtocol: "http2" },
    { name: "raw", port: 5000, targetPort: "raw", appProtocol: "tcp" },
    // Passed through: by TCP's routes alone proxies heed the weights, which they leave aside where they look for the name in TLS.
    { name: "secure", port: 443, targetPort: "secure", appProtocol: "tcp" },
  ]);
  for (const name of ["shop-v1", "shop-v2"]) {
    const container = at<Inputs>(inputs(deployment, name), "spec.template.spec.containers.0");
    expect(container.ports).toEqual(ports.map(({ name, target }) => ({ name, containerPort: target })));
    expect(container.env).toContainEqual({ name: "PORT", value: "9090" });
  }
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
    startupProbe: { httpGet: { path: "/ready", port: 3000 } },
    readinessProbe: { httpGet: { path: "/ready", port: 3000 } },
    livenessProbe: { httpGet: { path: "/health", port: 3000 } },
    resources: { requests: { cpu: "10m", memory: "64Mi" }, limits: { cpu: "500m", memory: "192Mi" } },
  });
});

describe("a container is asked how it is", () => {
  const asked = async (probes: Probes) => {
    const { startupProbe, readinessProbe, livenessProbe } = await containerOf({ probes });
    return { startupProbe, readinessProbe, livenessProbe };
  };

  test.each<[string, NonNullable<Probes["ready"]>, object]>([
    ["by a path", { http: "/up", port: 3000 }, { httpGet: { path: "/up", port: 3000 } }],
    ["by a path on a port that nobody else may ask", { http: "/up", port: 9000 }, { httpGet: { path: "/up", port: 9000 } }],
    ["by a connection", { tcp: 5000 }, { tcpSocket: { port: 5000 } }],
    ["by gRPC's health service", { grpc: 9090 }, { grpc: { port: 9090 } }],
    ["by gRPC's health service of one service", { grpc: 9090, service: "shop" }, { grpc: { port: 9090, service: "shop" } }],
    ["by gRPC's health service of no name", { grpc: 9090, service: "" }, { grpc: { port: 9090, service: "" } }],
    ["by a command", { exec: ["/bin/ask", "--all"] }, { exec: { command: ["/bin/ask", "--all"] } }],
  ])("%s", async (_what, probe, handler) => {
    expect(await asked({ ready: probe, health: probe, startWithin: 60 })).toEqual({
      startupProbe: { ...handler, periodSeconds: 1, failureThreshold: 60 },
      readinessProbe: { ...handler, periodSeconds: 5, failureThreshold: 2 },
      livenessProbe: { ...handler, periodSeconds: 10, failureThreshold: 3 },
    });
  });

  test("by nobody where nothing is asked", async () => {
    const nobody = await containerOf({ probes: { startWithin: 60 } });
    for (const probe of ["startupProbe", "readinessProbe", "livenessProbe"]) expect(nobody).not.toHaveProperty(probe);
  });

  test("whether it is ready, and not whether it is well, as long as that is not asked", async () => {
    const { startupProbe, readinessProbe, livenessProbe } = await asked({ ready: { tcp: 3000 }, startWithin: 60 });
    expect([startupProbe, readinessProbe].every(Boolean)).toBe(true);
    expect(livenessProbe).toBeUndefined();
    const health = await asked({ health: { tcp: 3000 }, startWithin: 60 });
    expect(health).toMatchObject({ livenessProbe: { tcpSocket: { port: 3000 } } });
    expect([health.startupProbe, health.readinessProbe]).toEqual([undefined, undefined]);
  });

  test("for as long as it may take to start, once a second", async () => {
    const { startupProbe } = await asked({ ready: { tcp: 3000 }, startWithin: 600 });
    expect(startupProbe).toMatchObject({ periodSeconds: 1, failureThreshold: 600 });
  });
});

describe("what a version is started with", () => {
  test("its own command and arguments, in place of the image's", async () => {
    const own = await containerOf({ versions: [{ ...first, command: ["/bin/server"], args: ["--port", "3000"] }] });
    expect(own).toMatchObject({ command: ["/bin/server"], args: ["--port", "3000"] });
    const args = await containerOf({ versions: [{ ...first, args: ["--verbose"] }] });
    expect(args).toMatchObject({ args: ["--verbose"] });
    expect(args).not.toHaveProperty("command");
  });

  test("nothing where nothing is said", () => {
    for (const key of ["command", "args"]) expect(container).not.toHaveProperty(key);
  });

  test("its own image and resources, and no other version's", async () => {
    const limits = { memory: "1Gi" };
    const versions = [first, { ...first, name: "v2", image: { reference: "registry/shop:2" }, resources: { limits } }];
    const { inputs } = await record(() => new Microservice("shop", { ...args, versions }));
    const of = (name: string) => at<Inputs>(inputs(deployment, name), "spec.template.spec.containers.0");
    expect(of("shop-v1")).toMatchObject({ image: "registry/shop:1", resources: { limits: { memory: "192Mi" } } });
    expect(of("shop-v2")).toMatchObject({ image: "registry/shop:2" });
    expect(of("shop-v2").resources).toEqual({ limits });
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
  const map = "kubernetes:core/v1:ConfigMap";
  const program = (content: string, file = "server.ts") => ({ reference: "node@sha256:1", program: { file, content } });

  test("runs the program from an immutable ConfigMap", async () => {
    const versions = [{ ...first, image: program("console.log(1)") }];
    const { inputs } = await record(() => new Microservice("shop", { ...args, versions }));
    const own = inputs(map, "shop-program");
    expect(own).toMatchObject({ immutable: true, data: { "server.ts": "console.log(1)", "package.json": '{"type":"module"}' } });
    // Without a name of its own Pulumi gives it a new one with each content, which the pods then refer to.
    expect(at<object>(own, "metadata")).toEqual({ namespace: "stores" });
    expect(at<Inputs>(inputs(deployment, "shop-v1"), "spec.template.spec")).toMatchObject({
      containers: [{ command: ["node", "/app/server.ts"], volumeMounts: [{ mountPath: "/app", readOnly: true }] }],
      volumes: [{ name: "program", configMap: {} }],
    });
  });

  test("has one for each program, which versions that run the same share", async () => {
    const contents = { v1: "one", v2: "two", v3: "one", v4: "three" };
    const versions = Object.entries(contents).map(([name, content]) => ({ name, replicas: 1, image: program(content) }));
    const { all, inputs, options } = await record(
      () => new Microservice("shop", { ...args, versions: [...versions, { ...first, name: "v5" }] }),
      { autonames: true },
    );
    expect(all(map).map(({ name, inputs }) => [name, at(inputs, "data")])).toEqual([
      ["shop-program", { "server.ts": "one", "package.json": '{"type":"module"}' }],
      ["shop-program-2", { "server.ts": "two", "package.json": '{"type":"module"}' }],
      ["shop-program-3", { "server.ts": "three", "package.json": '{"type":"module"}' }],
    ]);
    const mounted = (version: string) =>
      at<string | undefined>(inputs(deployment, `shop-${version}`), "spec.template.spec.volumes.0.configMap.name");
    const maps = ["shop-program", "shop-program-2", "shop-program", "shop-program-3"];
    expect(["v1", "v2", "v3", "v4"].map(mounted)).toEqual(maps.map(automaticName));
    // An image with a program of its own mounts none, whatever runs beside it.
    expect(mounted("v5")).toBeUndefined();
    expect(options(deployment, "shop-v3").dependencies.some((urn) => urn.endsWith(`${map}::shop-program`))).toBe(true);
  });

  test("is started by the platform, with the version's own arguments", async () => {
    const versions = [{ ...first, image: program("1", "main.js"), args: ["--verbose"] }];
    expect(await containerOf({ versions })).toMatchObject({ command: ["node", "/app/main.js"], args: ["--verbose"] });
  });
});
