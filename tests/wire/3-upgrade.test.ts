import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { recordFault } from "../../report/records.ts";
import { bringUp, eventually, haveUp, kubeGet, saw } from "../lib/runningStack.ts";
import { fortioWhile } from "./support/fortio.ts";
import { productUrl } from "./support/product.ts";
import { deployWith } from "./support/settings.ts";

interface Pods {
  readonly items: {
    metadata: { annotations?: Record<string, string>; deletionTimestamp?: string };
    status: { phase: string };
  }[];
}

beforeAll(async () => {
  await haveUp();
});

afterAll(async () => {
  await bringUp();
});

test("the mesh moves to another revision of its control plane and back under load: no request fails", async () => {
  const istio = (settings: object) => (config: Record<string, unknown>) => {
    config["mesh:istio"] = settings;
  };
  const took: string[] = [];
  const move = async (what: string, settings: object, to: string) => {
    const { seconds } = await deployWith(istio(settings));
    took.push(`${what} ${seconds.toFixed(0)} s`);
    // An update ends when the pods it made are ready; that those before them leave is a moment later.
    await eventually(`all proxies of the revision ${to}`, 30, async () => expect(await revisions()).toEqual([to]));
  };
  const { requests, failed, codes } = await fortioWhile(productUrl(), { qps: 100, connections: 16 }, async () => {
    await move("the next one beside", { additionalRevisions: [{ revision: "next" }] }, "default");
    await move("everybody to it", { revision: "next", tags: ["stable"], additionalRevisions: [{ revision: "default" }] }, "next");
    await move("and back", { additionalRevisions: [{ revision: "next" }] }, "default");
  });
  saw(`${took.join(", ")}; ${requests} requests, ${failed} failed (${JSON.stringify(codes)})`);
  await recordFault("the control plane moved to another revision and back", { requests, failed, none: true });
  expect(requests).toBeGreaterThan(5_000);
  expect(failed).toBe(0);
});

/** The control planes that injected the proxies of all pods that are there to stay. */
async function revisions(): Promise<string[]> {
  const { items } = await kubeGet<Pods>("pods", "--all-namespaces");
  // The proxy of a job has ended with it.
  const staying = items.filter(({ metadata, status }) => !metadata.deletionTimestamp && status.phase === "Running");
  const found = staying.flatMap(({ metadata: { annotations = {} } }) => {
    const status = annotations["sidecar.istio.io/status"];
    return status ? [(JSON.parse(status) as { revision: string }).revision] : [];
  });
  return [...new Set(found)].sort();
}
