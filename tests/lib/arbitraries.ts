import fc from "fast-check";
import type {
  ApplicationSpec,
  DatabaseSpec,
  JobSpec,
  LoadGeneratorSpec,
  ServiceSpec,
  WorkerSpec,
} from "../../model/application.ts";
import { databasePort } from "../../model/callGraph.ts";
import type { Call } from "../../model/calls.ts";
import type { Destination } from "../../model/egress.ts";
import { type Exposed, type Exposure, exposedMethods, type Redirect } from "../../model/exposed.ts";
import { type GatewayName, gatewayNames } from "../../model/gateway.ts";
import type { GatewayTls } from "../../model/gatewaySettings.ts";
import { hasRequests, type Port, type Protocol, protocols } from "../../model/ports.ts";
import type { Probe, Probes } from "../../model/probes.ts";
import type { Affinity, Fault, Mirror, RequestMatch, RequestRules, TextMatch } from "../../model/requestRules.ts";
import { defaultResilience } from "../../model/resilience.ts";
import type { Canary, ServiceVersion } from "../../model/service.ts";
import type { Storage } from "../../model/storage.ts";
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
/** Behind those that are the proxy's. */
const onePort = fc.integer({ min: 15_100, max: 65_535 });
/** What a request is compared with: a text of these signs, what begins with one, or an expression. */
const textOf = (pattern: RegExp) =>
  fc.oneof<fc.Arbitrary<TextMatch>[]>(
    fc.stringMatching(pattern),
    fc.record({ prefix: fc.stringMatching(pattern) }),
    fc.record({ regex: fc.constantFrom("(x|y)+", "\\d{2}", "[a-z]*") }),
  );
const oneText = textOf(/^[!-~]([ -~]{0,10}[!-~])?$/);
const oneValue = textOf(/^[\w.-]{1,12}$/);
const anyText = () => oneText;
/** Of a cookie or a parameter. */
const anyValue = () => oneValue;
const anyPort = () => onePort;
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
 * and load generators, which call each other, themselves and hosts outside or not. Names avoid what is reserved and never run together (`a-b` and `c`, `a` and `b-c`).
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
      databases: names(draw, `d${index}`, 0, 2),
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
  const kept = maybe(draw, () => storage(draw));
  const count = kept ? 1 : draw(whole, 1, 3);
  const versions = draw(weights, count).map((weight, index) => version(draw, index, weight));
  const offered = ports.filter(({ protocol }) => hasRequests(protocol));
  const canary =
    offered.length > 0
      ? maybe(draw, () => ({ header: "x-canary", value: "true", version: versions.at(-1)?.name ?? "" }))
      : undefined;
  const calls = someCallsOf(draw, own, all);
  const egress = someEgress(draw, calls, own, all);
  const exposed = offered.length > 0 ? maybe(draw, () => exposures(draw, name, offered, gateways)) : undefined;
  const seen = !Object.values(exposed ?? {}).some((one) => (one.gateways ?? gateways).includes("kong"));
  const rules = maybe(draw, () => requestRules(draw, ports, versions, canary, seen));
  return {
    name,
    ports,
    probes: probes(draw, ports),
    container: plainContainer,
    versions: kept ? versions.map((version) => ({ ...version, replicas: draw(whole, 1, 3) })) : versions,
    resilience: defaultResilience,
    ...(kept && { storage: kept }),
    ...(rules && { rules }),
    ...(egress && { egress }),
    ...(canary && { canary }),
    ...(calls && { calls }),
    ...(exposed && { exposed }),
  };
}

/** A worker, which is asked on a port of its own, by a command or not at all. */
function worker(draw: Draw, name: string, own: Shape, all: readonly Shape[]): WorkerSpec {
  const calls = someCallsOf(draw, own, all);
  const egress = someEgress(draw, calls, own, all);
  const reach = { ...(calls && { calls }), ...(egress && { egress }) };
  return workerOf(name, { probes: probes(draw, []), versions: [version(draw, 0, 100)], ...reach });
}

/** A job that runs once, before what does not call it back or before nothing, or by a schedule. */
function job(draw: Draw, name: string, own: Shape, all: readonly Shape[]): JobSpec {
  const calls = someCallsOf(draw, own, all);
  const egress = someEgress(draw, calls, own, all);
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
    ...(egress && { egress }),
    ...(before && { before }),
    ...(schedule && { schedule }),
    ...(timeZone && { timeZone }),
  });
}

function someCallsOf(draw: Draw, own: Shape, all: readonly Shape[]): Call[] | undefined {
  return maybe(draw, () => draw(some<Callee>, callees(own, all)).map((callee) => call(draw, callee)));
}

/** A port that may be called. */
interface Callee {
  readonly to: string;
  readonly port: Pick<Port, "name" | "protocol">;
  /** Whether it is the only one that is there. */
  readonly only: boolean;
}

/** Whom a workload may call: every port of every service, its own as well, and every database. */
function callees(own: Shape, all: readonly Shape[]): Callee[] {
  const postgresql = { name: "postgresql", protocol: "tcp" } as const;
  return all.flatMap((shape) => {
    const nameOf = (name: string) => (shape === own ? name : `${shape.namespace}/${name}`);
    const services = shape.services.flatMap(({ name, ports }) =>
      ports.map((port) => ({ to: nameOf(name), port, only: ports.length === 1 })),
    );
    return [...services, ...shape.databases.map((name) => ({ to: nameOf(name), port: postgresql, only: true }))];
  });
}

function call(draw: Draw, { to, port: { name, protocol }, only }: Callee): Call {
  const named = !only || draw(fc.boolean);
  const asked = protocol === "http" || protocol === "http2" ? maybe(draw, () => draw(methods)) : undefined;
  const below = hasRequests(protocol) ? maybe(draw, () => draw(protocol === "grpc" ? gRPCPaths : paths)) : undefined;
  return { to, ...(named && { port: name }), ...(asked && { methods: asked }), ...(below && { paths: below }) };
}

/** Folders at paths that nothing else has, neither program nor file. */
function storage(draw: Draw): Storage {
  const folders = Array.from({ length: draw(whole, 1, 2) }, (_, index) => [
    `/var/${index}${draw(path)}`,
    `${draw(whole, 1, 99)}${draw(one<string>, ["Mi", "Gi", "Ti"])}`,
  ]);
  return Object.fromEntries(folders) as Storage;
}

/**
 * Hosts outside. What is spoken with one is the same for all workloads of a namespace, as it is known there once; the port that is dialled
 * may be another one.
 */
const outside: readonly (Pick<Destination, "hosts" | "protocol" | "addresses"> & { readonly target?: number })[] = [
  { hosts: ["api.example.com", "*.example.org"], protocol: "tls" },
  { hosts: ["files.example.com"], protocol: "tls", addresses: ["192.0.2.0/24", "2001:db8::/32"] },
  { hosts: ["plain.example.com", "*.example.net"], protocol: "http" },
  { hosts: ["secure.example.com"], protocol: "http", target: 8443 },
  { hosts: ["queue.example.com"], protocol: "tcp" },
  { hosts: ["mail.example.com"], protocol: "tcp", addresses: ["198.51.100.7/32"] },
];

/** Some of them, each by a port of its own or one that another has too with which the same is spoken. */
function someEgress(
  draw: Draw,
  calls: readonly Call[] | undefined,
  own: Shape,
  all: readonly Shape[],
): readonly Destination[] | undefined {
  const taken = new Map<number, string>([[databasePort, "tcp"]]);
  for (const { port, protocol } of (calls ?? []).flatMap((call) => dialled(call, own, all) ?? [])) {
    // HTTP goes beside the mesh's own, whose hosts are others.
    const isShared = hasRequests(protocol) && [undefined, "http"].includes(taken.get(port));
    taken.set(port, isShared ? "http" : "tcp");
  }
  const destinations = (): Destination[] =>
    draw(some<(typeof outside)[number]>, outside).map(({ target, ...host }, index) => {
      const isShared = (port: number) => host.protocol !== "tcp" && taken.get(port) === host.protocol;
      const sharing = [...taken.keys()].find(isShared);
      let port = sharing !== undefined && draw(fc.boolean) ? sharing : draw(anyPort);
      while (taken.has(port) && !isShared(port)) port = (port % 65_535) + 1;
      taken.set(port, host.protocol);
      return { ...host, name: `o${index}`, port, target: target ?? port, originate: target !== undefined };
    });
  return maybe(draw, destinations);
}

/** The port that is called, unless it is a database's. */
function dialled({ to, port }: Call, own: Shape, all: readonly Shape[]): Port | undefined {
  const [name = "", namespace = own.namespace] = to.split("/").toReversed();
  const ports = all.find((shape) => shape.namespace === namespace)?.services.find((service) => service.name === name)?.ports;
  return ports?.find((one) => port === undefined || one.name === port);
}

/**
 * What becomes of requests: what a service of these ports and versions may say.
 *
 * @param seen - whether proxies see who calls, and not a gateway's pods.
 */
function requestRules(
  draw: Draw,
  ports: readonly Port[],
  versions: readonly ServiceVersion[],
  canary: Canary | undefined,
  seen: boolean,
): RequestRules {
  const http = ports.some(({ protocol }) => protocol === "http" || protocol === "http2");
  const requests = ports.some(({ protocol }) => hasRequests(protocol));
  const address: Affinity[] = seen ? ["address"] : [];
  if (!requests) {
    const affinity = maybe(draw, () => draw(some<Affinity>, address)[0]);
    return { match: [], ...(affinity && { affinity }) };
  }
  const names = versions.map(({ name }) => name);
  const match = Array.from({ length: draw(whole, 0, 2) }, (_, index) => ({
    // Each another one, as none is there twice.
    ...requestMatch(draw, `m${index}`, http),
    version: draw(one<string>, names),
  }));
  const cookie = { cookie: "stay", ttl: draw(one<string>, ["none", "30m"]) };
  const affinity = maybe(draw, () => draw(one<Affinity>, [...address, ...(http ? [cookie] : []), { header: "x-user" }]));
  const mirror = names.length > 1 ? maybe(draw, () => mirrorOf(draw, names, ports)) : undefined;
  // Two cookies are not compared at once.
  const free = http && !match.some(({ cookie }) => cookie);
  const fault = maybe(draw, () => faultOf(draw, () => requestMatch(draw, "fault", free), canary));
  return { match, ...(affinity && { affinity }), ...(mirror && { mirror }), ...(fault && { fault }) };
}

/** What a request has: a header, and where it is of HTTP a cookie and parameters, some of these. */
function requestMatch(draw: Draw, name: string, http: boolean): RequestMatch {
  const headers = { [`x-${name}`]: draw(anyText) };
  if (!http) return { headers };
  const kinds = draw(some<keyof RequestMatch>, ["headers", "cookie", "query"], 1);
  return {
    ...(kinds.includes("headers") && { headers }),
    ...(kinds.includes("cookie") && { cookie: { [`C_${name}`]: draw(anyValue) } }),
    ...(kinds.includes("query") && { query: { [name]: draw(anyValue), [`${name}.2`]: draw(anyValue) } }),
  };
}

function mirrorOf(draw: Draw, versions: readonly string[], ports: readonly Port[]): Mirror {
  const isRepeatable = ports.some(
    ({ protocol, idempotent }) => hasRequests(protocol) && (protocol !== "grpc" || idempotent === true),
  );
  const notIdempotent = isRepeatable ? maybe(draw, () => draw(fc.boolean)) : true;
  const shared = { version: draw(one<string>, versions), percent: draw(whole, 1, 100) };
  return { ...shared, ...(notIdempotent !== undefined && { notIdempotent }) };
}

function faultOf(draw: Draw, request: () => RequestMatch, canary: Canary | undefined): Fault {
  const delay = maybe(draw, () => "250ms");
  const abort = delay === undefined || draw(fc.boolean) ? draw(whole, 400, 599) : undefined;
  // The canary's own header may be asked for where it is the same.
  const ofCanary = canary && { headers: { [canary.header]: canary.value } };
  const when = maybe(draw, () => (ofCanary && draw(fc.boolean) ? ofCanary : request()));
  return {
    ...{ percent: draw(whole, 1, 100), until: draw(one<string>, ["2999-12-31", "2999-12-31T12:00Z"]) },
    ...(delay !== undefined && { delay }),
    ...(abort !== undefined && { abort }),
    ...(when && { when }),
  };
}

/** What gateways serve where exposures name hosts. */
export const servedHosts: GatewayTls = {
  hosts: ["shop.example.com", "api.example.com", "*.example.org", "www.example.org"],
  plaintext: true,
};
const exposedHosts = ["shop.example.com", "api.example.com", "*.example.org", "www.example.org", "a.example.org"];

/**
 * One or two exposures, below parts that only this service has, so that no two are offered on one path; but where hosts or methods tell
 * them apart, there may be a second one for the last of them.
 */
function exposures(draw: Draw, name: string, offered: readonly Port[], gateways: readonly GatewayName[]): Exposed {
  const own = Array.from({ length: draw(whole, 1, 2) }, (_, index): [string, Exposure] => [
    `e${index}`,
    exposure(draw, `${name}-${index}`, offered, gateways),
  ]);
  const [, last] = own.at(-1) ?? [];
  const beside = last && maybe(draw, () => besides(draw, last, offered));
  return Object.fromEntries(beside ? [...own, ["beside", beside]] : own);
}

/** Another one of the same path, which other hosts or other methods tell from it. */
function besides(
  draw: Draw,
  { path, exact, hosts, gateways, methods = exposedMethods, redirect, port: own }: Exposure,
  offered: readonly Port[],
): Exposure | undefined {
  // A redirect has none.
  const name = redirect ? draw(one<Port>, offered).name : own;
  const port = offered.find((one) => one.name === name) ?? offered[0];
  const same = { path, ...(name !== undefined && { port: name }), ...(exact !== undefined && { exact }) };
  const where = { ...same, ...(gateways && { gateways }) };
  if (hosts) return where;
  if (redirect || port?.protocol === "grpc" || draw(fc.boolean)) return { ...where, hosts: draw(some<string>, exposedHosts, 1) };
  const left = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"].filter((method) => !methods.includes(method));
  return left.length > 0 ? { ...where, methods: draw(some<string>, left, 1) } : undefined;
}

function exposure(draw: Draw, part: string, offered: readonly Port[], gateways: readonly GatewayName[]): Exposure {
  const port = draw(one<Port>, offered);
  const named = offered.length > 1 || draw(fc.boolean);
  const on = maybe(draw, () => draw(some<GatewayName>, gateways, 1));
  const hosts = maybe(draw, () => draw(some<string>, exposedHosts, 1));
  const exact = maybe(draw, () => draw(fc.boolean));
  const where = { ...(on && { gateways: on }), ...(hosts && { hosts }), ...(exact !== undefined && { exact }) };
  const below = draw(path);
  if (draw(whole, 0, 4) === 0) return { ...where, path: `/${part}${below}`, redirect: redirect(draw) };
  const time = maybe(draw, () =>
    draw(one<Pick<Exposure, "timeout" | "stream">>, [
      { timeout: "30s" },
      { timeout: "none" },
      { stream: true },
      { stream: false },
    ]),
  );
  const treated = { ...where, ...(named && { port: port.name }), ...time };
  if (port.protocol === "grpc") return { ...treated, path: `/${part}.Service` };
  const versioned = draw(fc.boolean) ? `/${part}/{version}${below}` : undefined;
  const asked = maybe(draw, () => draw(methods));
  const rewrite = maybe(draw, () => draw(one<string>, ["/", draw(path)]));
  return {
    ...treated,
    path: `/${part}-${below.slice(1)}`,
    ...(versioned && { versioned }),
    ...(asked && { methods: asked }),
    ...(rewrite !== undefined && { rewrite }),
  };
}

function redirect(draw: Draw): Redirect {
  const [to, host] = [maybe(draw, () => draw(path)), maybe(draw, () => "www.example.net")];
  const code = draw(one<Redirect["code"]>, [301, 302, 303, 307, 308]);
  return to === undefined ? { code, host: host ?? "new.example.net" } : { code, path: to, ...(host && { host }) };
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
