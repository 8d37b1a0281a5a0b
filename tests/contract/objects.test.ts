import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { listStacks } from "../../cli/support/stack.ts";
import { publishedCharts } from "../../model/versions.ts";
import { analyze } from "./support/analysis.ts";
import { issuedSecrets } from "./support/certificates.ts";
import { chartsElsewhere, render } from "./support/charts.ts";
import { ControlPlane } from "./support/controlPlane.ts";
import { installDefinitions } from "./support/definitions.ts";
import { inject } from "./support/injection.ts";
import { type Contents, contentsOf, identity, type Manifest } from "./support/manifests.ts";
import { podOf } from "./support/pods.ts";
import { certManagerVersion } from "./support/tools.ts";

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
    expect(await plane.refusals(contents.objects)).toEqual([]);
    expect(contents.objects.length).toBeGreaterThan(10);
  });

  test("Helm's charts take the values they are given, and make objects that the API server accepts", async () => {
    installed = (await Promise.all(contents.releases.map(render))).flat();
    // Nobody answers behind a webhook here, and every request that follows would fail for it; the definitions are there already.
    const applied = installed.filter((object) => !isWebhook(object) && object.kind !== "CustomResourceDefinition");
    expect(await plane.refusals(applied)).toEqual([]);
    const rendered = contents.releases.filter(({ chart }) => !chartsElsewhere.includes(chart)).map(({ name }) => name);
    const everywhere = ["istio-base", "istio-cni", "istiod", "istio-ingressgateway"];
    expect(rendered.sort()).toEqual([...everywhere, ...(stack === "local" ? [] : ["cert-manager"])].sort());
  });

  test("every pod is admitted to its namespace by Pod Security, with the sidecar that the mesh gives it", async () => {
    const everything = [...contents.objects, ...installed];
    pods = await inject(plane, everything.flatMap(podOf), everything);
    expect(await plane.refusals(pods)).toEqual([]);
    const sidecars = pods.filter((pod) => JSON.stringify(pod.spec).includes('"name":"istio-proxy"'));
    expect(sidecars.map(({ metadata }) => metadata.namespace)).toEqual(expect.arrayContaining(["product", "prod"]));
  });

  test("`istioctl analyze` finds nothing wrong with all of it together", async () => {
    const later = [...(await issuedSecrets(contents.objects)), ...installed.filter(isWebhook)];
    expect(await plane.refusals(later)).toEqual([]);
    expect(await analyze(plane)).toEqual([]);
  });
});

test("cert-manager's chart and definitions here are of the version that stacks install", () => {
  expect(certManagerVersion()).toBe(publishedCharts.certManager.version);
});

describe("what is wrong is found", () => {
  let plane: ControlPlane;

  beforeAll(async () => {
    plane = await ControlPlane.start();
    await installDefinitions(plane);
    const labels = { "pod-security.kubernetes.io/enforce": "restricted", "istio-injection": "enabled" };
    await plane.refusals([{ apiVersion: "v1", kind: "Namespace", metadata: { name: "team", labels } }]);
  });

  afterAll(() => plane?.stop());

  const virtualService = {
    apiVersion: "networking.istio.io/v1",
    kind: "VirtualService",
    metadata: { name: "one", namespace: "team" },
  };
  const route = [{ destination: { host: "nobody.team.svc.cluster.local" } }];

  test.each([
    [
      "a field that nobody knows",
      { ...virtualService, spec: { hosts: ["one"], http: [{ route, retry: {} }] } },
      /\.spec\.http\[0\]\.retry: field not declared in schema/,
    ],
    [
      "a value out of its range",
      { ...virtualService, spec: { hosts: ["one"], http: [{ route, timeout: "1us" }] } },
      /must be a valid duration/,
    ],
    [
      "a pod that may more than its namespace allows",
      {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "one", namespace: "team" },
        spec: { containers: [{ name: "one", image: "one" }] },
      },
      /violates PodSecurity "restricted/,
    ],
  ])("by the API server: %s", async (_what, object, message) => {
    expect(await plane.refusals([object])).toEqual([expect.stringMatching(message)]);
  });

  test("by Istio's analysis: a route to nobody", async () => {
    expect(await plane.refusals([{ ...virtualService, spec: { hosts: ["one"], http: [{ route }] } }])).toEqual([]);
    expect(await analyze(plane)).toEqual([expect.stringMatching(/^Error IST0101 VirtualService team\/one: .*nobody/)]);
  });
});

function isWebhook({ kind }: Manifest): boolean {
  return kind.endsWith("WebhookConfiguration");
}
