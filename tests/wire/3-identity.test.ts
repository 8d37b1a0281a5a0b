import { X509Certificate } from "node:crypto";
import { beforeAll, expect, test } from "@jest/globals";
import { principalOf } from "../../model/callGraph.ts";
import { hasRequests, type Protocol } from "../../model/ports.ts";
import { defaultProxySettings } from "../../model/proxySettings.ts";
import { accountOf } from "../lib/matrixRows.ts";
import { eventually, haveUp, kubectl, kubeGet, outputs, pulumi, run, saw, stackEnvironment } from "../lib/runningStack.ts";
import { type Asker, withCallers, withNamespace } from "./support/inside/pods.ts";
import type { Presented } from "./support/inside/protocol.ts";
import { count, underLoad } from "./support/load.ts";
import { type Endpoint, endpointsOf } from "./support/probes.ts";
import { productUrl } from "./support/product.ts";

/*
 * STRICT: who is on a port of the mesh, and who is let in there.
 */

const outside = "wire-outside";

interface Port extends Endpoint {
  /** As `namespace/name`. */
  readonly workload: string;
  readonly protocol: Protocol;
}

/** Every port of every pod on which a workload listens. */
let ports: readonly Port[];
/** PEM: whom the mesh trusts. */
let authority: string;

beforeAll(async () => {
  await haveUp();
  const { matrix } = outputs();
  const protocols = new Map(matrix.flatMap(({ to, protocol }) => (protocol ? [[to, protocol]] : [])));
  const endpoints = await endpointsOf([...protocols.keys()]);
  ports = [...endpoints].flatMap(([workload, pods]) =>
    pods.map((pod) => ({ ...pod, workload, protocol: protocols.get(workload) ?? "http" })),
  );
  const root = "--output=jsonpath={.data.root-cert\\.pem}";
  authority = await kubectl("get", "configmap", "istio-ca-root-cert", "--namespace=istio-system", root);
  expect(new Set(ports.map(({ workload }) => workload)).size).toBe(protocols.size);
});

test("plaintext is refused on every port of every pod on which a workload listens, where the mesh itself is answered", async () => {
  const { matrix } = outputs();
  const seen = await fromOutside((asker) => asker.probe(ports.map(plainly)));
  saw(`plaintext to ${ports.length} ports of ${workloads().size} workloads: ${tally(seen.map(({ error }) => error))}`);
  for (const [index, { status, greeted = false, error }] of seen.entries()) {
    const refused = { status: undefined, greeted: false, error: expect.stringMatching(/^(ECONNRESET|EPIPE|closed)$/) };
    // A connection that ends without an error and without a greeting was closed.
    expect({ port: ports[index], status, greeted, error: error ?? "closed" }).toEqual({ port: ports[index], ...refused });
  }

  // A database tells only those who may connect that it is there.
  const inside = matrix.find(({ protocol, allowed }) => protocol === "tcp" && allowed) ?? matrix[0];
  const caller = { account: String(inside?.from), past: ports.map(({ host }) => host) };
  const answers = await withCallers([caller], async ([asker]) =>
    asker?.probe(ports.map((port) => ({ ...plainly(port), tls: "own" as const, patient: true }))),
  );
  saw(`mutual TLS to the same ones: ${tally(answers?.map(({ status, greeted }) => (greeted ? "greeted" : status)) ?? [])}`);
  for (const [index, { status, greeted = false }] of answers?.entries() ?? []) {
    expect({ port: ports[index], answered: status !== undefined || greeted }).toEqual({ port: ports[index], answered: true });
  }
});

test("whoever listens presents the identity of its account, which the mesh has signed for as long as the stack says, and wants one too", async () => {
  const presented = await fromOutside((asker) => presentedOn(asker, ports));
  const lifetime = await certificateLifetime();
  // They begin a little before they are made: a proxy with its clock a little behind would not take one that begins now.
  const lasts = (seconds: number) => (seconds >= lifetime && seconds <= lifetime + 300 ? lifetime : seconds);
  saw(
    `${presented.length} certificates for ${tally(presented.map(({ lifetime }) => lasts(lifetime) / 3_600))} h; without one: ${tally(presented.map(({ refused }) => refused))}`,
  );
  expect(
    presented.map(({ names, trusted, lifetime, refused }, index) => ({
      ...{ workload: ports[index]?.workload, names, trusted, lifetime: lasts(lifetime), refused },
    })),
  ).toEqual(
    ports.map(({ workload }) => ({
      workload,
      names: `URI:spiffe://${principalOf(accountOf(workload))}`,
      trusted: true,
      lifetime,
      refused: expect.stringMatching(/CERTIFICATE_REQUIRED|ECONNRESET|EPIPE|closed/),
    })),
  );
});

test("certificates are replaced under load, and no request fails", async () => {
  const products = { namespace: "product", selector: "app=product,version=v2" };
  const gateways = { namespace: "istio-ingress", selector: "istio=ingressgateway" };
  const lifetimes = await Promise.all([products, gateways].map(lifetimeOf));
  try {
    await Promise.all(lifetimes.map((become) => become("40s")));
    const addresses = (await podsOf(products)).map(({ status }) => status.podIP);
    const short = await eventually("endpoints of the new pods", 20, async () => {
      const endpoints = (await endpointsOf(["product/product"])).get("product/product") ?? [];
      const found = endpoints.filter(({ host }) => addresses.includes(host));
      expect(found).toHaveLength(addresses.length);
      return found;
    });
    const serials = new Map<string, Set<string>>();
    const note = (who: string, serial: string) => serials.set(who, (serials.get(who) ?? new Set()).add(serial));

    const replies = await underLoad(
      100,
      () =>
        fromOutside(async (asker) => {
          await eventually("two more certificates of each", 120, async () => {
            for (const [index, { serial }] of (await presentedOn(asker, short)).entries())
              note(String(short[index]?.host), serial);
            for (const { metadata } of await podsOf(gateways)) note(metadata.name, await serialOf(metadata));
            for (const seen of serials.values()) expect(seen.size).toBeGreaterThanOrEqual(3);
          });
        }),
      productUrl("v2"),
    );
    const { failed } = count(replies);
    const rotations = [...serials].map(([who, { size }]) => `${who} ${size - 1}`).join(", ");
    saw(`${replies.length} requests, ${failed} failed; certificates replaced: ${rotations}`);
    expect(serials.size).toBe(short.length + (await podsOf(gateways)).length);
    expect(failed).toBe(0);
  } finally {
    await Promise.all(lifetimes.map((become) => become()));
  }
});

interface Pod {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly deletionTimestamp?: string };
  readonly status: { readonly podIP: string };
}

interface Selected {
  readonly namespace: string;
  readonly selector: string;
}

/** Those that stay. */
async function podsOf({ namespace, selector }: Selected): Promise<Pod[]> {
  const { items } = await kubeGet<{ items: Pod[] }>("pods", `--namespace=${namespace}`, `--selector=${selector}`);
  return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
}

interface Deployment {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly template: { readonly metadata: { readonly annotations?: Readonly<Record<string, string>> } } };
}

/** What gives the proxies of a Deployment certificates of another lifetime, and without one those they have now. */
async function lifetimeOf({ namespace, selector }: Selected): Promise<(lifetime?: string) => Promise<void>> {
  const own = [`--namespace=${namespace}`, `--selector=${selector}`];
  const [deployment] = (await kubeGet<{ items: Deployment[] }>("deployments", ...own)).items;
  if (!deployment) throw new Error(`no Deployment ${selector} in ${namespace}`);
  const { metadata, spec } = deployment;
  const note = "proxy.istio.io/config";
  const before = spec.template.metadata.annotations?.[note];
  return async (lifetime) => {
    const settings = { ...JSON.parse(before ?? "{}"), proxyMetadata: { SECRET_TTL: lifetime } };
    const value = lifetime === undefined ? (before ?? null) : JSON.stringify(settings);
    const patch = { spec: { template: { metadata: { annotations: { [note]: value } } } } };
    const at = ["deployment", metadata.name, `--namespace=${namespace}`];
    await kubectl("patch", ...at, "--type=merge", `--patch=${JSON.stringify(patch)}`);
    await kubectl("rollout", "status", ...at, "--timeout=300s");
  };
}

/** Serial number of the certificate that a proxy has, which as a gateway's is presented only to those whom it asks. */
async function serialOf({ name, namespace }: Pod["metadata"]): Promise<string> {
  const args = ["proxy-config", "secret", `${name}.${namespace}`, "--output=json"];
  const { dynamicActiveSecrets } = JSON.parse((await run("istioctl", args, { env: await stackEnvironment() })).stdout) as Secrets;
  const [own] = dynamicActiveSecrets.filter(({ name }) => name === "default");
  const chain = Buffer.from(String(own?.secret.tlsCertificate?.certificateChain.inlineBytes), "base64");
  return new X509Certificate(chain).serialNumber;
}

interface Secrets {
  readonly dynamicActiveSecrets: readonly {
    readonly name: string;
    readonly secret: { readonly tlsCertificate?: { readonly certificateChain: { readonly inlineBytes: string } } };
  }[];
}

/** Seconds that certificates last on this stack. */
async function certificateLifetime(): Promise<number> {
  const { exitCode, stdout } = await pulumi("config", "get", "--path", "mesh:istio.certificateLifetime");
  const [, digits, unit] = /^(\d+)([mh])$/.exec(exitCode === 0 ? stdout.trim() : defaultProxySettings.certificateLifetime) ?? [];
  return Number(digits) * (unit === "h" ? 3_600 : 60);
}

function presentedOn(asker: Asker, targets: readonly Endpoint[]): Promise<Presented[]> {
  return Promise.all(targets.map(({ host, port }) => asker.handshake({ host, port, tls: "anonymous" }, authority)));
}

const workloads = () => new Set(ports.map(({ workload }) => workload));

/** Asked for its health, which any policy refuses, and any service answers. */
function plainly({ host, port, protocol }: Port) {
  return hasRequests(protocol) ? { host, port, method: "GET", path: "/health" } : { host, port };
}

/** From a pod without a proxy. */
function fromOutside<T>(use: (asker: Asker) => Promise<T>): Promise<T> {
  return withNamespace(outside, () =>
    withCallers([{ account: `${outside}/default`, meshed: false }], async ([asker]) => {
      if (!asker) throw new Error("no pod to ask from");
      return use(asker);
    }),
  );
}

function tally(values: readonly unknown[]): string {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(String(value), (counts.get(String(value)) ?? 0) + 1);
  return [...counts].map(([value, count]) => `${count} × ${value}`).join(", ");
}
