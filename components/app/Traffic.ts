import {
  DestinationRule,
  type IDestinationRule,
  type IVirtualService,
  VirtualService,
} from "@kubernetes-models/istio/networking.istio.io/v1";
import * as pulumi from "@pulumi/pulumi";
import { literally } from "../../lib/patterns.ts";
import { seconds } from "../../model/durations.ts";
import { type Exposed, exposuresOf, type NamedExposure, resilienceFor } from "../../model/exposed.ts";
import { delegateOf, entranceOf, serviceHost } from "../../model/names.ts";
import type { Cors } from "../../model/policies.ts";
import { hasRequests, isMultiplexed, type Port } from "../../model/ports.ts";
import type { Affinity, Fault, RequestMatch, RequestRules, TextMatch } from "../../model/requestRules.ts";
import { defaultResilience, defaultRetriedBytes, missingTime, type Resilience } from "../../model/resilience.ts";
import { type Canary, canaryProblem, type ServiceVersion, weightsProblem } from "../../model/service.ts";
import { customResource } from "../support/customResource.ts";
import { corsRule } from "./corsRule.ts";
import { retriedBodies } from "./retriedBodies.ts";

export interface TrafficArgs {
  /** Kubernetes Service whose requests this shapes, by its own name. */
  readonly service: string;
  /** Namespace of the Service; the rules live beside it, where every client's sidecar looks for them. */
  readonly namespace: string;
  readonly ports: readonly Port[];
  /** The versions that answer. One version takes everything. */
  readonly versions: readonly Pick<ServiceVersion, "name" | "weight">[];
  /** @default none */
  readonly canary?: Canary;
  /** @default {@link defaultResilience} */
  readonly resilience?: Resilience;
  /** @default none */
  readonly rules?: RequestRules;
  /**
   * What gateways offer of the service, for their route tables to delegate to.
   * @default nothing
   */
  readonly exposed?: Exposed;
  /** Names of exposures that have a Service of their own, by which their requests are known inside the mesh. @default none */
  readonly entrances?: readonly string[];
}

/**
 * How requests reach the versions of one service: a DestinationRule with a subset for each version, and a VirtualService
 * that sends who asks for a version by path, by what is in the request or by the canary header to it, splits the rest by weight, and
 * tries again what may be repeated. On ports whose requests no proxy sees, connections are split by weight, and that is all.
 *
 * Each exposure gets the rules again, as the delegate that gateways refer to: a gateway's proxy never asks the rules of the mesh. Where
 * it has a Service of its own, they are the rules of that too. The rules depend on the subsets: a route to one that no proxy knows yet is
 * answered with 503.
 *
 * @throws Error when the weights do not sum to 100, the version of the canary or of a rule does not exist, or the tries outlast the timeout.
 * @see https://istio.io/latest/docs/reference/config/networking/virtual-service/
 */
export class Traffic extends pulumi.ComponentResource {
  constructor(name: string, args: TrafficArgs, opts?: pulumi.ComponentResourceOptions) {
    requireConsistent(args);
    super("mesh:app:Traffic", name, {}, opts);
    const { service, namespace, entrances = [] } = args;
    const host = serviceHost({ name: service, namespace });
    const [http, tcp] = [httpRules(host, args), tcpRules(host, args)];

    const rule = new DestinationRule({ metadata: { name: service, namespace }, spec: destinationOf(host, args) });
    const after = { parent: this, dependsOn: customResource(`${name}-subsets`, rule, { parent: this }) };
    const inMesh = { hosts: [host], gateways: ["mesh"], ...(http.length > 0 && { http }), ...(tcp.length > 0 && { tcp }) };
    customResource(`${name}-routes`, new VirtualService({ metadata: { name: service, namespace }, spec: inMesh }), after);
    const { maxBodyBytes = defaultRetriedBytes } = (args.resilience ?? defaultResilience).retries;
    if (maxBodyBytes !== defaultRetriedBytes) {
      const hosts = [host, ...entrances.map((exposure) => serviceHost(entranceOf(service, exposure, namespace)))];
      const kept = retriedBodies(`retried-bodies-${namespace}-${service}`, hosts, maxBodyBytes);
      customResource(`${name}-retried-bodies`, kept, { parent: this });
    }
    for (const offered of exposuresOf(args)) {
      const { policies, redirect } = offered.exposure;
      if (redirect) continue;
      const http = rulesOf(host, offered.port, args, offered);
      const metadata = { ...delegateOf(service, offered, namespace) };
      const delegate = new VirtualService({ metadata, spec: { http: withCors(http, policies?.cors) } });
      customResource(`${name}.${offered.name}`, delegate, after);
      if (!entrances.includes(offered.name)) continue;
      const entrance = entranceOf(service, offered.name, namespace);
      const spec = { hosts: [serviceHost(entrance)], gateways: ["mesh"], http };
      customResource(`${name}.${offered.name}.entrance`, new VirtualService({ metadata: { ...entrance }, spec }), after);
    }

    this.registerOutputs();
  }
}

type Rules = NonNullable<NonNullable<IVirtualService["spec"]>["http"]>;
type TcpRules = NonNullable<NonNullable<IVirtualService["spec"]>["tcp"]>;
type Rule = Rules[number];
type Match = NonNullable<Rule["match"]>[number];

function destinationOf(
  host: string,
  { ports, versions, rules, resilience = defaultResilience }: TrafficArgs,
): NonNullable<IDestinationRule["spec"]> {
  const { pool, ejection, balancing } = resilience;
  const { maxRequestsPerConnection } = pool;
  return {
    host,
    trafficPolicy: {
      loadBalancer: rules?.affinity ? { consistentHash: hashOf(rules.affinity) } : { simple: balancing },
      connectionPool: {
        tcp: { maxConnections: pool.maxConnections, connectTimeout: seconds(pool.connectTimeout) },
        http: {
          http1MaxPendingRequests: pool.maxPendingRequests,
          ...(ports.some(({ protocol }) => isMultiplexed(protocol)) && { http2MaxRequests: pool.maxRequests }),
          ...(maxRequestsPerConnection !== undefined && { maxRequestsPerConnection }),
        },
      },
      outlierDetection: {
        consecutive5xxErrors: ejection.consecutive5xx,
        interval: seconds(ejection.interval),
        baseEjectionTime: seconds(ejection.time),
        maxEjectionPercent: ejection.maxPercent,
      },
    },
    subsets: versions.map(({ name }) => ({ name, labels: { version: name } })),
  };
}

/** Who stays with a pod, as long as it is there. */
function hashOf(affinity: Affinity) {
  if (affinity === "address") return { useSourceIp: true };
  if ("header" in affinity) return { httpHeaderName: affinity.header };
  // Without a time it is a session's.
  const ttl = affinity.ttl === "none" ? "0s" : seconds(affinity.ttl);
  return { httpCookie: { name: affinity.cookie, path: "/", ttl } };
}

/** The rules inside the mesh: those of each port, which needs no name where there is no other. */
function httpRules(host: string, args: TrafficArgs): Rules {
  const { ports } = args;
  const onPort = (rule: Rule, { port }: Port): Rule => ({
    ...rule,
    match: (rule.match ?? [{}]).map((match) => ({ ...match, port })),
  });
  return ports
    .filter(({ protocol }) => hasRequests(protocol))
    .flatMap((port) => {
      const rules = rulesOf(host, port, args);
      return ports.length === 1 ? rules : rules.map((rule) => onPort({ ...rule, name: `${port.name}-${rule.name}` }, port));
    });
}

/** Each connection goes to one version, for as long as it is open. */
function tcpRules(host: string, { ports, versions }: TrafficArgs): TcpRules {
  return ports
    .filter(({ protocol }) => !hasRequests(protocol))
    .map(({ port }) => ({
      match: [{ port }],
      route: versions.map(({ name, weight }) => ({ destination: { host, subset: name, port: { number: port } }, weight })),
    }));
}

/**
 * A version asked for by its path, then what requests have, then the canary, then the weights; within each what may be repeated before
 * what may not; and within that what a fault is made of before what it is not. The first match wins.
 */
function rulesOf(
  host: string,
  { name: portName, protocol, port, idempotent = false }: Port,
  { ports, versions, canary, exposed = {}, rules, ...args }: TrafficArgs,
  offered?: NamedExposure,
): Rules {
  const { exposure } = offered ?? {};
  const own = args.resilience ?? defaultResilience;
  const resilience = exposure ? resilienceFor(exposure, own) : own;
  const to = (subset: string, weight: number) => ({ destination: { host, subset, port: { number: port } }, weight });
  const rulesFor = (name: string, matches: readonly Match[], rest: Pick<Rule, "route" | "rewrite">): Rule[] => {
    const all = (isRepeatable: boolean, retryOn: string): Rule => ({
      name,
      ...(matches.some(hasConditions) && { match: [...matches] }),
      ...rest,
      ...timeoutAndRetries(resilience, isRepeatable ? retryOn : undefined),
      ...copies(rest.route, isRepeatable),
    });
    if (protocol === "grpc") return [all(idempotent, resilience.retries.grpcOn)];
    const match = matches.map((match) => ({ ...match, method: { regex: repeatable } }));
    const { on } = resilience.retries;
    return [{ ...all(true, on), name: `${name}-repeatable`, match }, all(false, on)];
  };
  const copies = (route: Rule["route"] = [], isRepeatable: boolean): Pick<Rule, "mirrors"> => {
    const { mirror } = rules ?? {};
    if (!mirror || exposure?.stream || !(isRepeatable || mirror.notIdempotent)) return {};
    // What goes to that version anyway would reach it twice.
    const isForOthers = route.some(({ destination, weight = 100 }) => weight > 0 && destination.subset !== mirror.version);
    const { destination } = to(mirror.version, 100);
    return isForOthers ? { mirrors: [{ destination, percentage: { value: mirror.percent } }] } : {};
  };
  const asked = offered ? [offered] : exposuresOf({ ports, exposed }).filter((one) => one.port.name === portName);
  const versioned = asked.flatMap(({ exposure: { path, exact = false, versioned, rewrite = path } }) =>
    versions.flatMap(({ name }) =>
      versioned === undefined ? [] : [{ name, from: versioned.replace("{version}", name), to: rewrite, exact }],
    ),
  );
  // As gateways have them: what is more particular comes first.
  const byPath = versioned
    .toSorted((a, b) => b.from.length - a.from.length || Number(b.exact) - Number(a.exact))
    .flatMap(({ name, ...rewriting }) => {
      const { from, exact } = rewriting;
      const rest = { route: [to(name, 100)], rewrite: rewritten(rewriting) };
      return rulesFor(`version-${name}`, exact ? [itself(from)] : below(from), rest);
    });
  const { path = "", exact = false, rewrite } = exposure ?? {};
  const others = rewrite === undefined ? {} : { rewrite: rewritten({ from: path, to: rewrite, exact }) };
  const byHeader = canary
    ? rulesFor("canary", [{ headers: { [canary.header]: { exact: canary.value } } }], {
        route: [to(canary.version, 100)],
        ...others,
      })
    : [];
  const byRequest = (rules?.match ?? []).flatMap(({ version, ...request }, index) =>
    rulesFor(`match-${index + 1}`, [matchOf(request)], { route: [to(version, 100)], ...others }),
  );
  const byWeight = rulesFor("weighted", [{}], { route: versions.map(({ name, weight }) => to(name, weight)), ...others });
  const all = [...byPath, ...byRequest, ...byHeader, ...byWeight];
  return rules?.fault ? all.flatMap(withFault(rules.fault)) : all;
}

/** What a request has, as Istio writes it. */
function matchOf({ headers = {}, cookie = {}, query = {} }: RequestMatch): Match {
  const [[name, value] = ["", ""]] = Object.entries(cookie);
  const ofCookie = name !== "" && { cookie: { regex: `(.*; *)?${literally(name)}=${patternOf(value, "[^;]*")}(;.*)?` } };
  const ofHeaders = { ...mapped(headers, (given) => (isText(given) ? { exact: given } : given)), ...ofCookie };
  const queryParams = mapped(query, (given) => (isText(given) ? { exact: given } : { regex: patternOf(given, ".*") }));
  return {
    ...(Object.keys(ofHeaders).length > 0 && { headers: ofHeaders }),
    ...(Object.keys(queryParams).length > 0 && { queryParams }),
  };
}

const isText = (given: TextMatch): given is string => typeof given === "string";
const mapped = <T>(given: Readonly<Record<string, TextMatch>>, map: (value: TextMatch) => T): Record<string, T> =>
  Object.fromEntries(Object.entries(given).map(([name, value]) => [name, map(value)]));

/** A regular expression of a text, with what may follow what it begins with. */
function patternOf(given: TextMatch, rest: string): string {
  if (isText(given)) return literally(given);
  return "regex" in given ? `(?:${given.regex})` : `${literally(given.prefix)}${rest}`;
}

/** The same rule for requests that get the fault, in front of it; where all get it, in its place. */
function withFault({ delay, abort, percent, when }: Fault): (rule: Rule) => Rule[] {
  const percentage = { value: percent };
  const fault: Rule["fault"] = {
    ...(delay !== undefined && { delay: { fixedDelay: seconds(delay), percentage } }),
    ...(abort !== undefined && { abort: { httpStatus: abort, percentage } }),
  };
  if (!when) return (rule) => [{ ...rule, fault }];
  const asked = matchOf(when);
  const both = (match: Match): Match => ({
    ...match,
    ...((match.headers || asked.headers) && { headers: { ...match.headers, ...asked.headers } }),
    ...((match.queryParams || asked.queryParams) && { queryParams: { ...match.queryParams, ...asked.queryParams } }),
  });
  return (rule) => [{ ...rule, name: `${rule.name}-fault`, match: (rule.match ?? [{}]).map(both), fault }, rule];
}

const hasConditions = (match: Match) => Object.keys(match).length > 0;

const itself = (path: string): Match => ({ uri: { exact: path } });

/** Exactly a path, and whatever is below it: a bare prefix of /api/products would take /api/products-of-others too. */
function below(path: string): Match[] {
  return [itself(path), { uri: { prefix: `${path}/` } }];
}

interface Rewriting {
  readonly from: string;
  readonly to: string;
  readonly exact: boolean;
}

/** The service need not know under which path it is asked for. A plain rewrite would lose the slash behind it. */
function rewritten({ from, to, exact }: Rewriting): NonNullable<Rule["rewrite"]> {
  const start = `^${literally(from)}`;
  if (exact) return { uriRegexRewrite: { match: `${start}$`, rewrite: to } };
  if (to === "/") return { uriRegexRewrite: { match: from === "/" ? start : `${start}/?`, rewrite: to } };
  return { uriRegexRewrite: { match: start, rewrite: from === "/" ? `${to}/` : to } };
}

/** Only gateways answer pages of other origins: in the mesh there are none. */
function withCors(rules: Rules, cors: Cors | undefined): Rules {
  return cors ? rules.map((rule) => ({ ...rule, ...corsRule(cors) })) : rules;
}

/** Methods that do the same when done twice. */
const repeatable = "GET|HEAD|OPTIONS|PUT|DELETE";

/** @param on - the conditions under which a request is made again; without them it never is. */
function timeoutAndRetries({ timeout, retries: { attempts, perTryTimeout } }: Resilience, on?: string) {
  // What has no end as a whole has none in one try, which would cut off a stream that has begun.
  const ends = timeout !== "none";
  const once = { ...(ends && { perTryTimeout: seconds(perTryTimeout) }) };
  const retries = on && attempts > 0 ? { attempts, ...once, retryOn: on } : { attempts: 0 };
  return { ...(ends && { timeout: seconds(timeout) }), retries };
}

/** Applications are checked before; this is for whoever uses the component by itself. The rules are the model's. */
function requireConsistent({ service, versions, canary, rules, resilience = defaultResilience }: TrafficArgs): void {
  const names = versions.map(({ name }) => name);
  const needed = missingTime(resilience);
  const problems: [option: string, allowed: string | undefined][] = [
    ["versions", weightsProblem(versions.map(({ weight }) => weight))],
    ["canary.version", canaryProblem(canary, names)],
    ["rules.mirror.version", canaryProblem(rules?.mirror, names)],
    ...(rules?.match ?? []).map((match): [string, string | undefined] => ["rules.match", canaryProblem(match, names)]),
    ["resilience.timeout", needed && `at least ${needed}`],
  ];
  for (const [option, allowed] of problems) if (allowed) throw new Error(`${service} ${option} is wrong; allowed: ${allowed}`);
}
