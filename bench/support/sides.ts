import { readFile } from "node:fs/promises";
import type { BaselineWay, Part, Side } from "../../report/records.ts";
import type { Manifest } from "../../tests/contract/support/manifests.ts";
import { declare } from "../../tests/lib/declared.ts";
import { applyObjects, kubectl, kubeGet } from "../../tests/lib/runningStack.ts";
import { sum } from "../../tests/lib/statistics.ts";
import { accountsOf } from "./cgroups.ts";
import { ownNamespaces, type PodObject, podOf, runningIn, serviceOf, untilReady, workers } from "./cluster.ts";
import { type Load, loadFrom, type Outcome } from "./fortio.ts";
import { type AtEnd, say } from "./topic.ts";

/*
 * One application three times: without a mesh, in a mesh as Istio's charts install it, with nothing said about it, and declared to
 * this platform. In all three the client and the service are the same programs on the same two nodes.
 */

const namespaceOf = (side: Side) => `bench-${side}`;
const port = 8080;

/** What answers one address, and what takes part in it. */
export interface Way {
  /** Puts load on it. @throws Error when a request fails: its time would say nothing. */
  load(load: Load): Promise<Outcome>;
  /** Processor time that each part has used so far, in seconds. */
  busy(): Promise<Partial<Record<Part, number>>>;
  /** Memory of each proxy that takes part, in MB. */
  proxies(): Promise<number[]>;
  /** Connections that the pods that take part have opened so far. */
  connections(): Promise<number>;
}

/** By the way that requests take, and the side that takes it. Without a mesh there is no gateway. */
export type Ways = Readonly<Record<BaselineWay, Readonly<Partial<Record<Side, Way>>>>>;

/** What is asked within the mesh, and through gateways, of which one has the former already. */
const paths = { direct: "/api/products", gateway: "/health" } as const;

const hostOf = (side: Side) => `service.${namespaceOf(side)}.svc.cluster.local`;

/**
 * A proxy with the limits of the charts' values. What a node keeps for it is as for other proxies of this cluster, where nodes share one
 * machine: by how much more than others a proxy has, it wins against whatever else runs.
 */
async function chartsProxy(): Promise<Readonly<Record<string, string>>> {
  const { items } = await kubeGet<{ readonly items: readonly { readonly spec: Partial<Record<Containers, ProxySpec[]>> }[] }>(
    "pods",
    "--namespace=product",
  );
  const all = items.flatMap(({ spec: { containers = [], initContainers = [] } }) => [...containers, ...initContainers]);
  const { cpu = "", memory = "" } = all.find(({ name }) => name === "istio-proxy")?.resources.requests ?? {};
  return {
    "sidecar.istio.io/proxyCPU": cpu,
    "sidecar.istio.io/proxyMemory": memory,
    "sidecar.istio.io/proxyCPULimit": "2000m",
    "sidecar.istio.io/proxyMemoryLimit": "1024Mi",
  };
}

type Containers = "containers" | "initContainers";
interface ProxySpec {
  readonly name: string;
  readonly resources: { readonly requests?: Readonly<Record<string, string>> };
}

/** The gateway of the platform: where it is, by its Service. */
const platformGateway = { namespace: "istio-ingress", label: "istio=ingressgateway" } as const;

export async function makeSides(atEnd: AtEnd): Promise<Ways> {
  const [near, far = near] = await workers();
  const declared = await declare([
    {
      namespace: namespaceOf("platform"),
      services: {
        service: {
          image: { source: "apps/product/product/server.ts" },
          ports: { http: { port } },
          probes: { ready: "/ready", health: "/health" },
          replicas: 1,
          exposed: { api: { path: paths.gateway } },
        },
      },
      loadGenerators: {
        client: {
          url: `http://${hostOf("platform")}:${port}${paths.direct}`,
          calls: [{ to: "service", methods: ["GET"], paths: [paths.direct] }],
        },
      },
    },
  ]);
  say("making an application three times: without a mesh, with Istio alone, declared to the platform");
  await ownNamespaces({ [namespaceOf("plain")]: false, [namespaceOf("istio")]: true, [namespaceOf("platform")]: true }, atEnd);
  atEnd(() => applyObjects(declared.before));
  const annotations = await chartsProxy();
  const bare = (["plain", "istio"] as const).flatMap((side) => {
    const of = { namespace: namespaceOf(side), ...(side === "istio" && { annotations }) };
    return [
      podOf({ ...of, name: "service", image: "product", node: far, port, ready: "/ready" }),
      serviceOf(namespaceOf(side), "service", port),
      podOf({ ...of, name: "client", image: "fortio", args: ["server"], node: near, port, ready: "/fortio/" }),
    ];
  });
  const gateways = (await platformGateways()).map(({ node }) => node);
  await applyObjects([...bare, ...bareGateway(gateways, annotations)]);
  const nodes: Readonly<Record<string, string | undefined>> = { client: near, service: far };
  // A workload may start only where the rules about it are there.
  const [workloads, rules] = [true, false].map((wanted) => declared.own.filter(({ kind }) => (kind === "Deployment") === wanted));
  await applyObjects([...(rules ?? []).filter(({ kind }) => kind !== "Namespace"), ...declared.elsewhere]);
  await applyObjects((workloads ?? []).map((deployment) => placed(deployment, nodes)));
  await untilReady(namespaceOf("plain"), "service", "client");
  await untilReady(namespaceOf("istio"), "service", "client", ...gateways.map((_, index) => `gateway-${index}`));
  await kubectl(
    "wait",
    `--namespace=${namespaceOf("platform")}`,
    "deployment",
    "--all",
    "--for=condition=Available",
    "--timeout=90s",
  );

  const ways = await waysOf();
  for (const one of [...Object.values(ways.direct), ...Object.values(ways.gateway)]) {
    await one.load({ rate: 0, connections: 8, seconds: 3 });
  }
  return ways;
}

async function waysOf(): Promise<Ways> {
  const podOfSide = (side: Side, app: string) => podNamed(namespaceOf(side), `app=${app}`);
  const direct = async (side: Side) => {
    const [client, service] = [await podOfSide(side, "client"), await podOfSide(side, "service")];
    return way(client, { client, service }, `http://${hostOf(side)}:${port}${paths.direct}`);
  };
  const plain = await podOfSide("plain", "client");
  const gateway = async (side: Side, pods: readonly Pod[], url: string) =>
    way(plain, { client: plain, gateway: pods, service: await podOfSide(side, "service") }, url);
  const own = await podsNamed(namespaceOf("istio"), "app=gateway");
  const ownUrl = `http://gateway.${namespaceOf("istio")}.svc.cluster.local:${port}${paths.gateway}`;
  return {
    direct: { plain: await direct("plain"), istio: await direct("istio"), platform: await direct("platform") },
    gateway: {
      istio: await gateway("istio", own, ownUrl),
      platform: await gateway("platform", await platformGateways(), await platformUrl()),
    },
  };
}

const platformGateways = () => podsNamed(platformGateway.namespace, platformGateway.label);

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

/** A gateway as Istio's documentation has it, one listener, one route; as many pods as the platform's, on the same nodes. */
function bareGateway(nodes: readonly string[], proxy: Readonly<Record<string, string>>): object[] {
  const namespace = namespaceOf("istio");
  const labels = { app: "gateway", istio: "bench" };
  return [
    ...nodes.map((node, index) => ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        namespace,
        name: `gateway-${index}`,
        labels,
        annotations: { "inject.istio.io/templates": "gateway", ...proxy },
      },
      spec: {
        terminationGracePeriodSeconds: 1,
        nodeSelector: { "kubernetes.io/hostname": node },
        containers: [{ name: "istio-proxy", image: "auto", imagePullPolicy: "IfNotPresent" }],
      },
    })),
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
  readonly node: string;
  /** Ids of its containers, by name. */
  readonly containers: Readonly<Record<string, string>>;
}

async function podNamed(namespace: string, label: string): Promise<Pod> {
  const [found] = await podsNamed(namespace, label);
  if (!found) throw new Error(`no pod of ${namespace} has the label ${label}`);
  return found;
}

async function podsNamed(namespace: string, label: string): Promise<Pod[]> {
  const { items } = await kubeGet<{ readonly items: readonly PodObject[] }>(
    "pods",
    `--namespace=${namespace}`,
    `--selector=${label}`,
  );
  return items
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map((found) => ({ namespace, name: found.metadata.name, node: found.spec.nodeName, containers: runningIn(found) }));
}

/** Who has a part in a request. */
interface Taking {
  readonly client: Pod;
  readonly gateway?: readonly Pod[];
  readonly service: Pod;
}

/** The way from a client to an address. */
async function way(from: Pod, { client, gateway = [], service }: Taking, url: string): Promise<Way> {
  const pods = [client, ...gateway, service];
  const named = [
    ...partsIn("client", client),
    ...gateway.flatMap((pod) => partsIn("gateway", pod)),
    ...partsIn("service", service),
  ];
  const accounts = await accountsOf(named.map(({ id }) => id));
  const taking = accounts.map((account, index) => ({ account, part: named[index]?.part ?? "client" }));
  const proxies = taking.filter(({ part }) => part !== "client" && part !== "service");
  const pids = await Promise.all((await accountsOf(pods.map(firstIn))).map((account) => account.pid()));
  return {
    load: (load) => loadFrom(from, url, load),
    async busy() {
      const used: Partial<Record<Part, number>> = {};
      for (const { account, part } of taking) used[part] = (used[part] ?? 0) + (await account.busy());
      return used;
    },
    proxies: () => Promise.all(proxies.map(({ account }) => account.memory())),
    connections: async () => sum(await Promise.all(pids.map(openedBy))),
  };
}

/** A pod's containers, each with the part that it plays. */
function partsIn(of: "client" | "gateway" | "service", { containers }: Pod): { readonly part: Part; readonly id: string }[] {
  const partOf = (name: string): Part => (of === "gateway" || name !== "istio-proxy" ? of : `${of}Proxy`);
  return Object.entries(containers).map(([name, id]) => ({ part: partOf(name), id }));
}

const firstIn = ({ containers }: Pod) => Object.values(containers)[0] ?? "";

/** Connections that a process's network has opened since it was made, to others and within itself. */
async function openedBy(pid: number): Promise<number> {
  const [names = "", values = ""] = (await readFile(`/proc/${pid}/net/snmp`, "utf8"))
    .split("\n")
    .filter((line) => line.startsWith("Tcp:"));
  return Number(values.split(" ")[names.split(" ").indexOf("ActiveOpens")]);
}
