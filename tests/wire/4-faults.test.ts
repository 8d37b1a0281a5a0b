import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { endure } from "./support/accidents.ts";
import { ask } from "./support/load.ts";
import { gatewayPods, killIn, killProcesses, type Pod, productPods, untilReady } from "./support/pods.ts";
import { productUrl } from "./support/product.ts";
import { withEdited } from "./support/settings.ts";
import { bringUp, eventually, kubectl, kubeGet, saw } from "./support/stack.ts";
import { expectSettled, startUp } from "./support/updates.ts";

beforeAll(async () => {
  await bringUp();
  await untilReady(productPods, 5);
  await untilReady(gatewayPods, 2);
});

afterAll(async () => {
  await bringUp();
});

const deleted = async ({ namespace, name }: Pod) => {
  await kubectl("delete", "pod", name, `--namespace=${namespace}`, "--grace-period=0", "--force");
};

/** Lets something happen to a ready pod, and waits until there are as many ready ones as before, that one anew or another. */
async function strike(pods: () => Promise<Pod[]>, hit: (pod: Pod) => Promise<void>): Promise<void> {
  const before = await pods();
  const struck = before.find(({ ready }) => ready);
  if (!struck) throw new Error("no pod is ready");
  await hit(struck);
  await eventually("the pod to be noticed as gone", 60, async () => {
    const now = (await pods()).find(({ uid }) => uid === struck.uid);
    if (now && now.restarts === struck.restarts) throw new Error(`${struck.name} is as it was`);
  });
  await untilReady(pods, before.length);
}

test.each([
  ["a product pod deleted by force", deleted],
  ["a product pod's process killed", (pod: Pod) => killIn(pod, "node")],
  ["a product pod's sidecar killed", (pod: Pod) => killIn(pod, "envoy")],
])("%s under load: what may be repeated is, and no request fails", async (what, hit) => {
  const { failed } = await endure(what, { none: true }, () => strike(productPods, hit));
  expect(failed).toBe(0);
});

test.each([
  ["a gateway pod deleted by force", deleted],
  ["a gateway pod's proxy killed", (pod: Pod) => killIn(pod, "envoy")],
])("%s under load: what is on its connections is lost, the other serves on", async (what, hit) => {
  const toll = await endure(what, { none: false }, () => strike(gatewayPods, hit));
  expect(toll.failed).toBeLessThanOrEqual(64);
  expect(toll.recovered).toBeLessThan(15);
});

test("istiod killed: traffic goes on, and a change that was made meanwhile takes effect when it is back", async () => {
  const scale = async (replicas: number) =>
    kubectl("scale", await deploymentOfV2(), "--namespace=product", `--replicas=${replicas}`);
  const known = new Set((await productPods()).map(({ name }) => name));
  try {
    const { failed } = await endure("istiod killed", { none: true }, async () => {
      await killProcesses("pilot-discovery");
      // Ended a second time it stays away for ten seconds.
      await eventually("istiod to be started again", 30, () => killProcesses("pilot-discovery"));
      const since = Date.now();
      await scale(3);
      await eventually("requests at the new pod", 90, async () => {
        const replies = await ask(productUrl("v2"), 30);
        if (!replies.some(({ pod }) => pod !== undefined && !known.has(pod))) throw new Error("only those from before answer");
      });
      saw(`a pod more, asked for while istiod was away, answers after ${((Date.now() - since) / 1_000).toFixed(1)} s`);
    });
    expect(failed).toBe(0);
  } finally {
    await scale(2);
    await untilReady(productPods, 5);
  }
});

async function deploymentOfV2(): Promise<string> {
  const { items } = await kubeGet<{ items: { metadata: { name: string } }[] }>(
    "deployments",
    "--namespace=product",
    "--selector=version=v2",
  );
  return `deployment/${items[0]?.metadata.name}`;
}

test("the API server killed during `pulumi up`: the next one completes, and state and cluster agree", async () => {
  const edit = (config: Record<string, unknown>) => {
    const versions = [{ name: "v1" }, { name: "v2", weight: 50, replicas: 3 }];
    config["mesh:product"] = {
      ...(config["mesh:product"] as object),
      replicas: 4,
      versions,
      policies: { maxBodyBytes: 1_000_000 },
    };
  };
  const { failed } = await endure("the API server killed during pulumi up", { none: true }, async () => {
    await withEdited(edit, async (file) => {
      const up = await startUp("--config-file", file);
      await up.says(/\b(updating|creating)\b/);
      await killProcesses("kube-apiserver");
      saw(`pulumi up, whose API server was killed, ended with ${await up.ended}`);
    });
    const { seconds } = await bringUp();
    saw(`the next make up: ${seconds.toFixed(1)} s`);
  });
  expect(failed).toBe(0);
  await expectSettled();
});
