import type { z } from "zod";
import { addIssue, boolean, byName, label, message, oneOf, port, strictObject } from "./rules.ts";

/*
 * What a workload listens on.
 */

/** What is spoken on a port: HTTP/1.1, HTTP/2 without TLS, gRPC, any protocol over TCP, and TLS of the service's own, passed through. */
export const protocols = ["http", "http2", "grpc", "tcp", "tls"] as const;
export type Protocol = (typeof protocols)[number];

/** Whether proxies see requests on a port, each with its method and path, and not connections alone. */
export const hasRequests = (protocol: Protocol) => protocol === "http" || protocol === "http2" || protocol === "grpc";

/** Whether many requests share one connection. */
export const isMultiplexed = (protocol: Protocol) => protocol === "http2" || protocol === "grpc";

/** A port of a workload. */
export interface Port {
  readonly name: string;
  readonly protocol: Protocol;
  /** Port of the Service: what callers dial. */
  readonly port: number;
  /** Port of the pods: what policies see. */
  readonly target: number;
  /** Of gRPC: whether a call that failed may be made again, whatever it is. */
  readonly idempotent?: boolean;
}

/** The first port of those that the proxy beside each container keeps for itself, which end before 15100. */
const proxyPorts = 15_000;

/** Why a port is the proxy's and nobody else's in a pod; undefined when it is not. */
export function proxyPortProblem(port: number): string | undefined {
  const taken = port >= proxyPorts && port < proxyPorts + 100;
  return taken ? "a whole number from 1 to 65535, but none from 15000 to 15099, which are the proxy's" : undefined;
}

const onePort = strictObject({
  /** Port of the Service: what callers dial. */
  port: port(),
  /** Port that the container listens on. Below 1024 it may too, without any privilege. @default the Service's */
  target: port().exactOptional(),
  protocol: oneOf(...protocols).default("http"),
  /**
   * Whether every call of gRPC may be made again when it failed: its requests do not tell, as methods of HTTP do.
   * @default false: none is
   */
  idempotent: boolean().exactOptional(),
}).superRefine(({ port, target, protocol, idempotent }, ctx) => {
  const problem = proxyPortProblem(target ?? port);
  if (problem && target === undefined) addIssue(ctx, ["port"], `${problem}; or a target of its own`, port);
  else if (problem) addIssue(ctx, ["target"], problem, target);
  if (idempotent !== undefined && protocol !== "grpc")
    addIssue(ctx, ["idempotent"], `nothing with protocol ${protocol}: it is of gRPC alone`, idempotent);
});

/** The longest name of a port in Kubernetes. */
const longestName = 15;
const portName = label(longestName).refine(
  (name) => !name.includes("--"),
  message("the name of a port, without two hyphens in a row"),
);

/** The ports of a service, by name. */
export const ports = byName(onePort, "ports", portName).superRefine((given, ctx) => {
  const entries = Object.entries(given);
  if (entries.length === 0) addIssue(ctx, [], "at least one port");
  for (const [index, [name, own]] of entries.entries()) {
    const before = entries.slice(0, index);
    const samePort = before.find(([, other]) => other.port === own.port);
    if (samePort) addIssue(ctx, [name, "port"], `a port that ${samePort[0]} does not have`, own.port);
    // Policies judge by it, and could not tell whose rules hold.
    const sameTarget = before.find(([, other]) => targetOf(other) === targetOf(own));
    if (sameTarget && !samePort) addIssue(ctx, [name, "target"], `a target that ${sameTarget[0]} does not have`, targetOf(own));
  }
});

type GivenPort = z.output<typeof onePort>;
const targetOf = ({ port, target = port }: GivenPort) => target;

/** The ports as everything that deploys them reads them, in the order in which they are declared. */
export function portsOf(given: z.output<typeof ports>): Port[] {
  return Object.entries(given).map(([name, { target, ...own }]) => ({ ...own, name, target: target ?? own.port }));
}

/** A port by its name, or, where none is named, the only one there is of those that fit. */
export function portNamed(all: readonly Port[], name: string | undefined): Port | undefined {
  if (name !== undefined) return all.find((one) => one.name === name);
  return all.length === 1 ? all[0] : undefined;
}
