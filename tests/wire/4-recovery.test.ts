import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { endure } from "./support/accidents.ts";
import { killProcesses, untilAllReady } from "./support/pods.ts";
import { askProducts, untilAnswered } from "./support/product.ts";
import { bringUp, kubectl, kubeGet, podman, pulumi, saw } from "./support/stack.ts";

const controlPlane = "mesh-demo-control-plane";
/** An object of the user's own, which must outlive every accident. */
const keepsake = ["configmap", "keepsake", "--namespace=default"] as const;

beforeAll(async () => {
  await bringUp();
  await untilAllReady();
  // A run that was cut off leaves one.
  await kubectl("delete", ...keepsake, "--ignore-not-found");
  await kubectl("create", ...keepsake, "--from-literal=made=before");
}, 10 * 60_000);

afterAll(async () => {
  await kubectl("delete", ...keepsake);
});

/** `make up` must end in 200, with everything in the cluster that was there before, and nothing left to do. */
async function expectRecovery(accident: string): Promise<void> {
  const up = await bringUp();
  saw(`make up after ${accident}: ${up.seconds.toFixed(1)} s`);
  expect((await askProducts()).status).toBe(200);
  expect(await kubeGet<{ data: unknown }>(...keepsake)).toMatchObject({ data: { made: "before" } });
  expect((await pulumi("preview", "--expect-no-changes")).exitCode).toBe(0);
}

test("the API server killed: traffic goes on, and `make up` finds everything", async () => {
  const { failed } = await endure("the API server killed", { none: true }, async () => {
    await killProcesses("kube-apiserver");
    await expectRecovery("kill -9 of the API server");
  });
  expect(failed).toBe(0);
});

test(`the node ${controlPlane} killed: the door on its ports is closed until \`make up\` starts it again`, async () => {
  await podman("kill", "--signal=KILL", controlPlane);
  await expectRecovery(`kill -9 of ${controlPlane}`);
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
