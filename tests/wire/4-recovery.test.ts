import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { bringUp, haveUp, kubectl, kubeGet, make, podman, pulumi, saw } from "../lib/runningStack.ts";
import { untilAllReady } from "./support/pods.ts";
import { askProducts, everywhere, untilAnswered } from "./support/product.ts";

const controlPlane = "mesh-demo-control-plane";
/** An object of the user's own, which must outlive every fault. */
const keepsake = ["configmap", "keepsake", "--namespace=default"] as const;

beforeAll(async () => {
  await haveUp();
  await untilAllReady();
  // A run that was cut off leaves one.
  await kubectl("delete", ...keepsake, "--ignore-not-found");
  await kubectl("create", ...keepsake, "--from-literal=made=before");
}, 10 * 60_000);

afterAll(async () => {
  await kubectl("delete", ...keepsake);
});

/** `make up` must end in 200, with everything in the cluster that was there before, and nothing left to do. */
async function expectRecovery(fault: string): Promise<void> {
  const up = await bringUp();
  saw(`make up after ${fault}: ${up.seconds.toFixed(1)} s`);
  expect((await askProducts()).status).toBe(200);
  expect(await kubeGet<{ data: unknown }>(...keepsake)).toMatchObject({ data: { made: "before" } });
  expect((await pulumi("preview", "--expect-no-changes")).exitCode).toBe(0);
}

test("what somebody deleted or changed by hand: `make status` names it, and one `make up` puts it right", async () => {
  const before = await objectsByHand();
  const names = await breakByHand();
  const status = await make("status");
  saw(status.all.slice(status.all.indexOf("Wrong:")));
  expect(status.exitCode).not.toBe(0);
  for (const name of names) expect(status.all).toContain(name);
  await expectRecovery("things that were deleted and changed by hand");
  await untilAllReady();
  expect(await objectsByHand()).toEqual(before);
  const again = await make("status");
  expect({ exitCode: again.exitCode, all: again.all }).toMatchObject({ exitCode: 0 });
});

/** Deletes and changes some of each kind of thing, and returns what `make status` has to say of them. */
async function breakByHand(): Promise<string[]> {
  const { items } = await kubeGet<{ items: { metadata: { name: string } }[] }>(
    "deployments",
    "--namespace=product",
    "--selector=app=product",
  );
  const [gone = "", scaled = ""] = items
    .map(({ metadata }) => metadata.name)
    .sort()
    .reverse();
  await kubectl("delete", "envoyfilter", "gateway-policies", "--namespace=istio-ingress");
  // Nobody gets past a gateway whose filters are missing.
  await everywhere("a refusal", async () => expect((await askProducts()).status).toBe(403));
  await kubectl("delete", "deployment", gone, "--namespace=product", "--wait=false");
  await kubectl("scale", "deployment", scaled, "--namespace=product", "--replicas=1");
  await kubectl("delete", "authorizationpolicy", "allow-nothing", "--namespace=prod");
  await kubectl("delete", "peerauthentication", "default", "--namespace=istio-system");
  await kubectl("delete", "secret", "tls-secret", "--namespace=istio-ingress");
  const open = '{"spec":{"rules":[{}]}}';
  await kubectl("patch", "authorizationpolicy", "allow-nothing", "--namespace=product", "--type=merge", `--patch=${open}`);
  const timeout = '[{"op":"replace","path":"/spec/http/0/timeout","value":"1s"}]';
  await kubectl("patch", "virtualservice", "product", "--namespace=product", "--type=json", `--patch=${timeout}`);
  // Of a Helm release, in whose namespace requests come in.
  await kubectl("delete", "deployment", "istio-ingressgateway", "--namespace=istio-ingress", "--wait=false");
  return [
    `Deployment product/${gone} is missing`,
    `Deployment product/${scaled} was changed: spec.replicas is 1`,
    "AuthorizationPolicy prod/allow-nothing is missing",
    "PeerAuthentication istio-system/default is missing",
    "EnvoyFilter istio-ingress/gateway-policies is missing",
    "Secret istio-ingress/tls-secret is missing",
    "AuthorizationPolicy product/allow-nothing was changed: spec.rules was added",
    "VirtualService product/product was changed: spec.http[0].timeout is 1s",
    "Deployment istio-ingress/istio-ingressgateway of the Helm release istio-ingress/istio-ingressgateway is missing",
  ];
}

/** What the broken things say, apart from names that are made up. */
async function objectsByHand(): Promise<unknown> {
  const specs = await Promise.all(
    [
      ["authorizationpolicies", "--all-namespaces"],
      ["peerauthentications", "--all-namespaces"],
      ["envoyfilters", "--all-namespaces"],
      ["virtualservices", "--all-namespaces"],
      ["deployments", "--namespace=product"],
      ["deployments", "--namespace=istio-ingress"],
    ].map((args) => kubeGet<{ items: { spec: { replicas?: number } & object }[] }>(...args)),
  );
  return specs.map(({ items }) => items.map(({ spec }) => spec.replicas ?? spec));
}

test(`the node ${controlPlane} killed: its ports are closed until \`make up\` starts it again`, async () => {
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
