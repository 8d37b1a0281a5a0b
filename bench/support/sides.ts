import { readFile } from "node:fs/promises";
import type { Manifest } from "../../tests/contract/support/manifests.ts";
import { applyObjects, kubectl, kubeGet } from "../../tests/lib/runningStack.ts";
import { sum } from "../../tests/lib/statistics.ts";
import { type Account, accountsOf } from "./cgroups.ts";
import { ownNamespaces, type PodObject, podOf, runningIn, serviceOf, untilReady, workers } from "./cluster.ts";
import { declare } from "./declared.ts";
import { type Load, loadFrom, type Outcome } from "./fortio.ts";
import { type AtEnd, say } from "./topic.ts";

/*
 * One application three times: without a mesh, in a mesh as Istio's charts install it, with nothing said about it, and declared to
 * this platform. In all three the client and the service are the same programs on the same two nodes.
 */

export type Side = "plain" | "istio" | "platform";
export const sides: readonly Side[] = ["plain", "istio", "platform"];

const namespaceOf = (side: Side) => `bench-${side}`;
const port = 8080;

/** What answers one address, and what takes part in it. */
export interface Way {
  /** Puts load on it. @throws Error when a request fails: its time would say nothing. */
  load(load: Load): Promise<Outcome>;
  /** Processor time that all parts have used so far, in seconds. */
  busy(): Promise<number>;
  /** Memory of each proxy that takes part, in MB. */
  proxies(): Promise<number[]>;
  /** Connections that the pods that take part have opened so far. */
  connections(): Promise<number>;
}

export interface Ways {
  /** From a client of the same side. */
  readonly direct: Readonly<Record<Side, Way>>;
  /** From a client without a mesh, through the side's gateway. */
  readonly gateway: Readonly<Record<Exclude<Side, "plain">, Way>>;
}

/** What is asked within the mesh, and through gateways, of which one has the former already. */
const paths = { direct: "/api/products", gateway: "/health" } as const;

const hostOf = (side: Side) => `service.${namespaceOf(side)}.svc.cluster.local`;

/** A proxy as the charts' values have it, where the platform's differ. */
const chartsProxy = {
  "sidecar.istio.io/proxyCPU": "100m",
  "sidecar.istio.io/proxyCPULimit": "2000m",
  "sidecar.istio.io/proxyMemory": "128Mi",
  "sidecar.istio.io/proxyMemoryLimit": "1024Mi",
} as const;

/** The gateway of the platform: where it is, by its Service. */
const platformGateway = { namespace: "istio-ingress", label: "istio=ingressgateway" } as const;

export async function makeSides(atEnd: AtEnd): Promise<Ways> {
  const [near, far = near] = await workers();
  const declared = await declare({
    namespace: namespaceOf("platform"),
    services: {
      service: {
        image: { source: "apps/product/product/server.ts" },
        port,
        probes: { ready: "/ready", health: "/health" },
        replicas: 1,
        exposed: { path: paths.gateway },
      },
    },
    loadGenerators: {
      client: {
        url: `http://${hostOf("platform")}:${port}${paths.direct}`,
        calls: [{ to: "service", methods: ["GET"], paths: [paths.direct] }],
      },
    },
  });
  say("making an application three times: without a mesh, with Istio alone, declared to the platform");
  await ownNamespaces({ [namespaceOf("plain")]: false, [namespaceOf("istio")]: true, [namespaceOf("platform")]: true }, atEnd);
  atEnd(() => applyObjects(declared.before));
  const bare = (["plain", "istio"] as const).flatMap((side) => {
    const of = { namespace: namespaceOf(side), ...(side === "istio" && { annotations: chartsProxy }) };
    return [
      podOf({ ...of, name: "service", image: "product", node: far, port, ready: "/ready" }),
      serviceOf(namespaceOf(side), "service", port),
      podOf({ ...of, name: "client", image: "fortio", args: ["server"], node: near, port, ready: "/fortio/" }),
    ];
  });
  await applyObjects([...bare, ...bareGateway(near)]);
  const nodes: Readonly<Record<string, string | undefined>> = { client: near, service: far };
  // A workload may start only where the rules about it are there.
  const [workloads, rules] = [true, false].map((wanted) => declared.own.filter(({ kind }) => (kind === "Deployment") === wanted));
  await applyObjects([...(rules ?? []).filter(({ kind }) => kind !== "Namespace"), ...declared.elsewhere]);
  await applyObjects((workloads ?? []).map((deployment) => placed(deployment, nodes)));
  await untilReady(namespaceOf("plain"), "service", "client");
  await untilReady(namespaceOf("istio"), "service", "client", "gateway");
  await kubectl(
    "wait",
    `--namespace=${namespaceOf("platform")}`,
    "deployment",
    "--all",
    "--for=condition=Available",
    "--timeout=90s",
  );

  const direct = async (side: Side) => {
    const pods = await Promise.all(["client", "service"].map((app) => podNamed(namespaceOf(side), `app=${app}`)));
    return way(pods[0] as Pod, pods, `http://${hostOf(side)}:${port}${paths.direct}`);
  };
  const plain = await podNamed(namespaceOf("plain"), "app=client");
  const gateway = async (side: "istio" | "platform", place: { namespace: string; label: string }, url: string) => {
    const pods = [await podNamed(place.namespace, place.label), await podNamed(namespaceOf(side), "app=service")];
    return way(plain, pods, url);
  };
  const ways: Ways = {
    direct: { plain: await direct("plain"), istio: await direct("istio"), platform: await direct("platform") },
    gateway: {
      istio: await gateway(
        "istio",
        { namespace: namespaceOf("istio"), label: "app=gateway" },
        `http://gateway.${namespaceOf("istio")}.svc.cluster.local:${port}${paths.gateway}`,
      ),
      platform: await gateway("platform", platformGateway, await platformUrl()),
    },
  };
  for (const one of [...Object.values(ways.direct), ...Object.values(ways.gateway)]) {
    await one.load({ rate: 0, connections: 8, seconds: 3 });
  }
  return ways;
}

/** Where pods reach the platform's gateway. */
async function platformUrl(): Promise<string> {
  const { items } = await kubeGet<{
    readonly items: readonly {
      readonly metadata: { readonly name: string };
      readonly spec: { readonly ports: readonly ServicePort[] };
    }[];
  }>("services", `--namespace=${platformGateway.namespace}`);
  for (const { metadata, spec } of items) {
    const http = spec.ports.find(({ name }) => /^http2?$/.test(name ?? ""));
    if (http) return `http://${metadata.name}.${platformGateway.namespace}.svc.cluster.local:${http.port}${paths.gateway}`;
  }
  throw new Error(`no Service of ${platformGateway.namespace} has a port named http`);
}

interface ServicePort {
  readonly name?: string;
  readonly port: number;
}

/** A gateway as Istio's documentation has it: one pod, one listener, one route. */
function bareGateway(node: string | undefined): object[] {
  const namespace = namespaceOf("istio");
  const labels = { app: "gateway", istio: "bench" };
  return [
    {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { namespace, name: "gateway", labels, annotations: { "inject.istio.io/templates": "gateway", ...chartsProxy } },
      spec: {
        terminationGracePeriodSeconds: 1,
        ...(node && { nodeSelector: { "kubernetes.io/hostname": node } }),
        containers: [{ name: "istio-proxy", image: "auto", imagePullPolicy: "IfNotPresent" }],
      },
    },
    serviceOf(namespace, "gateway", port),
    {
      apiVersion: "networking.istio.io/v1",
      kind: "Gateway",
      metadata: { namespace, name: "gateway" },
      spec: { selector: labels, servers: [{ port: { number: port, name: "http", protocol: "HTTP" }, hosts: ["*"] }] },
    },
    {
      apiVersion: "networking.istio.io/v1",
      kind: "VirtualService",
      metadata: { namespace, name: "routes" },
      spec: {
        hosts: ["*"],
        gateways: ["gateway"],
        http: [{ route: [{ destination: { host: hostOf("istio"), port: { number: port } } }] }],
      },
    },
  ];
}

/** A declared Deployment on a node of our choice. What puts load on services stands by, and has no limit of its own. */
function placed(deployment: Manifest, nodes: Readonly<Record<string, string | undefined>>): object {
  const { template, ...spec } = deployment.spec as { template: { metadata: { labels: Record<string, string> }; spec: PodSpec } };
  const app = template.metadata.labels.app ?? "";
  const containers = template.spec.containers.map((container) =>
    app === "client" ? { ...container, args: ["server"], resources: {} } : container,
  );
  const on = nodes[app] && { nodeSelector: { "kubernetes.io/hostname": nodes[app] } };
  return { ...deployment, spec: { ...spec, template: { ...template, spec: { ...template.spec, ...on, containers } } } };
}

interface PodSpec {
  readonly containers: readonly object[];
}

interface Pod {
  readonly namespace: string;
  readonly name: string;
  /** Ids of its containers, by name. */
  readonly containers: Readonly<Record<string, string>>;
}

async function podNamed(namespace: string, label: string): Promise<Pod> {
  const { items } = await kubeGet<{ readonly items: readonly PodObject[] }>(
    "pods",
    `--namespace=${namespace}`,
    `--selector=${label}`,
  );
  const [found] = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  if (!found) throw new Error(`no pod of ${namespace} has the label ${label}`);
  return { namespace, name: found.metadata.name, containers: runningIn(found) };
}

/** The way from a client to an address. */
async function way(client: Pod, pods: readonly Pod[], url: string): Promise<Way> {
  const taking = [...new Set([client, ...pods])];
  const named = taking.flatMap(({ containers }) => Object.entries(containers));
  const accounts = await accountsOf(named.map(([, id]) => id));
  const proxies: Account[] = accounts.filter((_, index) => named[index]?.[0] === "istio-proxy");
  const process = ({ containers }: Pod) => Object.values(containers)[0] ?? "";
  const pids = await Promise.all((await accountsOf(taking.map(process))).map((account) => account.pid()));
  return {
    load: (load) => loadFrom(client, url, load),
    busy: async () => sum(await Promise.all(accounts.map((account) => account.busy()))),
    proxies: () => Promise.all(proxies.map((account) => account.memory())),
    connections: async () => sum(await Promise.all(pids.map(openedBy))),
  };
}

/** Connections that a process's network has opened since it was made, to others and within itself. */
async function openedBy(pid: number): Promise<number> {
  const [names = "", values = ""] = (await readFile(`/proc/${pid}/net/snmp`, "utf8"))
    .split("\n")
    .filter((line) => line.startsWith("Tcp:"));
  return Number(values.split(" ")[names.split(" ").indexOf("ActiveOpens")]);
}
