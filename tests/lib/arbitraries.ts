import fc from "fast-check";
import type {
  ApplicationSpec,
  DatabaseSpec,
  JobSpec,
  LoadGeneratorSpec,
  ServiceSpec,
  WorkerSpec,
} from "../../model/application.ts";
import type { Call } from "../../model/calls.ts";
import type { Exposed } from "../../model/exposed.ts";
import { type GatewayName, gatewayNames } from "../../model/gateway.ts";
import { hasRequests, type Port, type Protocol, protocols } from "../../model/ports.ts";
import type { Probe, Probes } from "../../model/probes.ts";
import { defaultResilience } from "../../model/resilience.ts";
import type { ServiceVersion } from "../../model/service.ts";
import { job as jobOf, plainContainer, versionOf, worker as workerOf } from "./shop.ts";

/** Applications that hold together, and the gateways that run. */
export interface Declared {
  readonly applications: readonly ApplicationSpec[];
  readonly gateways: readonly GatewayName[];
}

type Draw = fc.GeneratorValue;

/*
 * Made once: a draw asks for its arbitrary each time, and to make one that matches a pattern takes milliseconds.
 */
const allMethods = fc.uniqueArray(fc.constantFrom("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"), { minLength: 1 });
const onePath = fc
  .array(fc.stringMatching(/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,7}$/), { minLength: 1, maxLength: 3 })
  .map((segments) => `/${segments.join("/")}`);
const somePaths = fc.uniqueArray(fc.oneof({ weight: 5, arbitrary: onePath }, fc.constant("/")), { minLength: 1, maxLength: 3 });
const oneCall = fc
  .tuple(fc.stringMatching(/^[a-z]{1,4}\.[A-Z][a-z]{0,4}$/), fc.option(fc.stringMatching(/^[A-Z][A-Za-z]{0,4}$/)))
  .map(([service, method]) => (method === null ? `/${service}` : `/${service}/${method}`));
const someCalls = fc.uniqueArray(oneCall, { minLength: 1, maxLength: 3 });
const someProtocols = fc.array(fc.constantFrom(...protocols), { minLength: 1, maxLength: 3 });
const oneLabel = fc.stringMatching(/^[a-z]([a-z0-9-]{0,8}[a-z0-9])?$/);
const methods = () => allMethods;
const path = () => onePath;
const paths = () => somePaths;
const gRPCPaths = () => someCalls;
const labels = (minLength: number, maxLength: number) => fc.array(oneLabel, { minLength, maxLength });
const whole = (min: number, max: number) => fc.integer({ min, max });
const one = <T>(of: readonly T[]) => fc.constantFrom(...of);
const some = <T>(of: readonly T[], minLength = 0) => fc.subarray([...of], { minLength });

/** Some of what may be left out. */
const maybe = <T>(draw: Draw, value: () => T): T | undefined => (draw(fc.boolean) ? value() : undefined);

/** A share of 100 for each of so many. */
const weights = (count: number) =>
  fc.array(fc.integer({ min: 0, max: 100 }), { minLength: count - 1, maxLength: count - 1 }).map((cuts) => {
    const edges = [0, ...cuts.sort((a, b) => a - b), 100];
    return edges.slice(1).map((edge, index) => edge - (edges[index] ?? 0));
  });

/**
 * Any applications that the platform takes: up to three, with services of up to three ports and versions, workers, jobs, databases
 * and load generators, which call each other or not. Names avoid what is reserved and never run together (`a-b` and `c`, `a` and `b-c`).
 */
export function declared(): fc.Arbitrary<Declared> {
  return fc.gen().map((draw) => {
    const gateways = draw(some<GatewayName>, gatewayNames, 1);
    const namespaces = draw(labels, 1, 3);
    const shapes = namespaces.map((namespace, index) => ({
      namespace: `n${index}-${namespace}`,
      services: names(draw, `s${index}`, 1, 3).map((name) => ({ name, ports: ports(draw) })),
      workers: names(draw, `w${index}`, 0, 1),
      jobs: names(draw, `j${index}`, 0, 2),
      databases: names(draw, `d${index}`, 0, 1),
      loadGenerators: names(draw, `l${index}`, 0, 1),
    }));
    return { gateways, applications: shapes.map((shape) => application(draw, shape, shapes, gateways)) };
  });
}

interface Shape {
  readonly namespace: string;
  readonly services: readonly Pick<ServiceSpec, "name" | "ports">[];
  readonly workers: readonly string[];
  readonly jobs: readonly string[];
  readonly databases: readonly string[];
  readonly loadGenerators: readonly string[];
}

/** Numbered, so that no two are the same. */
function names(draw: Draw, prefix: string, least: number, most: number): string[] {
  const endings = draw(labels, least, most);
  return endings.map((ending, index) => `${prefix}x${index}-${ending}`);
}

/** Each index has numbers of its own, so that no two ports or targets are the same. None is the proxy's. */
const targets = [
  [1, 14_999],
  [15_100, 39_999],
  // The last ones are left to whoever adds a port.
  [40_000, 65_500],
] as const;

function ports(draw: Draw): Port[] {
  return draw(protocolsOf).map((protocol, index) => {
    const [least, most] = targets[index] ?? targets[0];
    const target = draw(whole, least, most);
    const port = draw(fc.boolean) ? target : draw(whole, least, most);
    const [ending = ""] = draw(labels, 1, 1);
    const idempotent = protocol === "grpc" ? maybe(draw, () => draw(fc.boolean)) : undefined;
    return {
      name: `p${index}-${ending.replaceAll(/-+/g, "-")}`,
      ...{ protocol, port, target },
      ...(idempotent !== undefined && { idempotent }),
    };
  });
}

/** What each port speaks. */
const protocolsOf = () => someProtocols;

/** No container listens there, as it is the proxy's. */
const noTarget = 15_050;

function probes(draw: Draw, ports: readonly Port[]): Probes {
  const of = (protocol: Protocol) => ports.filter((port) => port.protocol === protocol).map(({ target }) => target);
  const ask = (): Probe => {
    const [http, grpc, service] = [of("http"), of("grpc"), maybe(draw, () => "shop")];
    const kinds: (() => Probe)[] = [
      () => ({ http: draw(path), port: draw(one<number>, [...http, noTarget]) }),
      () => ({ tcp: draw(one<number>, [...ports.map(({ target }) => target), noTarget]) }),
      () => ({ grpc: draw(one<number>, [...grpc, noTarget]), ...(service !== undefined && { service }) }),
      () => ({ exec: ["/bin/healthy", "--quiet"] }),
    ];
    return draw(one<() => Probe>, kinds)();
  };
  const [ready, health] = [maybe(draw, ask), maybe(draw, ask)];
  return { ...(ready && { ready }), ...(health && { health }), startWithin: draw(whole, 1, 3_600) };
}

/** Whether its own image is all that makes a version another one, or more. */
function version(draw: Draw, index: number, weight: number): ServiceVersion {
  const command = maybe(draw, () => ["/bin/server"]);
  const args = maybe(draw, () => ["--verbose"]);
  const env = maybe(draw, () => ({ LEVEL: "debug" }));
  const resources = maybe(draw, () => ({ limits: { memory: "64Mi" } }));
  return versionOf(`v${index + 1}`, weight, index + 1, {
    ...(command && { command }),
    ...(args && { args }),
    ...(env && { env }),
    ...(resources && { resources }),
  });
}

function application(draw: Draw, shape: Shape, all: readonly Shape[], gateways: readonly GatewayName[]): ApplicationSpec {
  const { namespace, services, workers, jobs, databases, loadGenerators } = shape;
  return {
    namespace,
    services: services.map((own) => service(draw, own, shape, all, gateways)),
    workers: workers.map((name) => worker(draw, name, shape, all)),
    jobs: jobs.map((name) => job(draw, name, shape, all)),
    databases: databases.map(database),
    loadGenerators: loadGenerators.flatMap((name) => load(draw, name, all)),
  };
}

function service(
  draw: Draw,
  { name, ports }: Shape["services"][number],
  own: Shape,
  all: readonly Shape[],
  gateways: readonly GatewayName[],
): ServiceSpec {
  const count = draw(whole, 1, 3);
  const versions = draw(weights, count).map((weight, index) => version(draw, index, weight));
  const offered = ports.filter(({ protocol }) => hasRequests(protocol));
  const canary =
    offered.length > 0 ? maybe(draw, () => ({ header: "x-canary", version: versions.at(-1)?.name ?? "" })) : undefined;
  const calls = someCallsOf(draw, name, own, all);
  const exposed = offered.length > 0 ? maybe(draw, () => exposure(draw, name, offered, gateways)) : undefined;
  return {
    name,
    ports,
    probes: probes(draw, ports),
    container: plainContainer,
    versions,
    resilience: defaultResilience,
    ...(canary && { canary }),
    ...(calls && { calls }),
    ...(exposed && { exposed }),
  };
}

/** A worker, which is asked on a port of its own, by a command or not at all. */
function worker(draw: Draw, name: string, own: Shape, all: readonly Shape[]): WorkerSpec {
  const calls = someCallsOf(draw, name, own, all);
  return workerOf(name, { probes: probes(draw, []), versions: [version(draw, 0, 100)], ...(calls && { calls }) });
}

/** A job that runs once, before what does not call it back or before nothing, or by a schedule. */
function job(draw: Draw, name: string, own: Shape, all: readonly Shape[]): JobSpec {
  const calls = someCallsOf(draw, name, own, all);
  const { weight: _, replicas: _replicas, name: _version, ...program } = version(draw, 0, 100);
  const free = [...own.services.map((service) => service.name), ...own.workers].filter(
    (other) => !(calls ?? []).some(({ to }) => to === other),
  );
  const named = free.length > 0 ? maybe(draw, () => draw(some<string>, free, 1)) : undefined;
  const before = named && named.length === own.services.length + own.workers.length ? "deploy" : named;
  const schedule = before ? undefined : maybe(draw, () => "*/5 * * * *");
  const timeZone = schedule && maybe(draw, () => "Europe/Berlin");
  return jobOf(name, {
    ...{ program, retries: draw(whole, 0, 20), seconds: draw(whole, 1, 3_600) },
    ...(calls && { calls }),
    ...(before && { before }),
    ...(schedule && { schedule }),
    ...(timeZone && { timeZone }),
  });
}

function someCallsOf(draw: Draw, name: string, own: Shape, all: readonly Shape[]): Call[] | undefined {
  return maybe(draw, () => draw(some<Callee>, callees(name, own, all)).map((callee) => call(draw, callee)));
}

/** A port that may be called. */
interface Callee {
  readonly to: string;
  readonly port: Pick<Port, "name" | "protocol">;
  /** Whether it is the only one that is there. */
  readonly only: boolean;
}

/** Whom a workload may call: every port of every other service, and the databases beside it. */
function callees(name: string, own: Shape, all: readonly Shape[]): Callee[] {
  const postgresql = { name: "postgresql", protocol: "tcp" } as const;
  const services = all.flatMap((shape) =>
    shape.services
      .filter((service) => shape !== own || service.name !== name)
      .flatMap((service) => {
        const to = shape === own ? service.name : `${shape.namespace}/${service.name}`;
        return service.ports.map((port) => ({ to, port, only: service.ports.length === 1 }));
      }),
  );
  return [...services, ...own.databases.map((to) => ({ to, port: postgresql, only: true }))];
}

function call(draw: Draw, { to, port: { name, protocol }, only }: Callee): Call {
  const named = !only || draw(fc.boolean);
  const asked = protocol === "http" || protocol === "http2" ? maybe(draw, () => draw(methods)) : undefined;
  const below = hasRequests(protocol) ? maybe(draw, () => draw(protocol === "grpc" ? gRPCPaths : paths)) : undefined;
  return { to, ...(named && { port: name }), ...(asked && { methods: asked }), ...(below && { paths: below }) };
}

/** Below a part that only this service has, so that no two are offered on one path. */
function exposure(draw: Draw, name: string, offered: readonly Port[], gateways: readonly GatewayName[]): Exposed {
  const port = draw(one<Port>, offered);
  const named = offered.length > 1 || draw(fc.boolean);
  const on = maybe(draw, () => draw(some<GatewayName>, gateways, 1));
  const where = { ...(named && { port: port.name }), ...(on && { gateways: on }) };
  if (port.protocol === "grpc") return { ...where, path: `/${name}.Service` };
  const below = draw(path);
  const versioned = draw(fc.boolean) ? `/${name}/{version}${below}` : undefined;
  const asked = maybe(draw, () => draw(methods));
  return {
    ...where,
    path: `/${name}-${below.slice(1)}`,
    ...(versioned && { versioned }),
    ...(asked && { methods: asked }),
  };
}

function database(name: string): DatabaseSpec {
  return {
    name,
    image: { registry: "registry", repository: "postgresql", tag: "1" },
    database: "store",
    user: "store",
    storage: "1Gi",
  };
}

/** What a load generator asks: none where nobody speaks HTTP. */
function load(draw: Draw, name: string, all: readonly Shape[]): LoadGeneratorSpec[] {
  const targets = all.flatMap(({ namespace, services }) =>
    services.flatMap((service) => service.ports.map((port) => ({ namespace, service, port }))),
  );
  const asked = targets.filter(({ port: { protocol } }) => protocol === "http" || protocol === "http2");
  if (asked.length === 0) return [];
  const { namespace, service, port } = draw(one<(typeof asked)[number]>, asked);
  const below = draw(path);
  const named = service.ports.length > 1 && { port: port.name };
  const call = { to: `${namespace}/${service.name}`, ...named, methods: ["GET"], paths: [below] };
  const url = `http://${service.name}.${namespace}.svc.cluster.local:${port.port}${below}`;
  return [{ name, image: { registry: "registry", repository: "fortio", tag: "1" }, qps: 1, url, calls: [call] }];
}
