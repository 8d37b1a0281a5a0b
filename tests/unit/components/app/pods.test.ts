import { describe, expect, test } from "vitest";
import { Microservice, type MicroserviceArgs } from "../../../../components/app/Microservice.ts";
import { at, automaticName, type Inputs, opened, type Recording, record } from "../../../lib/mocks.ts";
import { httpPort, plainContainer } from "../../../lib/shop.ts";

/*
 * What Kubernetes gets of a container: its files and folders, what they and its variables come from, and whom it runs as.
 */

const map = "kubernetes:core/v1:ConfigMap";
const secret = "kubernetes:core/v1:Secret";
const deployment = "kubernetes:apps/v1:Deployment";

const image = { reference: "registry/shop:1" };
const program = (content: string) => ({ reference: "node:24", program: { file: "server.js", content } });
const args: MicroserviceArgs = {
  ...{ service: "shop", namespace: "stores", ports: [httpPort(8080)], probes: { startWithin: 60 }, container: plainContainer },
  versions: [{ name: "v1", replicas: 1, image }],
};

interface Changes extends Omit<Partial<MicroserviceArgs>, "container"> {
  readonly container?: Partial<MicroserviceArgs["container"]>;
  readonly env?: MicroserviceArgs["versions"][number]["env"];
}

const recordPods = ({ container, env = {}, ...changes }: Changes): Promise<Recording> => {
  const versions = args.versions.map((version) => ({ ...version, env }));
  const given = { ...args, versions, ...changes, container: { ...plainContainer, ...container } };
  return record(() => new Microservice("shop", given), { autonames: true });
};
const specOf = ({ inputs }: Recording, version = "v1") => at<Inputs>(inputs(deployment, `shop-${version}`), "spec.template.spec");
const containerOf = (recording: Recording, version?: string) => at<Inputs>(specOf(recording, version), "containers.0");
const podOf = async (changes: Changes) => specOf(await recordPods(changes));

describe("a folder to write to", () => {
  test("is an empty one of a size, which goes with the pod, in each container", async () => {
    const scratch = { "/tmp": "64Mi", "/var/cache": "1Gi" };
    const { containers, initContainers, volumes } = await podOf({
      container: { scratch },
      initContainers: [{ name: "prepare", image }],
    });
    expect(volumes).toEqual([
      { name: "scratch-0", emptyDir: { sizeLimit: "64Mi" } },
      { name: "scratch-1", emptyDir: { sizeLimit: "1Gi" } },
    ]);
    const mounts = {
      volumeMounts: [
        { name: "scratch-0", mountPath: "/tmp" },
        { name: "scratch-1", mountPath: "/var/cache" },
      ],
    };
    expect(containers).toMatchObject([{ name: "shop", ...mounts }]);
    expect(initContainers).toMatchObject([{ name: "prepare", ...mounts }]);
  });
});

describe("files", () => {
  const files = {
    "/etc/a.conf": "a",
    "/etc/token": { setting: "token" },
    "/etc/key": { secret: "partner", key: "tls.key" },
    "/etc/home": { configMap: "regions", key: "home" },
    "/etc/b.conf": "b",
  } as const;

  test("are each a key of what holds it, mounted alone, and to be read alone", async () => {
    const recording = await recordPods({ container: { files }, settings: { token: "t" } });
    expect(containerOf(recording).volumeMounts).toEqual([
      { name: "files", mountPath: "/etc/a.conf", subPath: "file-0", readOnly: true },
      { name: "file-1", mountPath: "/etc/token", subPath: "token", readOnly: true },
      { name: "file-2", mountPath: "/etc/key", subPath: "tls.key", readOnly: true },
      { name: "file-3", mountPath: "/etc/home", subPath: "home", readOnly: true },
      { name: "files", mountPath: "/etc/b.conf", subPath: "file-4", readOnly: true },
    ]);
    expect(specOf(recording).volumes).toEqual([
      { name: "files", configMap: { name: automaticName("shop-files") } },
      { name: "file-1", secret: { secretName: automaticName("shop-settings") } },
      { name: "file-2", secret: { secretName: "partner" } },
      { name: "file-3", configMap: { name: "regions" } },
    ]);
  });

  test("that are text are one ConfigMap, which is another one with each content", async () => {
    const recording = await recordPods({ container: { files }, settings: { token: "t" } });
    expect(recording.all(map)).toHaveLength(1);
    expect(recording.inputs(map, "shop-files")).toMatchObject({ immutable: true, data: { "file-0": "a", "file-4": "b" } });
    // Without a name of its own Pulumi gives it a new one with each content, which rolls the pods.
    expect(recording.inputs(map, "shop-files").metadata).toEqual({ namespace: "stores" });
    expect(recording.options(deployment, "shop-v1").dependencies.some((urn) => urn.endsWith("::shop-files"))).toBe(true);
  });

  test("lie below folders to write to, which are mounted before them", async () => {
    const { containers } = await podOf({ container: { scratch: { "/tmp": "1Mi" }, files: { "/tmp/a": "a" } } });
    expect(at(containers, "0.volumeMounts")).toMatchObject([{ mountPath: "/tmp" }, { mountPath: "/tmp/a" }]);
  });

  test("that nobody declares need no object and no volume", async () => {
    const recording = await recordPods({});
    expect([...recording.all(map), ...recording.all(secret)]).toEqual([]);
    expect(specOf(recording)).not.toHaveProperty("volumes");
    expect(containerOf(recording)).not.toHaveProperty("volumeMounts");
  });
});

describe("values of the stack", () => {
  const settings = { token: "the-token", login: "the-login", unused: "never" };

  test("are one Secret of those that are named, which Pulumi keeps encrypted, and another one with each value", async () => {
    const initContainers = [{ name: "prepare", image, env: { LOGIN: { setting: "login" } } }];
    const container = { files: { "/token": { setting: "token" } } };
    const recording = await recordPods({ settings, container, initContainers, env: { TOKEN: { setting: "token" } } });
    expect(recording.all(secret)).toHaveLength(1);
    const { stringData, ...own } = recording.inputs(secret, "shop-settings");
    expect(opened(stringData)).toEqual({ token: "the-token", login: "the-login" });
    expect(own).toMatchObject({ immutable: true, metadata: { namespace: "stores" } });
    expect(own.metadata).not.toHaveProperty("name");
  });

  test("are in no object but that Secret", async () => {
    const container = { files: { "/token": { setting: "token" } }, pullSecrets: [{ setting: "login" }] };
    const { resources } = await recordPods({ settings, container, env: { TOKEN: { setting: "token" } } });
    const others = resources.filter(({ type }) => type !== secret);
    expect(others.length).toBeGreaterThan(3);
    expect(JSON.stringify(others)).not.toMatch(/the-token|the-login|never/);
  });

  test("that nodes show a registry are a login, by its place, beside Secrets that are there already", async () => {
    const pullSecrets = ["partner", { setting: "login" }, { setting: "token" }];
    const recording = await recordPods({ settings, container: { pullSecrets } });
    expect(specOf(recording).imagePullSecrets).toEqual([
      { name: "partner" },
      { name: automaticName("shop-login-2") },
      { name: automaticName("shop-login-3") },
    ]);
    const { stringData, ...own } = recording.inputs(secret, "shop-login-2");
    expect(opened(stringData)).toEqual({ ".dockerconfigjson": "the-login" });
    expect(own).toMatchObject({ type: "kubernetes.io/dockerconfigjson", immutable: true });
  });

  test("may have any names, which no object is called by", async () => {
    const given = { settings: { settings: "a", Of_Registry: "b" } };
    const pullSecrets = [{ setting: "settings" }, { setting: "Of_Registry" }];
    const { all } = await recordPods({ ...given, container: { pullSecrets }, env: { A: { setting: "settings" } } });
    expect(
      all(secret)
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual(["shop-login", "shop-login-2", "shop-settings"]);
  });
});

test("a variable is text, a key of an object, or what the pod knows of itself", async () => {
  const env = {
    TEXT: "text",
    KEY: { secret: "partner", key: "k" },
    HOME: { configMap: "regions", key: "home" },
    TOKEN: { setting: "token" },
    NODE: { field: "spec.nodeName" },
  };
  const container = containerOf(await recordPods({ env, settings: { token: "t" } }));
  expect(at<unknown[]>(container, "env").slice(-5)).toEqual([
    { name: "TEXT", value: "text" },
    { name: "KEY", valueFrom: { secretKeyRef: { name: "partner", key: "k" } } },
    { name: "HOME", valueFrom: { configMapKeyRef: { name: "regions", key: "home" } } },
    { name: "TOKEN", valueFrom: { secretKeyRef: { name: automaticName("shop-settings"), key: "token" } } },
    { name: "NODE", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } },
  ]);
});

describe("what runs before a container", () => {
  test("comes in its order, with a program and variables of its own, bounds, and no privilege", async () => {
    const first = { name: "first", image, command: ["/first"], args: ["-v"], env: { A: "1" } };
    const { initContainers } = await podOf({ initContainers: [first, { name: "second", image }] });
    expect(initContainers).toEqual([
      {
        ...{ name: "first", image: "registry/shop:1", imagePullPolicy: "IfNotPresent" },
        ...{ command: ["/first"], args: ["-v"], env: [{ name: "A", value: "1" }] },
        resources: { requests: { cpu: "10m", memory: "64Mi" }, limits: { cpu: "500m", memory: "192Mi" } },
        securityContext: {
          ...{ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } },
        },
      },
      expect.objectContaining({ name: "second" }),
    ]);
    expect(await podOf({})).not.toHaveProperty("initContainers");
  });

  test("runs a program of its own, whatever the version beside it runs", async () => {
    const versions = [
      { name: "v1", replicas: 1, image: program("of v1") },
      { name: "v2", replicas: 1, image: program("both") },
      { name: "v3", replicas: 1, image },
    ];
    const recording = await recordPods({
      versions,
      initContainers: [
        { name: "prepare", image: program("both") },
        { name: "no", image },
      ],
    });
    const contentOf = new Map(
      recording
        .all(map)
        .map(({ name, inputs }) => [automaticName(name), at<Record<string, string>>(inputs, "data")["server.js"]]),
    );
    /** What a container finds where its program is. */
    const runs = (version: string, container: string) => {
      const { name } =
        at<{ name: string; mountPath: string }[]>(specOf(recording, version), `${container}.volumeMounts`)[0] ?? {};
      const volumes = at<{ name: string; configMap: { name: string } }[]>(specOf(recording, version), "volumes");
      const found = volumes.filter((volume) => volume.name === name);
      expect(found).toHaveLength(1);
      return contentOf.get(found[0]?.configMap.name ?? "");
    };
    for (const version of ["v1", "v2", "v3"]) expect(runs(version, "initContainers.0")).toBe("both");
    expect([runs("v1", "containers.0"), runs("v2", "containers.0")]).toEqual(["of v1", "both"]);
    for (const container of [containerOf(recording, "v3"), at(specOf(recording), "initContainers.1")]) {
      expect(container).not.toHaveProperty("volumeMounts");
    }
  });
});

describe("a pod", () => {
  test("runs as its user and its group, and never as root", async () => {
    const { securityContext } = await podOf({ container: { user: 1_000, group: 2_000 } });
    expect(securityContext).toMatchObject({ runAsUser: 1_000, runAsGroup: 2_000, runAsNonRoot: true });
  });

  test.each([
    [1_023, true],
    [1_024, false],
    [8_080, false],
  ])("with a container on port %i may listen below 1024: %s", async (target, may) => {
    const ports = [httpPort(8080), { ...httpPort(80, target), name: "other" }];
    const sysctls = [{ name: "net.ipv4.ip_unprivileged_port_start", value: "0" }];
    expect(at(await podOf({ ports }), "securityContext.sysctls")).toEqual(may ? sysctls : undefined);
  });

  test("of a Service below 1024 needs none of it, as its container listens elsewhere", async () => {
    expect(at(await podOf({ ports: [httpPort(80, 8080)] }), "securityContext")).not.toHaveProperty("sysctls");
  });

  test("that shows no registry anything has no login", async () => {
    expect(await podOf({})).not.toHaveProperty("imagePullSecrets");
  });
});
