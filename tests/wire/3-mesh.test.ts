import { beforeAll, expect, test } from "@jest/globals";
import { eventually, haveUp, kubectl, kubeGet, run, saw, stackEnvironment } from "../lib/runningStack.ts";
import { askProducts } from "./support/product.ts";

interface Pod {
  readonly metadata: { name: string; namespace: string; deletionTimestamp?: string };
  readonly spec: {
    containers: { name: string }[];
    initContainers?: { name: string; restartPolicy?: string }[];
    nodeName: string;
  };
}

let products: Pod[];

beforeAll(async () => {
  await haveUp();
  const { items } = await kubeGet<{ items: Pod[] }>("pods", "--all-namespaces", "--selector=app=product");
  // Those of an update before may still be leaving.
  products = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
});

test("every pod of the product service has its sidecar", () => {
  expect(products.length).toBeGreaterThan(0);
  for (const { spec } of products) {
    const names = [...spec.containers, ...(spec.initContainers ?? [])].map(({ name }) => name);
    expect(names).toContain("istio-proxy");
  }
});

test("no pod of the product service may run as it likes: its namespace enforces PodSecurity `restricted`", async () => {
  const namespace = products[0]?.metadata.namespace ?? "";
  const refused = await run(
    "kubectl",
    ["--namespace", namespace, "run", "privileged", "--image=none", "--privileged", "--restart=Never", "--dry-run=server"],
    { env: await stackEnvironment() },
  );
  expect(refused.exitCode).not.toBe(0);
  expect(refused.all).toMatch(/violates PodSecurity "restricted/);
});

test("requests reach every replica", async () => {
  const missing = new Set(products.map(({ metadata }) => metadata.name));
  // Longer than a pod is away that was ejected just before.
  await eventually("an answer of each replica", 60, async () => {
    for (let i = 0; i < 100; i++) missing.delete((await askProducts()).body.pod);
    expect([...missing]).toEqual([]);
  });
});

test("the load generator's requests are answered, and no other ones are sent", async () => {
  const answers = async () => {
    const agent = ["pilot-agent", "request", "GET", "clusters"];
    const clusters = await kubectl("exec", "--namespace=load", "deployment/generator", "--container=istio-proxy", "--", ...agent);
    const counts: Record<string, number> = {};
    for (const [, service, outcome, count] of clusters.matchAll(
      /^outbound\|\d+\|[^|]*\|([a-z-]+)\..*::rq_(success|error)::(\d+)$/gm,
    )) {
      const kind = `${service} ${outcome}`;
      counts[kind] = (counts[kind] ?? 0) + Number(count);
    }
    return counts;
  };
  // What a test before this one broke is counted too.
  const before = await answers();
  const more = await eventually("five more answers", 30, async () => {
    const now = Object.entries(await answers());
    const more = now.map(([kind, count]) => [kind, count - (before[kind] ?? 0)] as const).filter(([, count]) => count > 0);
    expect(more.reduce((sum, [, count]) => sum + count, 0)).toBeGreaterThanOrEqual(5);
    return Object.fromEntries(more);
  });
  saw(`${JSON.stringify(more)}; before that ${JSON.stringify(before)}`);
  expect(Object.keys(more)).toEqual(["product success"]);
});

test("no proxy rejected a configuration", async () => {
  const { items } = await kubeGet<{ items: Pod[] }>("pods", "--namespace=istio-system", "--selector=app=istiod");
  let pushes = 0;
  for (const { metadata } of items) {
    const metrics = await kubectl(
      "get",
      "--raw",
      `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}:15014/proxy/metrics`,
    );
    for (const line of metrics.split("\n").filter((text) => text.startsWith("pilot_total_xds_rejects")))
      expect(line).toMatch(/ 0$/);
    pushes += [...metrics.matchAll(/^pilot_xds_pushes\{.*\} (\S+)$/gm)].reduce((sum, [, value]) => sum + Number(value), 0);
  }
  saw(`${pushes} pushes, none rejected`);
  expect(pushes).toBeGreaterThan(0);
});

test("`istioctl analyze` finds nothing", async () => {
  // The namespace `default` is the user's own: whether it is in the mesh is not the platform's to say.
  // Between its runs, a job of a schedule has no pod that its scope could be of.
  const { items } = await kubeGet<{ items: Pick<Pod, "metadata">[] }>("cronjobs", "--all-namespaces");
  const waiting = items.map(({ metadata: { namespace, name } }) => `--suppress=IST0101=Sidecar ${namespace}/${name}`);
  const args = ["analyze", "--all-namespaces", "--failure-threshold=Info", "--suppress=IST0102=Namespace default", ...waiting];
  const found = await run("istioctl", args, { env: await stackEnvironment() });
  expect(found.all).toMatch(/No validation issues found/);
  expect(found.exitCode).toBe(0);
});
