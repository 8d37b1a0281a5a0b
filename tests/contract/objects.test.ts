import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { listStacks } from "../../cli/support/stack.ts";
import { analyze } from "./support/analysis.ts";
import { issuedSecrets } from "./support/certificates.ts";
import { chartsElsewhere, render } from "./support/charts.ts";
import { ControlPlane } from "./support/controlPlane.ts";
import { installDefinitions } from "./support/definitions.ts";
import { inject } from "./support/injection.ts";
import { type Contents, contentsOf, identity, type Manifest } from "./support/manifests.ts";
import { podOf } from "./support/pods.ts";

/*
 * Every object of every stack given to a real API server with every definition there is: it knows each field, and the rules that
 * no schema on our side has. Nothing runs there: that an object is accepted says nothing of what comes of it.
 */
describe.each(listStacks())("stack %s", (stack) => {
  let plane: ControlPlane;
  let contents: Contents;
  /** What Helm would make of the stack's releases. */
  let installed: Manifest[];
  /** The pods of all workloads, with their sidecars. */
  let pods: Manifest[];

  beforeAll(async () => {
    contents = await contentsOf(stack);
    plane = await ControlPlane.start();
    await installDefinitions(plane);
  });

  afterAll(() => plane?.stop());

  test("no two objects are one to the cluster", () => {
    const names = contents.objects.map(identity);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  test("the API server accepts every object, with every field it has", async () => {
    expect(await refusals(contents.objects)).toEqual([]);
    expect(contents.objects.length).toBeGreaterThan(10);
  });

  test("Helm's charts take the values they are given, and make objects that the API server accepts", async () => {
    installed = (await Promise.all(contents.releases.map(render))).flat();
    // Nobody answers behind a webhook here, and every request that follows would fail for it; the definitions are there already.
    const applied = installed.filter((object) => !isWebhook(object) && object.kind !== "CustomResourceDefinition");
    expect(await refusals(applied)).toEqual([]);
    const rendered = contents.releases.filter(({ chart }) => !chartsElsewhere.includes(chart)).length;
    expect(rendered).toBeGreaterThanOrEqual(4);
  });

  test("every pod is admitted to its namespace by Pod Security, with the sidecar that the mesh gives it", async () => {
    const everything = [...contents.objects, ...installed];
    pods = await inject(plane, everything.flatMap(podOf), everything);
    expect(await refusals(pods)).toEqual([]);
    const sidecars = pods.filter((pod) => JSON.stringify(pod.spec).includes('"name":"istio-proxy"'));
    expect(sidecars.map(({ metadata }) => metadata.namespace)).toEqual(expect.arrayContaining(["product", "prod"]));
  });

  test("`istioctl analyze` finds nothing wrong with all of it together", async () => {
    const later = [...(await issuedSecrets(contents.objects)), ...installed.filter(isWebhook)];
    expect(await refusals(later)).toEqual([]);
    expect(await analyze(plane)).toEqual([]);
  });

  /** What the API server says against objects, one by one, as a list would stop at the first whose namespace is not there. */
  async function refusals(objects: readonly Manifest[]): Promise<string[]> {
    const found = [];
    for (const object of objects) {
      const { ok, all } = await plane.apply(object);
      // Pod Security says of a workload that its pods will not be admitted, and takes it.
      if (!ok || all.includes("would violate PodSecurity")) found.push(`${identity(object)}: ${all}`);
    }
    return found;
  }
});

function isWebhook({ kind }: Manifest): boolean {
  return kind.endsWith("WebhookConfiguration");
}
