import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { kindProvider } from "../../../../components/cluster/KindNodes.ts";
import { loadedImagesProvider } from "../../../../components/cluster/LoadedImages.ts";
import { projectDir } from "../../../../lib/paths.ts";
import type { KindSpec } from "../../../../model/kindSpec.ts";
import { kindSpec } from "../../../../stacks/kind.ts";
import { recordStack, stackConfig } from "../../../lib/stacks.ts";

const spec: KindSpec = {
  name: "mesh-demo",
  workers: 2,
  nodeImage: "localhost/mesh/kind-node:v1.36.1-0123456789ab",
  sources: "built",
  ports: [{ hostPort: 8080, nodePort: 30808 }],
};
const nodes = { spec, kubeconfig: "k", context: "kind-mesh-demo", instance: "i", identifier: "kind-mesh-demo", running: true };

describe("which change of the nodes does what", () => {
  const diff = (changes: Partial<KindSpec>, olds = nodes) =>
    kindProvider.diff?.("mesh-demo", olds, { spec: { ...spec, ...changes } });

  test.each<[string, Partial<KindSpec>, string]>([
    ["another name", { name: "other" }, "spec.name"],
    ["a worker more", { workers: 3 }, "spec.workers"],
    ["another port", { ports: [{ hostPort: 8081, nodePort: 30808 }] }, "spec.ports"],
    ["another Kubernetes", { nodeImage: "localhost/mesh/kind-node:v1.37.0-0123456789ab" }, "spec.nodeImage"],
    ["a published image for a built one", { nodeImage: "docker.io/kindest/node:v1.36.1@sha256:00" }, "spec.nodeImage"],
  ])("%s: a new cluster, the old one gone first", async (_what, changes, reason) => {
    expect(await diff(changes)).toEqual({ changes: true, replaces: [reason], deleteBeforeReplace: true });
  });

  test("nothing: nothing", async () => {
    expect(await diff({})).toMatchObject({ changes: false, replaces: [] });
  });

  test("the same Kubernetes built from edited sources: nothing, as the cluster runs", async () => {
    expect(await diff({ nodeImage: "localhost/mesh/kind-node:v1.36.1-ba9876543210" })).toMatchObject({
      changes: false,
      replaces: [],
    });
  });

  test("nodes that a refresh found stopped: an update, which starts them", async () => {
    expect(await diff({}, { ...nodes, running: false })).toMatchObject({ changes: true, replaces: [] });
  });
});

describe("what of a cluster that lives cannot change", () => {
  const check = async (changes: Partial<KindSpec>, olds: object = { spec }) =>
    (await kindProvider.check?.(olds as { spec: KindSpec }, { spec: { ...spec, ...changes } }))?.failures;

  test.each<[string, Partial<KindSpec>, string]>([
    ["a worker more", { workers: 3 }, "mesh:cluster.workers is 3, was 2"],
    ["another port", { ports: [{ hostPort: 8081, nodePort: 30808 }] }, "mesh:cluster.ports is 8081:30808, was 8080:30808"],
    ["another Kubernetes", { nodeImage: "localhost/mesh/kind-node:v1.37.0-0" }, "v1.37.0, was localhost/mesh/kind-node:v1.36.1"],
    ["another name", { name: "other" }, "mesh:cluster.name is other, was mesh-demo"],
  ])("%s is refused before anything goes, with what to do", async (_what, changes, reason) => {
    const [failure, ...more] = (await check({ ...changes, stack: "dev" })) ?? [];
    expect(more).toEqual([]);
    expect(failure?.reason).toContain(reason);
    expect(failure?.reason).toContain("databases too");
    expect(failure?.reason).toContain("`make down STACK=dev`, then `make up STACK=dev`");
  });

  test("what is no other cluster is taken, and so is the first one", async () => {
    expect(await check({ nodeImage: "localhost/mesh/kind-node:v1.36.1-ba9876543210", stack: "local" })).toEqual([]);
    expect(await check({ workers: 7 }, {})).toEqual([]);
  });
});

describe("when images are loaded again", () => {
  const olds = { spec, instance: "i", images: [{ name: "product", reference: "localhost/mesh/product:1" }] };
  const diff = (changes: object) => loadedImagesProvider.diff?.("mesh-demo", olds, { ...olds, ...changes });

  test.each<[string, object, boolean]>([
    ["one of them changed", { images: [{ name: "product", reference: "localhost/mesh/product:2" }] }, true],
    ["the cluster is another one of the same name", { instance: "j" }, true],
    ["the nodes' image changed, but not the nodes", { spec: { ...spec, nodeImage: "other" } }, false],
    ["nothing did", {}, false],
  ])("%s: %s", async (_what, changes, changed) => {
    expect(await diff(changes)).toEqual({ changes: changed });
  });
});

describe("the command line that does the work", () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "engine-"));
    await mkdir(join(folder, "cli"));
    await symlink(join(projectDir, "node_modules"), join(folder, "node_modules"));
    await writeFile(join(folder, "package.json"), '{"type":"module"}');
    process.chdir(folder);
  });

  afterAll(async () => {
    process.chdir(projectDir);
    await rm(folder, { recursive: true });
  });

  beforeEach(() => answering({}));

  /** Puts a command line in place that notes its words, and answers or fails as told. */
  async function answering(answer: object, { error = "" } = {}): Promise<void> {
    await writeFile(
      join(folder, "cli/cluster.ts"),
      `import { writeFileSync } from "node:fs";
       writeFileSync("words.json", JSON.stringify(process.argv.slice(2)));
       console.error("… a step\\n${error}");
       console.log(${JSON.stringify(JSON.stringify(answer))});
       process.exitCode = ${error ? 1 : 0};`,
    );
  }
  const words = async () => JSON.parse(await readFile(join(folder, "words.json"), "utf8")) as string[];
  const kubeconfig = "clusters:\n- cluster:\n    certificate-authority-data: QUJD\n";

  test("create: ensures the cluster, and its outputs are its kubeconfig and what tells it from others", async () => {
    await answering({ kubeconfig, context: "kind-mesh-demo", created: true, runtime: "podman" });
    const { id, outs } = await kindProvider.create({ spec });
    expect(await words()).toEqual(["ensure", "--spec", JSON.stringify(spec)]);
    expect([id, outs]).toEqual([
      "mesh-demo",
      {
        spec,
        kubeconfig,
        context: "kind-mesh-demo",
        identifier: "kind-mesh-demo",
        running: true,
        instance: expect.stringMatching(/^[0-9a-f]{12}$/),
      },
    ]);
  });

  test("another port in the kubeconfig is the same cluster, another authority is not", async () => {
    const instance = async (text: string) => {
      await answering({ kubeconfig: text, context: "c" });
      return (await kindProvider.create({ spec })).outs?.instance;
    };
    const [first, moved, anew] = [
      await instance(`${kubeconfig}    server: https://127.0.0.1:1\n`),
      await instance(`${kubeconfig}    server: https://127.0.0.1:2\n`),
      await instance(kubeconfig.replace("QUJD", "REVG")),
    ];
    expect(moved).toBe(first);
    expect(anew).not.toBe(first);
  });

  test("its last line is the error that the user sees", async () => {
    await answering({}, { error: "port 80 is taken by nginx (7)" });
    await expect(kindProvider.create({ spec })).rejects.toThrow(/^port 80 is taken by nginx \(7\)$/);
  });

  test("read: a cluster that is absent is gone for Pulumi too", async () => {
    await answering({ state: "absent" });
    expect(await kindProvider.read?.("mesh-demo", nodes)).toEqual({ id: "" });
    expect(await words()).toEqual(["read", "--spec", JSON.stringify(spec)]);
  });

  test("read: a stopped one keeps what is known of it", async () => {
    await answering({ state: "stopped" });
    expect(await kindProvider.read?.("mesh-demo", nodes)).toMatchObject({
      id: "mesh-demo",
      props: { running: false, kubeconfig: "k" },
    });
  });

  test("delete: deletes", async () => {
    await kindProvider.delete?.("mesh-demo", nodes);
    expect(await words()).toEqual(["delete", "--spec", JSON.stringify(spec)]);
  });

  test("images are loaded by what pods call them", async () => {
    const images = ["pilot", "product"].map((name) => ({ name, reference: `localhost/mesh/${name}:1` }));
    await loadedImagesProvider.create({ spec, instance: "i", images });
    expect(await words()).toEqual([
      "load",
      "--spec",
      JSON.stringify(spec),
      "--images",
      "localhost/mesh/pilot:1,localhost/mesh/product:1",
    ]);
  });
});

describe("the stacks' clusters", () => {
  const onKind = (stack: string) => {
    const config = stackConfig(stack);
    if (config.target !== "kind") throw new Error(`${stack} is not on kind`);
    return config;
  };

  test("`local`: one control plane and two workers of the image that is built here", () => {
    const { nodeImage, ...rest } = kindSpec(onKind("local"));
    expect(nodeImage).toMatch(/^localhost\/mesh\/kind-node:v\d+\.\d+\.\d+-[0-9a-f]{12}$/);
    expect(rest).toEqual({
      name: "mesh-demo",
      workers: 2,
      sources: "built",
      ports: [
        { hostPort: 80, nodePort: 30080 },
        { hostPort: 443, nodePort: 30443 },
        { hostPort: 8080, nodePort: 30808 },
        { hostPort: 8443, nodePort: 30843 },
      ],
    });
  });

  test("`dev`: a published image by digest, and nothing to load", async () => {
    expect(kindSpec(onKind("dev")).nodeImage).toMatch(/^docker\.io\/kindest\/node:v[\d.]+@sha256:[0-9a-f]{64}$/);
    expect((await recordStack("dev")).all("pulumi-nodejs:dynamic/kind:LoadedImages")).toEqual([]);
  });

  test("the provider is bound to this cluster and no other, whatever its kubeconfig comes to say", async () => {
    const { inputs } = await recordStack("local");
    expect(inputs("pulumi:providers:kubernetes", "mesh-demo")).toEqual({
      kubeconfig: "the-kubeconfig",
      context: "the-context",
      clusterIdentifier: "the-identifier",
      enableServerSideApply: "true",
      enableSecretMutable: "true",
    });
  });
});
