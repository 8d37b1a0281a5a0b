import { beforeEach, describe, expect, test } from "vitest";
import type { KindSpec } from "../../../model/kindSpec.ts";
import { type KindWork, kindNodes } from "../../../provider/kindNodes.ts";

const spec: KindSpec = {
  name: "mesh-demo",
  workers: 2,
  nodeImage: "localhost/mesh/kind-node:v1.36.1-0123456789ab",
  sources: "built",
  ports: [{ hostPort: 8080, nodePort: 30808 }],
};
const nodes = { spec, kubeconfig: "k", context: "kind-mesh-demo", instance: "i", identifier: "kind-mesh-demo", running: true };

/** What was asked of the command line's functions, which answer as told. */
let asked: unknown[] = [];
let answer: { kubeconfig?: string; context?: string; state?: "running" | "stopped" | "absent" } = {};
beforeEach(() => {
  asked = [];
  answer = {};
});

const asking = (what: string) => async (spec: KindSpec) => {
  asked.push([what, spec]);
  return answer;
};
const work = { ensure: asking("ensure"), read: asking("read"), delete: asking("delete") } as unknown as KindWork;
const kind = kindNodes(work);

describe("which change of the nodes does what", () => {
  const diff = (changes: Partial<KindSpec>, olds = nodes) => kind.diff(olds, { spec: { ...spec, ...changes } });

  test.each<[string, Partial<KindSpec>, string]>([
    ["another name", { name: "other" }, "spec.name"],
    ["a worker more", { workers: 3 }, "spec.workers"],
    ["another port", { ports: [{ hostPort: 8081, nodePort: 30808 }] }, "spec.ports"],
    ["another Kubernetes", { nodeImage: "localhost/mesh/kind-node:v1.37.0-0123456789ab" }, "spec.nodeImage"],
    ["a published image for a built one", { nodeImage: "docker.io/kindest/node:v1.36.1@sha256:00" }, "spec.nodeImage"],
  ])("%s: a new cluster, the old one gone first", (_what, changes, reason) => {
    expect(diff(changes)).toEqual({ changes: true, replaces: [reason], deleteBeforeReplace: true });
  });

  test("nothing: nothing", () => {
    expect(diff({})).toMatchObject({ changes: false, replaces: [] });
  });

  test("the same Kubernetes built from edited sources: nothing, as the cluster runs", () => {
    expect(diff({ nodeImage: "localhost/mesh/kind-node:v1.36.1-ba9876543210" })).toMatchObject({
      changes: false,
      replaces: [],
    });
  });

  test("nodes that a refresh found stopped: an update, which starts them", () => {
    expect(diff({}, { ...nodes, running: false })).toMatchObject({ changes: true, replaces: [] });
  });
});

describe("what of a cluster that lives cannot change", () => {
  const check = (changes: Partial<KindSpec>, olds: { spec?: KindSpec } = { spec }) =>
    kind.check?.(olds, { spec: { ...spec, ...changes } });

  test.each<[string, Partial<KindSpec>, string]>([
    ["a worker more", { workers: 3 }, "mesh:cluster.workers is 3, was 2"],
    ["another port", { ports: [{ hostPort: 8081, nodePort: 30808 }] }, "mesh:cluster.ports is 8081:30808, was 8080:30808"],
    ["another Kubernetes", { nodeImage: "localhost/mesh/kind-node:v1.37.0-0" }, "v1.37.0, was localhost/mesh/kind-node:v1.36.1"],
    ["another name", { name: "other" }, "mesh:cluster.name is other, was mesh-demo"],
  ])("%s is refused before anything goes, with what to do", (_what, changes, reason) => {
    const [failure, ...more] = check({ ...changes, stack: "dev" }) ?? [];
    expect(more).toEqual([]);
    expect(failure?.reason).toContain(reason);
    expect(failure?.reason).toContain("databases too");
    expect(failure?.reason).toContain("`make down STACK=dev`, then `make up STACK=dev`");
  });

  test("what is no other cluster is taken, and so is the first one", () => {
    expect(check({ nodeImage: "localhost/mesh/kind-node:v1.36.1-ba9876543210", stack: "local" })).toEqual([]);
    expect(check({ workers: 7 }, {})).toEqual([]);
  });
});

describe("what is done", () => {
  const kubeconfig = "clusters:\n- cluster:\n    certificate-authority-data: QUJD\n";

  test("create: ensures the cluster, and its outputs are its kubeconfig and what tells it from others", async () => {
    answer = { kubeconfig, context: "kind-mesh-demo" };
    expect(await kind.create({ spec })).toEqual({
      id: "mesh-demo",
      outputs: {
        spec,
        kubeconfig,
        context: "kind-mesh-demo",
        identifier: "kind-mesh-demo",
        running: true,
        instance: expect.stringMatching(/^[0-9a-f]{12}$/),
      },
    });
    expect(asked).toEqual([["ensure", spec]]);
  });

  test("another port in the kubeconfig is the same cluster, another authority is not", async () => {
    const instance = async (text: string) => {
      answer = { kubeconfig: text, context: "c" };
      return (await kind.create({ spec })).outputs.instance;
    };
    const first = await instance(`${kubeconfig}    server: https://127.0.0.1:1\n`);
    expect(await instance(`${kubeconfig}    server: https://127.0.0.1:2\n`)).toBe(first);
    expect(await instance(kubeconfig.replace("QUJD", "REVG"))).not.toBe(first);
  });

  test("update: starts nodes that do not run", async () => {
    answer = { kubeconfig, context: "kind-mesh-demo" };
    expect(await kind.update({ ...nodes, running: false }, { spec })).toMatchObject({ running: true });
    expect(asked).toEqual([["ensure", spec]]);
  });

  test("read: a cluster that is absent is gone for Pulumi too", async () => {
    answer = { state: "absent" };
    expect(await kind.read?.(nodes)).toBeUndefined();
    expect(asked).toEqual([["read", spec]]);
  });

  test("read: a stopped one keeps what is known of it", async () => {
    answer = { state: "stopped" };
    expect(await kind.read?.(nodes)).toMatchObject({ running: false, kubeconfig: "k" });
  });

  test("delete: deletes", async () => {
    await kind.delete?.(nodes);
    expect(asked).toEqual([["delete", spec]]);
  });
});
