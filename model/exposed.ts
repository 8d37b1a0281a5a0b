import { z } from "zod";
import { policies } from "./policies.ts";
import { hasRequests, type Port, portNamed } from "./ports.ts";
import { addIssue, listOf, message, method, path, strictObject, versionedPath } from "./rules.ts";

/** Methods that gateways may ask for where a service does not say. */
export const exposedMethods = ["GET", "HEAD"] as const;

/** What gateways offer of a service. */
export const exposed = strictObject({
  /** The name of the port. @default the only one of HTTP or gRPC */
  port: z.string(message("the name of a port")).exactOptional(),
  /** Requests for exactly this path, or anything below it. */
  path: path(),
  /** Methods of HTTP that gateways may ask for. @default GET, HEAD; of gRPC all that are below the path */
  methods: listOf(method(), "methods", { absent: exposedMethods.join(" and ") }).exactOptional(),
  /** A path with `{version}` in it, under which each version can be asked for by its name. @default none */
  versioned: versionedPath().exactOptional(),
  /** Names of gateways. @default every gateway that runs */
  gateways: listOf(z.string(message("text")), "gateways", { absent: "every gateway that runs" }).exactOptional(),
  /** Policies that gateways apply to requests. @default none */
  policies: policies.exactOptional(),
}).superRefine(({ methods = exposedMethods, policies }, ctx) => {
  for (const [index, value] of (policies?.cors?.methods ?? []).entries()) {
    // A page would be told that it may, and then be refused by the service's proxy.
    if (value === "OPTIONS" || methods.some((one) => one === value)) continue;
    addIssue(ctx, ["policies", "cors", "methods", index], `one of exposed.methods: ${methods.join(", ")}`, value);
  }
});
export type Exposed = z.output<typeof exposed>;

/** What gateways cannot offer of a service, by what it listens on. */
export function exposedProblems(exposed: Exposed, ports: readonly Port[]): [path: PropertyKey[], allowed: string][] {
  const known = offerable(ports);
  const names = known.map(({ name }) => name).join(", ");
  if (known.length === 0) return [[[], "nothing, as gateways take requests and no port has protocol http, http2 or grpc"]];
  const port = portNamed(known, exposed.port);
  if (!port) return [[["port"], `one of the ports of HTTP or gRPC: ${names}`]];
  if (port.protocol !== "grpc") return [];
  const { methods, versioned, policies } = exposed;
  return [
    ...(methods ? [only("methods", "nothing of gRPC, whose methods are paths below exposed.path")] : []),
    ...(versioned !== undefined ? [only("versioned", "nothing of gRPC, whose clients do not choose the path")] : []),
    ...(policies?.maxBodyBytes !== undefined
      ? [only("policies.maxBodyBytes", "nothing of gRPC, whose calls may be streams")]
      : []),
    ...(policies?.cors ? [only("policies.cors", "nothing of gRPC, which pages cannot speak")] : []),
  ];
}

const only = (option: string, allowed: string): [PropertyKey[], string] => [option.split("."), allowed];

/** The port that gateways offer of a service that they offer; undefined where what is declared is wrong. */
export function exposedPort({
  ports,
  exposed,
}: {
  readonly ports: readonly Port[];
  readonly exposed?: Exposed;
}): Port | undefined {
  return exposed && portNamed(offerable(ports), exposed.port);
}

/** Gateways take requests and no connections. */
const offerable = (ports: readonly Port[]) => ports.filter(({ protocol }) => hasRequests(protocol));
