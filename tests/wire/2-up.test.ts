import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { beforeAll, expect, test } from "@jest/globals";
import { fullName, imageReference, platformImages } from "../../airgap/names.ts";
import { lastRuns } from "../../lib/lastRuns.ts";
import { bringUp, haveUp, kubeGet, outputs, podman, pulumi, run, saw, stack } from "../lib/runningStack.ts";
import { productPods, untilReady } from "./support/pods.ts";
import { askProducts } from "./support/product.ts";
import { setOptions, withEdited } from "./support/settings.ts";

beforeAll(async () => {
  await haveUp();
});

test("a second `make up` changes nothing, and ends in a URL that answers 200 through the gateway's proxy", async () => {
  const up = await bringUp();
  saw(`make up again: ${up.seconds.toFixed(1)} s`);
  expect(up.all).toMatch(/\d+ unchanged/);
  expect(up.all).not.toMatch(/\d+ (created|updated|changed|deleted|replaced)/);
  expect(up.all).toContain(`${outputs().urls.istio}/api/products`);

  const kept = (await lastRuns()).find(({ cluster }) => cluster === "kept");
  expect(kept).toMatchObject({ stack, resources: [] });
  const taken = new Map(kept?.steps.map(({ what, from, to }) => [what, to - from]));
  expect([...taken.keys()]).toEqual(expect.arrayContaining(["cluster", "pulumi up", "until it answers"]));
  expect(taken.get("pulumi up")).toBeGreaterThan(0.5);
  expect(taken.get("pulumi up")).toBeLessThan(up.seconds);

  const answer = await askProducts();
  expect(answer.status).toBe(200);
  expect(answer.headers.server).toBe("istio-envoy");
  expect(answer.body.version).toMatch(/^v[12]$/);
  expect(answer.body.products.length).toBeGreaterThan(0);
});

test("a preview finds no changes and starts within seconds", async () => {
  const preview = await pulumi("preview", "--expect-no-changes");
  saw(`pulumi preview: ${preview.seconds.toFixed(1)} s`);
  expect(preview.exitCode).toBe(0);
});

test("with a proxy set and nothing said of what goes past it, nothing on this machine is asked through it", async () => {
  let asked = 0;
  const proxy = createServer((socket) => {
    asked++;
    socket.destroy();
  });
  await once(proxy.listen(0, "127.0.0.1"), "listening");
  try {
    const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const names = ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"];
    const env = { ...Object.fromEntries(names.map((name) => [name, url])), NO_PROXY: "", no_proxy: "" };
    const preview = await run("make", ["preview", `STACK=${stack}`], { env });
    expect(preview.all).toMatch(/\d+ unchanged/);
    expect(preview.exitCode).toBe(0);
    expect((await run("make", ["status", `STACK=${stack}`], { env })).all).toContain("Nothing is wrong.");
    const asks = 'eval "$(make -s env)" && kubectl get nodes --output name';
    expect((await run("bash", ["-c", asks], { env: { ...env, STACK: stack } })).exitCode).toBe(0);
    expect(asked).toBe(0);
  } finally {
    proxy.close();
  }
});

test("a refresh finds no drift", async () => {
  const refresh = await pulumi("refresh", "--yes", "--expect-no-changes");
  expect(refresh.all).toMatch(/\d+ unchanged/);
  expect(refresh.exitCode).toBe(0);
});

test("a changed replica count changes one resource", async () => {
  const changes = await previewWith((config) => setOptions(config, "product/product", { replicas: 4 }));
  saw(`a replica more: ${JSON.stringify(changes)}`);
  expect(changes).toEqual([expect.objectContaining({ op: "update", type: "kubernetes:apps/v1:Deployment" })]);
});

test("three nodes, and the product service's replicas on both workers", async () => {
  const { items: nodes } = await kubeGet<{ items: { metadata: { name: string } }[] }>("nodes");
  expect(nodes.map(({ metadata }) => metadata.name).sort()).toEqual([
    "mesh-demo-control-plane",
    "mesh-demo-worker",
    "mesh-demo-worker2",
  ]);
  // Three of v1, two of v2. Those of an update before may still be leaving.
  await untilReady(productPods, 5);
  const workers = (await productPods()).map(({ node }) => node);
  expect(new Set(workers)).toEqual(new Set(["mesh-demo-worker", "mesh-demo-worker2"]));
});

test("nodes run the platform's images from what their own image holds, and write no copy of them", async () => {
  const written = async (node: string) => {
    const store = "/var/lib/containerd";
    const [size = ""] = (await podman("exec", node, "du", "--summarize", "--block-size=1M", store)).split(/\s/);
    const listed = await podman("exec", node, "ctr", "--namespace=k8s.io", "images", "list", "--quiet");
    return { megabytes: Number(size), images: listed.split("\n") };
  };
  const [controlPlane, worker] = await Promise.all(["mesh-demo-control-plane", "mesh-demo-worker2"].map(written));
  saw(`megabytes of containerd's: ${controlPlane?.megabytes} of the control plane, ${worker?.megabytes} of a worker`);
  for (const node of [controlPlane, worker]) {
    const names = platformImages.map((name) => fullName(imageReference({ name })));
    expect(node?.images).toEqual(expect.arrayContaining(names));
    // The proxy's image alone has 130.
    expect(node?.megabytes).toBeLessThan(100);
  }
});

/** What a preview would change, were the stack's configuration edited like this. */
function previewWith(edit: (config: Record<string, unknown>) => void): Promise<{ op: string; type: string }[]> {
  return withEdited(edit, async (file) => {
    const preview = await pulumi("preview", "--json", "--config-file", file);
    const { steps } = JSON.parse(preview.stdout) as { steps: { op: string; urn: string }[] };
    return steps
      .filter(({ op }) => op !== "same")
      .map(({ op, urn }) => ({ op, type: urn.split("::")[2]?.split("$").at(-1) ?? "", name: urn.split("::")[3] }));
  });
}
