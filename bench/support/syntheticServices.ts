import { applyObjects } from "../../tests/lib/runningStack.ts";

/** Of services and their endpoints, none of which exists. */
export const syntheticNamespace = "bench-services";

const port = 8080;
const endpoints = 3;

/** The host of a synthetic service. */
export const syntheticHost = (index: number) => `${nameOf(index)}.${syntheticNamespace}.svc.cluster.local`;

const nameOf = (index: number) => `service-${index}`;

/** Makes services from one number up to another, each with endpoints but without pods: to the mesh they are like any other. */
export async function makeSyntheticServices(from: number, to: number): Promise<void> {
  const numbers = Array.from({ length: to - from }, (_, index) => from + index);
  await applyObjects(numbers.flatMap((index) => [service(index), slice(index)]));
}

function service(index: number) {
  const metadata = { namespace: syntheticNamespace, name: nameOf(index) };
  return { apiVersion: "v1", kind: "Service", metadata, spec: { ports: [{ name: "http", port }] } };
}

function slice(index: number) {
  const labels = { "kubernetes.io/service-name": nameOf(index), "endpointslice.kubernetes.io/managed-by": "bench" };
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { namespace: syntheticNamespace, name: nameOf(index), labels },
    addressType: "IPv4",
    endpoints: Array.from({ length: endpoints }, (_, endpoint) => ({ addresses: [addressOf(index * endpoints + endpoint)] })),
    ports: [{ name: "http", port, protocol: "TCP" }],
  };
}

/** One of the addresses that are set aside for benchmarks, 198.18.0.0/15. */
export function addressOf(index: number): string {
  return `198.18.${Math.floor(index / 250)}.${(index % 250) + 1}`;
}

/** A route to the first service that proxies of one namespace alone know, with a timeout that can be told from the last one. */
export function routeFor(namespace: string, timeout: number) {
  const route = [{ destination: { host: syntheticHost(0) } }];
  return {
    apiVersion: "networking.istio.io/v1",
    kind: "VirtualService",
    metadata: { namespace: syntheticNamespace, name: `for-${namespace}` },
    spec: { hosts: [syntheticHost(0)], exportTo: [namespace], http: [{ timeout: `${timeout}s`, route }] },
  };
}
