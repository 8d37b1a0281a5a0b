import { beforeAll, expect, test } from "vitest";
import { LoadGenerator, type LoadGeneratorArgs } from "../../../../components/app/LoadGenerator.ts";
import { at, type Inputs, type Recording, record } from "../../../lib/mocks.ts";

const deployment = "kubernetes:apps/v1:Deployment";
const args: LoadGeneratorArgs = {
  name: "generator",
  namespace: "load",
  image: { registry: "registry", repository: "fortio", tag: "1" },
  qps: 1,
  url: "http://product.product.svc.cluster.local:8080/api/products",
  calls: [{ to: "product/product" }],
};

let recording: Recording;
let pod: Inputs;
let container: Inputs;

beforeAll(async () => {
  recording = await record(() => new LoadGenerator("generator", args));
  pod = at(recording.inputs(deployment, "generator"), "spec.template.spec");
  container = at(pod, "containers.0");
});

/** The value behind a flag, or true where it has none. */
const flag = (words: readonly string[], name: string) => words[words.indexOf(`-${name}`) + 1];

test("one pod, never two, with an account of its own whose token it does not see", () => {
  expect(recording.inputs(deployment, "generator")).toMatchObject({
    metadata: { name: "generator", namespace: "load", labels: { app: "generator" } },
    spec: { replicas: 1, strategy: { type: "Recreate" }, template: { metadata: { labels: { app: "generator" } } } },
  });
  expect(recording.inputs("kubernetes:core/v1:ServiceAccount", "generator")).toMatchObject({
    metadata: { name: "generator", namespace: "load" },
    automountServiceAccountToken: false,
  });
  expect(pod).toMatchObject({ serviceAccountName: "generator", automountServiceAccountToken: false });
});

test("asks without an end, at this rate, and goes on whatever the answers are", () => {
  const words = at<string[]>(container, "args");
  expect(words[0]).toBe("load");
  expect(words.at(-1)).toBe(args.url);
  expect([flag(words, "t"), flag(words, "qps"), flag(words, "c")]).toEqual(["0", "1", "1"]);
  for (const name of ["-allow-initial-errors", "-nocatchup", "-stdclient", "-quiet"]) expect(words).toContain(name);
  expect(container).not.toHaveProperty("command");
});

test.each([
  [0.5, "1"],
  [10, "1"],
  [11, "2"],
  [10_000, "16"],
])("%d requests a second go over %s connections", async (qps, connections) => {
  const { inputs } = await record(() => new LoadGenerator("generator", { ...args, qps }));
  const words = at<string[]>(inputs(deployment, "generator"), "spec.template.spec.containers.0.args");
  expect([flag(words, "qps"), flag(words, "c")]).toEqual([`${qps}`, connections]);
});

test("everything PodSecurity `restricted` asks for", () => {
  expect(pod).toMatchObject({ securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } } });
  expect(container).toMatchObject({
    image: "registry/fortio:1",
    imagePullPolicy: "IfNotPresent",
    securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } },
  });
  for (const field of ["hostNetwork", "hostPID", "hostIPC", "volumes"]) expect(pod).not.toHaveProperty(field);
});

test("annotations of the pod, when there are some", async () => {
  expect(at<Inputs>(recording.inputs(deployment, "generator"), "spec.template.metadata")).not.toHaveProperty("annotations");
  const { inputs } = await record(() => new LoadGenerator("generator", { ...args, podAnnotations: { a: "b" } }));
  expect(inputs(deployment, "generator")).toMatchObject({ spec: { template: { metadata: { annotations: { a: "b" } } } } });
});
