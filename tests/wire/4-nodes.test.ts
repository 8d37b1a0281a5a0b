import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { bringUp, eventually, haveUp, kubeGet, podman, run, saw, stackEnvironment } from "../lib/runningStack.ts";
import { budgetsDuring, evict, perNode, replicated, spreadAgain } from "./support/evictions.ts";
import { underFault } from "./support/faults.ts";
import { listPods, type Pod, productPods, untilAllReady } from "./support/pods.ts";
import { askProducts } from "./support/product.ts";

const workers = ["mesh-demo-worker", "mesh-demo-worker2"];

/** The one without the database, whose volume is on its node: the shop's pages of products wait until that is back. */
let worker: string;

beforeAll(async () => {
  await haveUp();
  // A run that was cut off may have left one cordoned.
  await asAdmin("uncordon", ...workers);
  await untilWhole();
  const [database] = await listPods("app=database", "prod");
  worker = workers.find((node) => node !== database?.node) ?? "";
});

afterAll(async () => {
  await bringUp();
  await untilWhole();
});

/** Waits until all pods are ready, and known to be: each budget lets one go. */
async function untilWhole(): Promise<void> {
  await untilAllReady();
  await eventually("all budgets to allow a disruption", 90, async () => {
    const used = (await listBudgets()).filter(({ status }) => !(status.disruptionsAllowed > 0));
    if (used.length > 0) throw new Error(`${used.map(({ metadata }) => metadata.name).join(", ")} allow none`);
  });
}

interface Budget {
  readonly metadata: { readonly namespace: string; readonly name: string };
  readonly spec: { readonly maxUnavailable: number; readonly selector: { readonly matchLabels: Record<string, string> } };
  readonly status: { readonly disruptionsAllowed: number };
}

async function listBudgets(): Promise<Budget[]> {
  return (await kubeGet<{ items: Budget[] }>("poddisruptionbudgets", "--all-namespaces")).items;
}

test("replicas of the gateway and of each service are on different workers, and may leave one at a time", async () => {
  const budgets = await listBudgets();
  const covers = ({ namespace, labels }: Pod, { metadata, spec }: Budget) =>
    metadata.namespace === namespace && Object.entries(spec.selector.matchLabels).every(([key, value]) => labels[key] === value);
  const found = [...(await replicated())].map(([workload, pods]) => ({
    workload,
    pods: [...perNode(pods, workers).values()].sort(),
    mayLeave: budgets.filter((budget) => pods.every((pod) => covers(pod, budget))).map(({ spec }) => spec.maxUnavailable),
  }));
  saw(found.map(({ workload, pods }) => `${workload} ${pods.join(" and ")}`).join(", "));
  expect(found).toEqual([
    { workload: "istio-ingress/istio-ingressgateway", pods: [1, 1], mayLeave: [1] },
    { workload: "prod/backend-v1", pods: [1, 1], mayLeave: [1] },
    { workload: "prod/frontend-v1", pods: [1, 1], mayLeave: [1] },
    { workload: "product/product-v1", pods: [1, 2], mayLeave: [1] },
    { workload: "product/product-v2", pods: [1, 1], mayLeave: [1] },
  ]);
});

test("a budget lets one of two pods go and refuses the other until the first is replaced: no request fails", async () => {
  await underFault("one of two pods evicted", { none: true }, async () => {
    const [first, second] = (await productPods()).filter(({ labels }) => labels.version === "v2");
    if (!first || !second) throw new Error("there are no two pods of v2");
    const answers = [await evict(first), await evict(second)];
    saw(`two evictions asked for: ${answers.join(", ")}`);
    expect(answers).toEqual(["evicted", "refused"]);
    await untilWhole();
  });
});

test("a worker drained and back under load: no request fails, and no budget is broken", async () => {
  const leaving = (await podsThere()).map(({ name }) => name);
  saw(`${worker} has ${leaving.join(", ")}; the database stays where it is`);
  await underFault("a worker drained and back", { none: true }, async () => {
    const { breaches, exhausted } = await budgetsDuring(async () => {
      try {
        const drained = await asAdmin("drain", worker, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=180s");
        const refusals = drained.all.match(/violate the pod's disruption budget/g)?.length ?? 0;
        saw(`drained in ${drained.seconds.toFixed(1)} s, ${refusals} evictions refused meanwhile`);
        expect(await podsThere()).toEqual([]);
        await untilWhole();
      } finally {
        await asAdmin("uncordon", worker);
      }
      await spreadAgain(workers);
    });
    saw(`budgets that were used up for a while: ${exhausted.join(", ")}`);
    expect(breaches).toEqual([]);
    expect(exhausted.length).toBeGreaterThan(0);
  });
});

/** The pods that a drain takes from the worker. */
async function podsThere(): Promise<Pod[]> {
  return (await listPods("app")).filter(({ node, namespace }) => node === worker && namespace !== "kube-system");
}

async function asAdmin(...args: string[]) {
  const finished = await run("kubectl", args, { env: await stackEnvironment() });
  if (finished.exitCode !== 0) throw new Error(`kubectl ${args.join(" ")}:\n${finished.all}`);
  return finished;
}

test("a worker lost under load: connections to its gateway break, hardly anything else, and all is well before anybody does anything", async () => {
  saw(
    `the ports of this machine lead to the control plane's node, from there to the gateway on either worker; lost is ${worker}`,
  );
  const impact = await underFault("a worker lost", { none: false }, async (soFar) => {
    const since = Date.now();
    await podman("kill", "--signal=KILL", worker);
    await eventually("Kubernetes to give the node up", 120, async () => {
      if (await isReady(worker)) throw new Error("it is taken for ready");
    });
    saw(`Kubernetes gives the node up after ${((Date.now() - since) / 1_000).toFixed(1)} s`);
    await eventually("500 answers in a row", 60, async () => {
      const last = soFar.slice(-500);
      if (last.length < 500 || last.some(({ status }) => status !== 200)) throw new Error("some failed just now");
    });
  });
  // Who has a connection to a gateway that is left gets an answer: the mesh tries another pod, as long as there is time for it. Until
  // the node is given up, most pods of a version may be on it; one request of thousands then finds no other.
  expect(impact.failed - impact.unanswered).toBeLessThanOrEqual(10);
  expect(impact.unanswered).toBeLessThanOrEqual(200);
  expect(impact.recovered).toBeLessThan(60);
  // Linux knows connections by their ports: who takes that of one which nobody answered is led to the lost gateway for two minutes more.
  await podman("exec", "mesh-demo-control-plane", "sh", "-c", "conntrack -D --proto tcp --state SYN_SENT || true");

  await underFault("a lost worker started again", { none: true }, async () => {
    const up = await bringUp();
    saw(`make up: ${up.seconds.toFixed(1)} s`);
    await untilWhole();
  });

  expect((await askProducts()).status).toBe(200);
});

async function isReady(node: string): Promise<boolean> {
  const { status } = await kubeGet<{ status: { conditions: { type: string; status: string }[] } }>("node", node);
  return status.conditions.some(({ type, status }) => type === "Ready" && status === "True");
}
