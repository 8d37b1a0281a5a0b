import { beforeAll, expect, test } from "@jest/globals";
import { contentsOf, identity, type Manifest } from "../contract/support/manifests.ts";
import { haveUp, kubectl, run, saw, stackEnvironment } from "../lib/runningStack.ts";

/*
 * What no bare API server knows: Istio's own webhook, which judges every object of Istio's before it is kept. Nothing is changed here.
 */

let namespaces: string[];

beforeAll(async () => {
  await haveUp();
  namespaces = (await kubectl("get", "namespaces", "--output=name")).split("\n").map((line) => line.replace("namespace/", ""));
});

test.each(["local", "dev", "eks"])("istiod takes every object of Istio's that stack %s has", async (stack) => {
  const { objects } = await contentsOf(stack);
  const istios = objects.filter(({ apiVersion }) => apiVersion.includes("istio.io/"));
  const refused = [];
  for (const object of istios) {
    const { exitCode, all } = await dryRun(object);
    if (exitCode !== 0) refused.push(`${identity(object)}: ${all}`);
  }
  expect(refused).toEqual([]);
  saw(`${istios.length} objects taken`);
  expect(istios.length).toBeGreaterThan(10);
});

test("istiod refuses what its schema allows and its rules do not", async () => {
  const { objects } = await contentsOf("local");
  const routes = objects.find(({ kind, metadata }) => kind === "VirtualService" && metadata.name === "product");
  const spec = JSON.stringify(routes?.spec).replaceAll(/"weight":\d+/g, '"weight":0');
  const { exitCode, all } = await dryRun({ ...(routes as Manifest), spec: JSON.parse(spec) });
  expect(exitCode).not.toBe(0);
  expect(all).toMatch(/admission webhook "[a-z.]*validation\.istio\.io" denied the request.*weight/s);
});

/** Asks the cluster whether it would keep an object. One of a namespace that only another stack has is asked for elsewhere. */
async function dryRun(object: Manifest) {
  const { namespace = "default" } = object.metadata;
  const here = { ...object.metadata, namespace: namespaces.includes(namespace) ? namespace : "default" };
  const flags = ["--server-side", "--force-conflicts", "--validate=strict", "--dry-run=server"];
  return run("kubectl", ["apply", ...flags, "--filename=-"], {
    env: await stackEnvironment(),
    input: JSON.stringify({ ...object, metadata: here }),
    stdin: "pipe",
  });
}
