import { z } from "zod";
import { milliseconds } from "./durations.ts";
import { hasRequests, type Port, type Protocol } from "./ports.ts";
import { addIssue, argumentList, duration, message, path, port, strictObject, text } from "./rules.ts";

/*
 * How Kubernetes asks a container how it is. The proxy beside it passes these questions on, so that they need no rule.
 */

const portReference = z.union([z.string(), port()], message("the name of a port, or its number in the container"));

/** Such as a cookie that the service would else make for each question. */
const headers = z.record(
  text(/^[A-Za-z0-9-]{1,100}$/, "the name of a header"),
  z.string(message("text")),
  message("a mapping of headers to texts"),
);

const kinds = "a path, none, or a mapping with http, tcp, grpc or exec";
const probe = z.union(
  [
    z.literal("none"),
    path(),
    strictObject({ http: path(), port: portReference.exactOptional(), headers: headers.exactOptional() }),
    strictObject({ tcp: portReference }),
    strictObject({ grpc: portReference, service: z.string().exactOptional() }),
    strictObject({ exec: argumentList() }),
  ],
  message(kinds),
);
type GivenProbe = z.output<typeof probe>;

/** How long a container may take at most until it is ready for the first time, in minutes. */
const longestStart = 60;

/**
 * What is asked. A path is asked for on the first port of HTTP, and answers 200; `tcp` asks whether somebody listens, `grpc` for
 * gRPC's own health service, `exec` for a command that ends with 0.
 */
export const probes = strictObject({
  /** When the container wants requests. @default gRPC's health service, or a connection, where the first port is not of HTTP */
  ready: probe.exactOptional(),
  /** When it need not be started again. @default none: it is started again when its process ends */
  health: probe.default("none"),
  /** How long it may take until it is ready for the first time, in whole seconds, up to an hour; then it is started again. */
  startWithin: duration("s").default("1m"),
}).superRefine(({ startWithin }, ctx) => {
  if ((milliseconds(startWithin) ?? 0) > longestStart * 60_000)
    addIssue(ctx, ["startWithin"], `at most ${longestStart}m`, startWithin);
});

/** A question, with the port by its number in the container. */
export type Probe =
  | { readonly http: string; readonly port: number; readonly headers?: Readonly<Record<string, string>> }
  | { readonly tcp: number }
  | { readonly grpc: number; readonly service?: string }
  | { readonly exec: readonly string[] };

/** How a container is asked how it is. */
export interface Probes {
  /** Undefined where nobody asks. */
  readonly ready?: Probe;
  readonly health?: Probe;
  /** In seconds. */
  readonly startWithin: number;
}

type Question = "ready" | "health";

/** What is wrong with probes beside the ports, each with its place. */
export function probeProblems(given: z.output<typeof probes>, ports: readonly Port[]): [path: PropertyKey[], allowed: string][] {
  return (["ready", "health"] as const).flatMap((question): [PropertyKey[], string][] => {
    const asked = given[question];
    if (asked === undefined) return defaultProbe(ports) ? [] : [[[question], `${kinds}, as the first port is of HTTP`]];
    const problem = problemOf(asked, ports);
    return problem ? [[[question, ...problem[0]], problem[1]]] : [];
  });
}

function problemOf(asked: GivenProbe, ports: readonly Port[]): [path: PropertyKey[], allowed: string] | undefined {
  if (asked === "none") return undefined;
  const of = (protocol: Protocol) => ports.filter((port) => port.protocol === protocol);
  if (typeof asked === "string" || ("http" in asked && asked.port === undefined)) {
    const others = "another kind of probe, or http with the number of a port, as no port has protocol http";
    return of("http").length > 0 ? undefined : [[], others];
  }
  if ("http" in asked) return referenceProblem("port", asked.port, ports, of("http"));
  if ("grpc" in asked) return referenceProblem("grpc", asked.grpc, ports, of("grpc"));
  return "tcp" in asked ? referenceProblem("tcp", asked.tcp, ports, ports) : undefined;
}

/** Why a port cannot be asked so: it is none of those that speak it, or of none at all. */
function referenceProblem(
  key: string,
  reference: string | number | undefined,
  ports: readonly Port[],
  speaking: readonly Port[],
): [path: PropertyKey[], allowed: string] | undefined {
  const isMeant = ({ name, target }: Port) => name === reference || target === reference;
  if (speaking.some(isMeant) || (typeof reference === "number" && !ports.some(isMeant))) return undefined;
  const names = speaking.map(({ name }) => name).join(", ");
  return [[key], `${names ? `one of the ports ${names}, or ` : ""}the number of a port that is not among the ports`];
}

/** What is asked where nothing is said: HTTP has no path that every service answers. */
function defaultProbe([first]: readonly Port[]): Probe | undefined {
  if (first?.protocol === "grpc") return { grpc: first.target };
  return first && !hasRequests(first.protocol) ? { tcp: first.target } : undefined;
}

/** The probes as everything that deploys them reads them. Beside what is wrong they are without meaning. */
export function probesOf({ startWithin, ...given }: z.output<typeof probes>, ports: readonly Port[]): Probes {
  const number = (reference: string | number) =>
    typeof reference === "number" ? reference : (ports.find(({ name }) => name === reference)?.target ?? 0);
  const http = ports.find(({ protocol }) => protocol === "http");
  const read = (question: Question): Probe | undefined => {
    const asked = given[question];
    if (asked === undefined) return defaultProbe(ports);
    if (asked === "none") return undefined;
    if (typeof asked === "string") return { http: asked, port: http?.target ?? 0 };
    if ("http" in asked) return { ...asked, port: asked.port === undefined ? (http?.target ?? 0) : number(asked.port) };
    if ("tcp" in asked) return { tcp: number(asked.tcp) };
    if ("grpc" in asked) return { ...asked, grpc: number(asked.grpc) };
    return asked;
  };
  const [ready, health] = [read("ready"), read("health")];
  return { ...(ready && { ready }), ...(health && { health }), startWithin: (milliseconds(startWithin) ?? 0) / 1_000 };
}
