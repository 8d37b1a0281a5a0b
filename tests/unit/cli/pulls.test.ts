import { expect, test } from "vitest";
import type { Pod } from "../../../cli/kubernetes/pods.ts";
import { Pulls, watchingPulls } from "../../../cli/kubernetes/pulls.ts";

const minute = 60_000;

function pod(name: string, image: string, waiting?: { reason: string; message?: string }): Pod {
  const status = { name: "main", image, ...(waiting && { state: { waiting } }) };
  return { metadata: { name, namespace: "prod" }, status: { phase: "Pending", containerStatuses: [status] } };
}

const refused = (name: string, image = "registry.example.com/shop:1") =>
  pod(name, image, { reason: "ErrImagePull", message: "manifest unknown" });

test("an image that no node gets for a minute is told once, with a pod that wants it and the reason", () => {
  const pulls = new Pulls();
  expect(pulls.look([refused("a"), refused("b")], 0)).toEqual([]);
  expect(pulls.look([refused("a"), refused("b")], minute - 1)).toEqual([]);
  const sentence = "The image registry.example.com/shop:1 cannot be pulled, for prod/a: manifest unknown";
  expect(pulls.look([refused("a"), refused("b")], minute)).toEqual([sentence]);
  expect(pulls.look([refused("a"), refused("b")], 2 * minute)).toEqual([]);
  // Also when whoever waited for the pod has given up and removed it.
  pulls.look([], 3 * minute);
  expect(pulls.failed).toEqual([sentence]);
});

test("between two tries it is the same wait", () => {
  const pulls = new Pulls();
  pulls.look([refused("a")], 0);
  pulls.look([pod("a", "registry.example.com/shop:1", { reason: "ImagePullBackOff", message: "Back-off" })], minute / 2);
  expect(pulls.look([refused("a")], minute)).toHaveLength(1);
});

test("an image that came after all, or that is only on its way, is no failure", () => {
  const pulls = new Pulls();
  const slow = pod("slow", "big:1", { reason: "ContainerCreating" });
  pulls.look([refused("a"), slow], 0);
  pulls.look([pod("a", "registry.example.com/shop:1"), slow], minute / 2);
  expect(pulls.look([refused("a"), slow], minute)).toEqual([]);
  expect(pulls.failed).toEqual([]);
});

test.each([
  ["does not answer", async () => ({ ok: false, stdout: "", all: "connection refused" })],
  ["cannot be asked", () => Promise.reject(new Error("kubectl is needed"))],
])("where the cluster %s, the work goes on and its result is returned", async (_how, kubectl) => {
  const work = async () => "done";
  expect(await watchingPulls(kubectl, () => {}, work)).toEqual({ result: "done", failed: [] });
});
