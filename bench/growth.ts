import { type Records, record } from "../report/records.ts";
import { applyObjects, kubectl, kubeGet } from "../tests/lib/runningStack.ts";
import { leastSquares } from "../tests/lib/statistics.ts";
import { accountsOf } from "./support/cgroups.ts";
import { containersOf, ownNamespaces, podOf, until, untilReady } from "./support/cluster.ts";
import { meanBetween, metricOf } from "./support/prometheus.ts";
import { roundsOf } from "./support/rounds.ts";
import { makeSyntheticServices, routeFor, syntheticHost, syntheticNamespace } from "./support/syntheticServices.ts";
import { runTopic, say, showTable, spread } from "./support/topic.ts";

/*
 * What a mesh of many services costs one sidecar and the control plane, with and without a scope that says which of them the
 * sidecar has to know.
 */

const sizes = [10, 100, 500];
const rounds = 3;
/** In each round. */
const changes = 5;

/** A namespace with one idle pod each, whose sidecar is observed. */
const observed = [
  { namespace: "bench-open", scoped: false },
  { namespace: "bench-scoped", scoped: true },
] as const;
type Observed = (typeof observed)[number];
const name = "observed";

type Size = Records["growth"]["sizes"][number];

interface Measured {
  readonly sidecar: number;
  readonly container: number;
  readonly push: number;
}

await runTopic(async (atEnd) => {
  say("making namespaces bench-services, bench-open and bench-scoped");
  await ownNamespaces({ [syntheticNamespace]: false, "bench-open": true, "bench-scoped": true }, atEnd);
  await applyObjects([scope("bench-scoped")]);
  const measured: Size[] = [];
  for (const [index, services] of sizes.entries()) {
    await makeSyntheticServices(sizes[index - 1] ?? 0, services);
    say(`${services} services`);
    const seen = observed.map((): Measured[] => []);
    for (let round = 0; round < rounds; round++) {
      // What a proxy has let go of it may keep: so each time it is a new one.
      await restart();
      for (const [place, of] of observed.entries()) {
        const one = await measureOnce(of, services);
        seen[place]?.push(one);
        const { sidecar, container, push } = one;
        say(
          `${services} services, round ${round + 1} of ${rounds}, ${titleOf(of)}: Envoy ${sidecar.toFixed(1)} MB of ${container.toFixed(0)} MB in all, push ${push.toFixed(1)} ms`,
        );
      }
    }
    for (const [place, { scoped }] of observed.entries()) {
      const values = (name: keyof Measured) => roundsOf((seen[place] ?? []).map((one) => one[name]));
      measured.push({ services, scoped, sidecar: values("sidecar"), container: values("container"), push: values("push") });
    }
  }
  await record("growth", "make bench T=growth", { sizes: measured });
  show(measured);
});

function titleOf({ scoped }: Pick<Observed, "scoped">): string {
  return scoped ? "with scope" : "without scope";
}

/** As the platform makes it for a workload that calls one service. */
function scope(namespace: string) {
  return {
    apiVersion: "networking.istio.io/v1",
    kind: "Sidecar",
    metadata: { namespace, name },
    spec: {
      egress: [{ hosts: [`${syntheticNamespace}/${syntheticHost(0)}`] }],
      outboundTrafficPolicy: { mode: "REGISTRY_ONLY" },
    },
  };
}

async function restart(): Promise<void> {
  await Promise.all(observed.map(({ namespace }) => kubectl("delete", "pods", "--all", "--wait", `--namespace=${namespace}`)));
  await applyObjects(observed.map(({ namespace }) => podOf({ namespace, name, image: "product", port: 8080, ready: "/ready" })));
  await Promise.all(observed.map(({ namespace }) => untilReady(namespace, name)));
}

async function measureOnce(of: Observed, services: number): Promise<Measured> {
  const { namespace, scoped } = of;
  const least = scoped ? 1 : services;
  await until(`${namespace} knows ${least} services`, 60, async () => {
    const [, clusters = "0"] = /active_clusters: (\d+)/.exec(await askEnvoy(namespace, "stats?filter=active_clusters")) ?? [];
    return Number(clusters) >= least || undefined;
  });
  const containers = await containersOf(namespace, name);
  const [account] = await accountsOf([containers["istio-proxy"] ?? ""]);
  const memory = await settledMemory(namespace);
  return { sidecar: memory, container: (await account?.memory()) ?? Number.NaN, push: await pushTime(namespace) };
}

/** What Envoy has allocated, in MB, when it does not change any more. */
async function settledMemory(namespace: string): Promise<number> {
  let last = 0;
  return until("Envoy's memory settles", 30, async () => {
    const { allocated } = JSON.parse(await askEnvoy(namespace, "memory")) as { readonly allocated: string };
    const now = Number(allocated) / 1e6;
    const settled = Math.abs(now - last) < 0.01 * now;
    last = now;
    return settled ? now : undefined;
  });
}

/** Asks the admin interface of the observed sidecar. */
function askEnvoy(namespace: string, path: string): Promise<string> {
  const container = [`--namespace=${namespace}`, name, "--container=istio-proxy"];
  return kubectl("exec", ...container, "--", "pilot-agent", "request", "GET", path);
}

/** How long istiod takes to work out one change for the observed proxy and send it, in ms, on average. */
async function pushTime(namespace: string): Promise<number> {
  const histogram = "pilot_proxy_convergence_time";
  // Its first route; what follows are changes.
  await applyObjects([routeFor(namespace, 1)]);
  let page = await quietControlPlane(histogram);
  const before = page;
  for (let change = 0; change < changes; change++) {
    const seen = metricOf(page, `${histogram}_count`);
    await applyObjects([routeFor(namespace, change + 2)]);
    page = await until("istiod has pushed the change", 20, async () => {
      const now = await controlPlaneMetrics();
      return metricOf(now, `${histogram}_count`) > seen ? now : undefined;
    });
  }
  return meanBetween(before, page, histogram).mean * 1_000;
}

/** The metrics of the control plane when it has pushed nothing since they were last read, a second ago. */
async function quietControlPlane(histogram: string): Promise<string> {
  let last = { page: "", read: 0 };
  return until("istiod has nothing to push", 30, async () => {
    if (Date.now() - last.read < 1_000) return undefined;
    const page = await controlPlaneMetrics();
    const quiet = metricOf(page, `${histogram}_count`) === metricOf(last.page, `${histogram}_count`);
    last = { page, read: Date.now() };
    return quiet ? page : undefined;
  });
}

/** Of every istiod, as one page. */
async function controlPlaneMetrics(): Promise<string> {
  const { items } = await kubeGet<{ readonly items: readonly { readonly metadata: { readonly name: string } }[] }>(
    ...["pods", "--namespace=istio-system", "--selector=app=istiod"],
  );
  const pages = items.map(({ metadata }) =>
    kubectl("get", "--raw", `/api/v1/namespaces/istio-system/pods/${metadata.name}:15014/proxy/metrics`),
  );
  return (await Promise.all(pages)).join("\n");
}

function show(measured: readonly Size[]): void {
  showTable(
    `Growth: the median of ${rounds} rounds, and from where to where they went`,
    ["services", "scope", "Envoy, MB", "container, MB", "push, ms"],
    measured.map(({ services, scoped, sidecar, container, push }) => [
      String(services),
      scoped ? "yes" : "no",
      spread(sidecar, 1),
      spread(container, 1),
      spread(push, 1),
    ]),
  );
  for (const { scoped } of observed) {
    const points = measured.filter((size) => size.scoped === scoped);
    const memory = leastSquares(points.map(({ services, sidecar }) => [services, sidecar.median]));
    console.log(`${titleOf({ scoped })}: ${Math.round(memory.slope * 1_000)} kB of Envoy's memory for each further service`);
  }
}
