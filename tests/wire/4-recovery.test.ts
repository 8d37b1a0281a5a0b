import { beforeAll, expect, test } from "@jest/globals";
import { underLoad } from "./support/load.ts";
import { askProducts, untilAnswered } from "./support/product.ts";
import { bringUp, kubectl, kubeGet, podman, pulumi, run, saw } from "./support/stack.ts";

const controlPlane = "mesh-demo-control-plane";
/** An object of the user's own, which must outlive every accident. */
const keepsake = ["configmap", "keepsake", "--namespace=default"] as const;

beforeAll(async () => {
  await bringUp();
  await kubectl("create", ...keepsake, "--from-literal=made=before");
}, 10 * 60_000);

/** Ends a process at once, in whichever node it runs. */
async function killProcess(name: string): Promise<void> {
  expect((await run("pkill", ["--signal=KILL", "--exact", name])).exitCode).toBe(0);
}

/** `make up` must end in 200, with everything in the cluster that was there before, and nothing left to do. */
async function expectRecovery(accident: string): Promise<void> {
  const up = await bringUp();
  saw(`make up after ${accident}: ${up.seconds.toFixed(1)} s`);
  expect((await askProducts()).status).toBe(200);
  expect(await kubeGet<{ data: unknown }>(...keepsake)).toMatchObject({ data: { made: "before" } });
  expect((await pulumi("preview", "--expect-no-changes")).exitCode).toBe(0);
}

test.each([
  ["the API server", "kube-apiserver"],
  ["istiod", "pilot-discovery"],
])("%s killed: traffic goes on, and `make up` finds everything", async (what, program) => {
  const replies = await underLoad(50, async () => {
    await killProcess(program);
    await expectRecovery(`kill -9 of ${what}`);
  });
  const failures = replies.filter(({ status }) => status !== 200);
  const answered = replies.length - failures.length;
  saw(`${answered} requests answered meanwhile, ${failures.length} failed`);
  expect(answered).toBeGreaterThan(50);
  expect(failures).toEqual([]);
});

test.each(["mesh-demo-worker", controlPlane])("the node %s killed", async (node) => {
  await podman("kill", "--signal=KILL", node);
  await expectRecovery(`kill -9 of ${node}`);
});

test("all nodes stopped, as after a reboot", async () => {
  const names = (await podman("ps", "--filter=label=io.x-k8s.kind.cluster=mesh-demo", "--format={{.Names}}"))
    .split("\n")
    .filter(Boolean);
  expect(names).toHaveLength(3);
  await podman("stop", "--time=0", ...names);
  await expectRecovery("a stop of all nodes");
  await untilAnswered(30);
});
