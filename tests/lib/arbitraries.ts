import fc from "fast-check";
import type { ApplicationSpec, Call, DatabaseSpec, Exposed, LoadGeneratorSpec, ServiceSpec } from "../../model/application.ts";
import { type GatewayName, gatewayNames } from "../../model/gateway.ts";
import { defaultResilience } from "../../model/resilience.ts";

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
const oneLabel = fc.stringMatching(/^[a-z]([a-z0-9-]{0,8}[a-z0-9])?$/);
const methods = () => allMethods;
const path = () => onePath;
const paths = () => somePaths;
const labels = (minLength: number, maxLength: number) => fc.array(oneLabel, { minLength, maxLength });
const whole = (min: number, max: number) => fc.integer({ min, max });
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
 * Any applications that the platform takes: up to three, with services of up to three versions, databases and load generators, which
 * call each other or not. Names avoid what is reserved and never run together (`a-b` and `c`, `a` and `b-c`).
 */
export function declared(): fc.Arbitrary<Declared> {
  return fc.gen().map((draw) => {
    const gateways = draw(some<GatewayName>, gatewayNames, 1);
    const namespaces = draw(labels, 1, 3);
    const shapes = namespaces.map((namespace, index) => ({
      namespace: `n${index}-${namespace}`,
      services: names(draw, `s${index}`, 1, 3).map((name) => ({ name, ...ports(draw) })),
      databases: names(draw, `d${index}`, 0, 1),
      loadGenerators: names(draw, `l${index}`, 0, 1),
    }));
    return { gateways, applications: shapes.map((shape) => application(draw, shape, shapes, gateways)) };
  });
}

interface Shape {
  readonly namespace: string;
  readonly services: readonly Pick<ServiceSpec, "name" | "port" | "containerPort">[];
  readonly databases: readonly string[];
  readonly loadGenerators: readonly string[];
}

/** Numbered, so that no two are the same. */
function names(draw: Draw, prefix: string, least: number, most: number): string[] {
  const endings = draw(labels, least, most);
  return endings.map((ending, index) => `${prefix}x${index}-${ending}`);
}

function ports(draw: Draw): Pick<ServiceSpec, "port" | "containerPort"> {
  if (draw(fc.boolean)) return { port: draw(whole, 1_024, 14_999) };
  return { port: draw(whole, 1, 65_535), containerPort: draw(whole, 15_100, 65_535) };
}

function application(draw: Draw, shape: Shape, all: readonly Shape[], gateways: readonly GatewayName[]): ApplicationSpec {
  const { namespace, services, databases, loadGenerators } = shape;
  return {
    namespace,
    services: services.map((own) => service(draw, own, shape, all, gateways)),
    databases: databases.map(database),
    loadGenerators: loadGenerators.map((name) => load(draw, name, all)),
  };
}

function service(
  draw: Draw,
  { name, ...listens }: Shape["services"][number],
  own: Shape,
  all: readonly Shape[],
  gateways: readonly GatewayName[],
): ServiceSpec {
  const count = draw(whole, 1, 3);
  const versions = draw(weights, count).map((weight, index) => ({ name: `v${index + 1}`, weight, replicas: index + 1 }));
  const canary = maybe(draw, () => ({ header: "x-canary", version: versions.at(-1)?.name ?? "" }));
  const calls = maybe(draw, () => draw(some<Call>, callees(name, own, all)).map((call) => operation(draw, call)));
  const exposed = maybe(draw, () => exposure(draw, name, gateways));
  return {
    name,
    image: { reference: "registry/service:1" },
    ...listens,
    probes: { ready: "/ready", health: "/health" },
    versions,
    resilience: defaultResilience,
    ...(canary && { canary }),
    ...(calls && { calls }),
    ...(exposed && { exposed }),
  };
}

/** Whom a service may call: every other service, and the databases beside it. */
function callees(name: string, own: Shape, all: readonly Shape[]): Call[] {
  const beside = [...own.services.map((service) => service.name), ...own.databases]
    .filter((other) => other !== name)
    .map((to) => ({ to }));
  const elsewhere = all
    .filter((shape) => shape !== own)
    .flatMap(({ namespace, services }) => services.map((to) => ({ to: `${namespace}/${to.name}` })));
  return [...beside, ...elsewhere];
}

function operation(draw: Draw, call: Call): Call {
  // Databases have their own letter.
  if (call.to.startsWith("d")) return call;
  const asked = maybe(draw, () => draw(methods));
  const below = maybe(draw, () => draw(paths));
  return { ...call, ...(asked && { methods: asked }), ...(below && { paths: below }) };
}

/** Below a part that only this service has, so that no two are offered on one path. */
function exposure(draw: Draw, name: string, gateways: readonly GatewayName[]): Exposed {
  const below = draw(path);
  const versioned = draw(fc.boolean) ? `/${name}/{version}${below}` : undefined;
  const on = maybe(draw, () => draw(some<GatewayName>, gateways, 1));
  const asked = maybe(draw, () => draw(methods));
  return {
    path: `/${name}-${below.slice(1)}`,
    ...(versioned && { versioned }),
    ...(on && { gateways: on }),
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

function load(draw: Draw, name: string, all: readonly Shape[]): LoadGeneratorSpec {
  const targets = all.flatMap(({ namespace, services }) => services.map((service) => ({ namespace, ...service })));
  const [target] = draw(some<(typeof targets)[number]>, targets, 1);
  if (!target) throw new Error("each application has a service");
  const below = draw(path);
  const call = { to: `${target.namespace}/${target.name}`, methods: ["GET"], paths: [below] };
  const url = `http://${target.name}.${target.namespace}.svc.cluster.local:${target.port}${below}`;
  return { name, image: { registry: "registry", repository: "fortio", tag: "1" }, qps: 1, url, calls: [call] };
}
