import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { bringUp, eventually, haveUp, kubectl, kubeGet, saw } from "../lib/runningStack.ts";
import { underFault } from "./support/faults.ts";
import { ask, type Reply } from "./support/load.ts";
import {
  gatewayPods,
  killIn,
  killProcesses,
  listPods,
  type Pod,
  productPods,
  untilAllReady,
  untilReady,
} from "./support/pods.ts";
import { productUrl } from "./support/product.ts";
import { setOptions, withEdited } from "./support/settings.ts";
import { expectSettled, startUp } from "./support/updates.ts";

beforeAll(async () => {
  await haveUp();
  await untilAllReady();
});

afterAll(async () => {
  await bringUp();
});

/** Loses a pod for good. Deleting alone, by force or not, would let it finish what it has begun. */
const lost = async (pod: Pod) => {
  await killIn(pod);
  await kubectl("delete", "pod", pod.name, `--namespace=${pod.namespace}`, "--grace-period=0", "--force");
};

/** Lets something happen to a ready pod, and waits until there are as many ready ones as before, that one anew or another. */
async function strike(pods: () => Promise<Pod[]>, hit: (pod: Pod) => Promise<void>, soFar: readonly Reply[]): Promise<void> {
  const before = await pods();
  const struck = busiest(before, soFar);
  await hit(struck);
  await eventually("the pod to be noticed as gone", 120, async () => {
    const now = (await pods()).find(({ uid }) => uid === struck.uid);
    if (now && now.restarts === struck.restarts) throw new Error(`${struck.name} is as it was`);
  });
  await untilReady(pods, before.length);
}

/** Of pods the one that answered most just now: one that was ejected before gets no requests for a while. */
function busiest(pods: readonly Pod[], soFar: readonly Reply[]): Pod {
  const last = soFar.slice(-200);
  const answers = ({ name }: Pod) => last.filter(({ pod }) => pod === name).length;
  const [most] = pods.filter(({ ready }) => ready).sort((one, other) => answers(other) - answers(one));
  if (!most) throw new Error("no pod is ready");
  return most;
}

test.each([
  ["a product pod lost", lost],
  ["a product pod's process killed", (pod: Pod) => killIn(pod, "node")],
  ["a product pod's sidecar killed", (pod: Pod) => killIn(pod, "envoy")],
])("%s under load: what may be repeated is, and no request fails", async (what, hit) => {
  // About ten requests are under way at each pod of the version that most go to.
  await underFault(what, { none: true, delay: 300 }, (soFar) => strike(productPods, hit, soFar));
});

test.each([
  ["a gateway pod lost", lost],
  ["a gateway pod's proxy killed", (pod: Pod) => killIn(pod, "envoy")],
])("%s under load: what is on its connections is lost, the other serves on", async (what, hit) => {
  const impact = await underFault(what, { none: false, delay: 50 }, (soFar) => strike(gatewayPods, hit, soFar));
  // Whoever reaches the other one gets an answer.
  expect(impact.failed - impact.unanswered).toBe(0);
  expect(impact.failed).toBeLessThanOrEqual(64);
  expect(impact.recovered).toBeLessThan(15);
});

test("istiod killed: traffic goes on, and a change that was made meanwhile takes effect when it is back", async () => {
  const scale = async (replicas: number) =>
    kubectl("scale", await deploymentOfV2(), "--namespace=product", `--replicas=${replicas}`);
  const known = new Set((await productPods()).map(({ name }) => name));
  try {
    await underFault("istiod killed", { none: true }, async () => {
      await loseIstiod();
      const since = Date.now();
      await scale(3);
      await eventually("requests at the new pod", 180, async () => {
        const replies = await ask(productUrl("v2"), 30);
        if (!replies.some(({ pod }) => pod !== undefined && !known.has(pod))) throw new Error("only those from before answer");
      });
      saw(`a pod more, asked for while istiod was away, answers after ${((Date.now() - since) / 1_000).toFixed(1)} s`);
    });
  } finally {
    await scale(2);
    await untilReady(productPods, 5);
  }
});

/** Kills istiod so that it stays away for a while, ten seconds or more, and waits until that is known. */
async function loseIstiod(): Promise<void> {
  const pods = () => listPods("app=istiod", "istio-system");
  const [istiod] = await pods();
  if (!istiod) throw new Error("there is no istiod");
  await killIn(istiod, "pilot-discovery");
  // Who ends a second time is not started again at once.
  await eventually("istiod to be started again", 120, () => killIn(istiod, "pilot-discovery"));
  await eventually("istiod to be known as away", 30, async () => {
    if ((await pods()).some(({ ready }) => ready)) throw new Error("it is taken for ready");
  });
}

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
    setOptions(config, "product/product", {
      replicas: 4,
      versions: { v1: {}, v2: { weight: 50, replicas: 3 } },
      resilience: { retries: { maxBodyBytes: 90_000 } },
    });
  };
  await underFault("the API server killed during pulumi up", { none: true }, async () => {
    await withEdited(edit, async (file) => {
      const up = await startUp("--config-file", file);
      await up.says(/\b(updating|creating)\b/);
      await killProcesses("kube-apiserver");
      saw(`pulumi up, whose API server was killed, ended with ${await up.ended}`);
    });
    const { seconds } = await bringUp();
    saw(`the next make up: ${seconds.toFixed(1)} s`);
  });
  await expectSettled();
});
