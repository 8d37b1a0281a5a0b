import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { imageHub } from "../../airgap/names.ts";
import { eventually, type Finished, saw } from "../lib/runningStack.ts";
import {
  inShell,
  listObjects,
  makeThere,
  ownerSees,
  ports,
  removeThere,
  stack,
  succeed,
  type There,
  writeStack,
} from "./support/existing.ts";
import { askSecurely } from "./support/https.ts";

/** What the platform makes for itself in a cluster that runs already. */
const namespaces = ["istio-cni", "istio-ingress", "istio-system", "load", "prod", "product"];

let there: There;
/** What the cluster has of its own. */
let before: string[];
let up: Finished;

beforeAll(async () => {
  there = await makeThere();
  await writeStack(there);
  before = await listObjects(there);
  up = await typed("up");
  saw(`make up on a cluster that runs already: ${up.seconds.toFixed(1)} s`);
});

afterAll(async () => {
  await removeThere(there);
});

/** Runs a make target for the stack as a user types it. */
function typed(target: string): Promise<Finished> {
  return succeed("make", [target, `STACK=${stack}`], { env: there.env });
}

test("`make up` ends in a URL on a port of the cluster's nodes, which answers 200 through the gateway's proxy", async () => {
  const url = `http://localhost:${ports.istio}/api/products`;
  expect(up.all).toContain(`${url} answers.`);
  expect(up.all).not.toMatch(/Create the cluster|Load images/);
  const answer = await fetch(url);
  expect(answer.status).toBe(200);
  expect(answer.headers.get("server")).toBe("istio-envoy");
  expect(await answer.json()).toMatchObject({ version: expect.stringMatching(/^v[12]$/), products: expect.any(Array) });
});

test("what is served over HTTPS is on the port that the stack names for it", async () => {
  const { stdout: authority } = await inShell(there, `pulumi stack output authority --show-secrets --stack ${stack}`);
  const at = { host: "localhost", port: ports.istioTls };
  // Only then does the gateway have its certificate: what `make up` waits for is the other port.
  await eventually("the gateway's certificate", 30, async () => {
    expect(await askSecurely("shop.example.com", "/", authority, at)).toMatchObject({ status: 200 });
  });
});

test("the shell of `make env` reaches the cluster, whose pods are all of images that the stack names", async () => {
  const { stdout } = await inShell(there, "kubectl get pods --all-namespaces --output=json");
  const { items } = JSON.parse(stdout) as { items: Pod[] };
  const ours = items.filter(({ metadata }) => metadata.namespace !== "kube-system");
  expect([...new Set(ours.map(({ metadata }) => metadata.namespace))].sort()).toEqual(namespaces);
  const images = new Set(
    ours.flatMap(({ spec }) => [...(spec.initContainers ?? []), ...spec.containers].map(({ image }) => image)),
  );
  saw(`${ours.length} pods of ${[...images].sort().join(", ")}`);
  expect([...images].filter((image) => !image.startsWith(`${imageHub}/`))).toEqual([]);
  // The control plane, proxies, the network's agent, programs of four services (of one in two versions) and of jobs, a database and a
  // load generator.
  expect(images.size).toBe(11);
});

interface Pod {
  readonly metadata: { readonly namespace: string };
  readonly spec: { readonly [Kind in "containers" | "initContainers"]: readonly { readonly image: string }[] };
}

test("a preview in that shell finds no changes", async () => {
  const preview = await inShell(there, `pulumi preview --expect-no-changes --non-interactive --stack ${stack}`);
  expect(preview.all).toMatch(/\d+ unchanged/);
});

test("`make status` tells of the cluster's nodes, the pods and the URL", async () => {
  const { all } = await typed("status");
  expect(all).toMatch(/mesh-there-control-plane +Ready/);
  expect(all).toMatch(/Pods: (\d+) of \1 ready/);
  expect(all).toContain(`http://localhost:${ports.istio}/api/products answers 200`);
  expect(all).toContain("Nothing is wrong.");
});

test("`make down` removes what came with the stack and leaves the cluster to its owner", async () => {
  const down = await typed("down");
  saw(`make down on a cluster that stays: ${down.seconds.toFixed(1)} s`);
  expect(await ownerSees(there, "get", "nodes", "--no-headers")).toMatch(/^mesh-there-control-plane +Ready/);
  // A volume goes when its storage is cleared, after what asked for it.
  await eventually("the cluster as it was before", 120, async () => {
    const added = (await listObjects(there)).filter((object) => !before.includes(object));
    expect(added.filter((object) => !staying.some((kind) => kind.test(object)))).toEqual([]);
  });
  const { all } = await typed("status");
  expect(all).toContain(`Nothing is deployed yet. Try: make up STACK=${stack}`);
});

/**
 * What Istio itself leaves on purpose: its types, whose removal would remove every object of them, of whomever, and the
 * public certificate of its authority, which istiod writes into namespaces that are not ours too.
 */
const staying = [
  /^CustomResourceDefinition\/.*\.istio\.io$/,
  /^APIService\/.*\.istio\.io$/,
  /^ConfigMap\/.*\/istio-ca-(root-cert|crl)$/,
];
