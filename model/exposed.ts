import { z } from "zod";
import { policies } from "./policies.ts";
import { hasRequests, type Port, portNamed } from "./ports.ts";
import type { Resilience } from "./resilience.ts";
import {
  addIssue,
  boolean,
  byName,
  durationOrNone,
  host,
  hostOrBelow,
  label,
  listOf,
  message,
  method,
  path,
  strictObject,
  versionedPath,
} from "./rules.ts";

/** Methods that gateways may ask for where a service does not say. */
export const exposedMethods = ["GET", "HEAD"] as const;

/** The longest name of an exposure: it is part of a Service's name. */
const longestExposure = 20;

/** The codes of redirects; 301 and 302 let a client ask with GET whatever it asked with before. */
const redirectCodes = [301, 302, 303, 307, 308] as const;

/** Where clients are sent instead of an answer. What is not said stays as it was asked for, and so does the query. */
const redirect = strictObject({
  /** The whole path, whatever was below the one that is asked for. @default the same */
  path: path().exactOptional(),
  /** A host of HTTPS. @default the same */
  host: host().exactOptional(),
  code: z.literal(redirectCodes, message(`one of ${redirectCodes.join(", ")}`)).default(308),
}).refine((given) => given.path !== undefined || given.host !== undefined, message("a mapping with path, host or both"));
export type Redirect = z.output<typeof redirect>;

/** One of the ways in which gateways offer a service. */
const exposure = strictObject({
  /** The name of the port. @default the only one of HTTP or gRPC */
  port: z.string(message("the name of a port")).exactOptional(),
  /**
   * Of `tls.hosts`, or `*.` and a name for all hosts right below that. A host's own exposures come before those of all below, and
   * these before those of every host.
   * @default every host that gateways serve
   */
  hosts: listOf(hostOrBelow(), "hosts", { absent: "every host" }).exactOptional(),
  /** Requests for exactly this path, or anything below it. */
  path: path(),
  /** Whether nothing below the path is meant. @default false */
  exact: boolean().exactOptional(),
  /**
   * Methods of HTTP that gateways may ask for. Others get 403, also where another exposure of the service has them. Where several
   * exposures have one path, each with methods of its own, these tell them apart.
   * @default GET, HEAD; of gRPC all that are below the path
   */
  methods: listOf(method(), "methods", { absent: exposedMethods.join(" and ") }).exactOptional(),
  /** A path with `{version}` in it, under which each version can be asked for by its name. @default none */
  versioned: versionedPath().exactOptional(),
  /** What the service sees in place of the path. @default the path */
  rewrite: path().exactOptional(),
  /** Where clients are sent instead: the service is not asked. @default none */
  redirect: redirect.exactOptional(),
  /**
   * How long a request may take here, in as many tries as fit into it, each of which may take all of it; `none` for any time.
   * @default that of resilience
   */
  timeout: durationOrNone().exactOptional(),
  /**
   * Whether answers are streams, such as server-sent events and WebSockets: they may take any time, are tried once, and gateways hand
   * on each part when it comes.
   * @default false
   */
  stream: boolean().exactOptional(),
  /** Names of gateways. @default every gateway that runs */
  gateways: listOf(z.string(message("text")), "gateways", { absent: "every gateway that runs" }).exactOptional(),
  /** Policies that gateways apply to requests. @default none */
  policies: policies.exactOptional(),
}).superRefine((given, ctx) => {
  const { methods = exposedMethods, policies, redirect, stream, timeout } = given;
  for (const [index, value] of (policies?.cors?.methods ?? []).entries()) {
    // A page would be told that it may, and then be refused by the service's proxy.
    if (value === "OPTIONS" || methods.some((one) => one === value)) continue;
    addIssue(ctx, ["policies", "cors", "methods", index], `one of the methods of the exposure: ${methods.join(", ")}`, value);
  }
  if (stream && timeout !== undefined) addIssue(ctx, ["timeout"], "nothing with stream, which has no end");
  if (!redirect) return;
  for (const option of ["port", "methods", "versioned", "rewrite", "timeout", "stream", "policies"] as const)
    if (given[option] !== undefined) addIssue(ctx, [option], "nothing with redirect, as the service is not asked");
});
export type Exposure = z.output<typeof exposure>;

/** What gateways offer of a service, by name. */
export const exposed = byName(exposure, "exposures", label(longestExposure));
export type Exposed = z.output<typeof exposed>;

/** An exposure by its name, which is unique in its service. */
export interface NamedExposure {
  readonly name: string;
  readonly exposure: Exposure;
  /** The port that gateways offer. */
  readonly port: Port;
  /** Methods of HTTP that gateways may ask for. @default all, as of gRPC and redirects */
  readonly methods?: readonly string[];
  /** Whether it is the first one of which the service is asked. */
  readonly isFirst: boolean;
}

/** What gateways can offer of a service of what they are declared to. */
export function exposuresOf({
  ports,
  exposed = {},
}: {
  readonly ports: readonly Port[];
  readonly exposed?: Exposed;
}): NamedExposure[] {
  const [first] = Object.entries(exposed).find(([, { redirect }]) => !redirect) ?? [];
  return Object.entries(exposed).flatMap(([name, exposure]) => {
    const port = offeredPort(exposure, ports);
    const methods = exposure.redirect || port?.protocol === "grpc" ? undefined : (exposure.methods ?? exposedMethods);
    return port ? [{ name, exposure, port, ...(methods && { methods }), isFirst: name === first }] : [];
  });
}

/** Whether requests of one of a service's exposures are treated otherwise than what else is asked of it, or spoken otherwise. */
export function isTreatedOtherwise({ exposure, port }: NamedExposure, all: readonly NamedExposure[]): boolean {
  const { timeout, stream, rewrite, redirect } = exposure;
  if (redirect) return false;
  const isOtherProtocol = port.protocol === "grpc" && all.some((other) => other.port.protocol !== "grpc");
  return timeout !== undefined || stream === true || rewrite !== undefined || isOtherProtocol;
}

/** A service's resilience for the requests of an exposure. A try with a time of the exposure's own may take all of it. */
export function resilienceFor({ timeout, stream }: Exposure, resilience: Resilience): Resilience {
  const { retries } = resilience;
  if (stream) return { ...resilience, timeout: "none", retries: { ...retries, attempts: 0 } };
  return timeout === undefined ? resilience : { ...resilience, timeout, retries: { ...retries, perTryTimeout: timeout } };
}

/** What gateways cannot offer of a service, by what it listens on. */
export function exposedProblems(exposed: Exposed, ports: readonly Port[]): [path: PropertyKey[], allowed: string][] {
  if (Object.keys(exposed).length === 0) return [[[], "at least one exposure by its name, or none at all"]];
  if (offerable(ports).length === 0)
    return [[[], "nothing, as gateways take requests and no port has protocol http, http2 or grpc"]];
  const versioned = new Set<string>();
  return Object.entries(exposed).flatMap(([name, exposure]) => {
    const problems = exposureProblems(exposure, ports);
    // Inside the mesh, where hosts are the service's own, these tell versions by the path alone.
    if (exposure.versioned !== undefined && versioned.has(exposure.versioned))
      problems.push([["versioned"], "a path that no other exposure of the service has"]);
    versioned.add(exposure.versioned ?? "");
    return problems.map(([path, allowed]): [PropertyKey[], string] => [[name, ...path], allowed]);
  });
}

function exposureProblems(exposure: Exposure, ports: readonly Port[]): [path: PropertyKey[], allowed: string][] {
  const port = offeredPort(exposure, ports);
  const names = offerable(ports).map(({ name }) => name);
  if (!port) return [[["port"], `one of the ports of HTTP or gRPC: ${names.join(", ")}`]];
  if (port.protocol !== "grpc") return [];
  const { methods, versioned, rewrite, policies } = exposure;
  return [
    ...(methods ? [only("methods", "nothing of gRPC, whose methods are paths below the exposure's path")] : []),
    ...(versioned !== undefined ? [only("versioned", "nothing of gRPC, whose clients do not choose the path")] : []),
    ...(rewrite !== undefined ? [only("rewrite", "nothing of gRPC, whose paths say what is called")] : []),
    ...(policies?.maxBodyBytes !== undefined
      ? [only("policies.maxBodyBytes", "nothing of gRPC, whose calls may be streams")]
      : []),
    ...(policies?.cors ? [only("policies.cors", "nothing of gRPC, which pages cannot speak")] : []),
  ];
}

const only = (option: string, allowed: string): [PropertyKey[], string] => [option.split("."), allowed];

/** The port that gateways offer; undefined where what is declared is wrong. A redirect asks none, and any will do. */
function offeredPort({ port, redirect }: Exposure, ports: readonly Port[]): Port | undefined {
  return redirect ? offerable(ports)[0] : portNamed(offerable(ports), port);
}

/** Gateways take requests and no connections. */
const offerable = (ports: readonly Port[]) => ports.filter(({ protocol }) => hasRequests(protocol));
