import {
  DestinationRule,
  type IDestinationRule,
  type IVirtualService,
  VirtualService,
} from "@kubernetes-models/istio/networking.istio.io/v1";
import * as pulumi from "@pulumi/pulumi";
import { literally } from "../../lib/patterns.ts";
import { defaultResilience, defaultRetriedBytes, missingTime, type Resilience, seconds } from "../../model/resilience.ts";
import type { Cors } from "../../model/route.ts";
import { serviceHost } from "../../model/serviceHost.ts";
import type { Exposed } from "../../model/spec.ts";
import { corsRule } from "../gateway/istio/cors.ts";
import { customResource } from "../support/customResource.ts";
import { retriedBodies } from "./retriedBodies.ts";

/** A share of a service's requests that goes to one of its versions. */
export interface WeightedVersion {
  /** The `version` label of the pods. */
  readonly name: string;
  /** Share of the requests without the canary header, in percent. All versions of a service sum to 100. */
  readonly weight: number;
}

/** Requests with this header set to `true` go to one version, whatever the weights. */
export interface Canary {
  readonly header: string;
  readonly version: string;
}

export interface TrafficArgs {
  /** Kubernetes Service whose requests this shapes, by its own name. */
  readonly service: string;
  /** Namespace of the Service; the rules live beside it, where every client's sidecar looks for them. */
  readonly namespace: string;
  /** The versions that answer. One version takes everything. */
  readonly versions: readonly WeightedVersion[];
  /** @default none */
  readonly canary?: Canary;
  /** @default {@link defaultResilience} */
  readonly resilience?: Resilience;
  /**
   * What gateways offer of the service, for their route tables to delegate to.
   * @default nothing
   */
  readonly exposed?: Pick<Exposed, "path" | "versioned" | "policies">;
}

/**
 * How requests reach the versions of one service: a DestinationRule with a subset for each version, and a VirtualService
 * that sends who asks for a version by path or by the canary header to it, splits the rest by weight, and tries again what
 * may be repeated.
 *
 * An exposed service gets its rules a second time, as the delegate that gateways refer to: a gateway's proxy never asks
 * the rules of the mesh. The rules depend on the subsets: a route to one that no proxy knows yet is answered with 503.
 *
 * @throws Error when the weights do not sum to 100, the canary's version does not exist, or the tries outlast the timeout.
 * @see https://istio.io/latest/docs/reference/config/networking/virtual-service/
 */
export class Traffic extends pulumi.ComponentResource {
  constructor(name: string, args: TrafficArgs, opts?: pulumi.ComponentResourceOptions) {
    requireConsistent(args);
    super("mesh:app:Traffic", name, {}, opts);
    const { service, namespace, exposed } = args;
    const host = serviceHost({ name: service, namespace });
    const http = rulesOf(host, args);

    const rule = new DestinationRule({ metadata: { name: service, namespace }, spec: destinationOf(host, args) });
    const after = { parent: this, dependsOn: customResource(`${name}-subsets`, rule, { parent: this }) };
    const inMesh = { hosts: [host], gateways: ["mesh"], http };
    customResource(`${name}-routes`, new VirtualService({ metadata: { name: service, namespace }, spec: inMesh }), after);
    const { maxBodyBytes = defaultRetriedBytes } = (args.resilience ?? defaultResilience).retries;
    if (maxBodyBytes !== defaultRetriedBytes) {
      const kept = retriedBodies(`retried-bodies-${namespace}-${service}`, host, maxBodyBytes);
      customResource(`${name}-retried-bodies`, kept, { parent: this });
    }
    if (exposed) {
      const delegate = new VirtualService({
        metadata: delegateOf(service, namespace),
        spec: { http: withCors(http, exposed.policies?.cors) },
      });
      customResource(`${name}-delegate`, delegate, after);
    }

    this.registerOutputs();
  }
}

/** What the VirtualService of an exposed service is called, which route tables delegate to. */
export function delegateOf(service: string, namespace: string): { readonly name: string; readonly namespace: string } {
  return { name: `${service}-exposed`, namespace };
}

type Rules = NonNullable<NonNullable<IVirtualService["spec"]>["http"]>;
type Rule = Rules[number];
type Match = NonNullable<Rule["match"]>[number];

function destinationOf(
  host: string,
  { versions, resilience = defaultResilience }: TrafficArgs,
): NonNullable<IDestinationRule["spec"]> {
  const { pool, ejection, balancing } = resilience;
  return {
    host,
    trafficPolicy: {
      loadBalancer: { simple: balancing },
      connectionPool: {
        tcp: { maxConnections: pool.maxConnections, connectTimeout: seconds(pool.connectTimeout) },
        http: { http1MaxPendingRequests: pool.maxPendingRequests, maxRequestsPerConnection: pool.maxRequestsPerConnection },
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

/**
 * A version asked for by its path, then the canary, then the weights; and within each what may be repeated before what may
 * not. The first match wins.
 */
function rulesOf(host: string, { versions, canary, exposed, resilience = defaultResilience }: TrafficArgs): Rules {
  const to = (subset: string, weight: number) => ({ destination: { host, subset }, weight });
  const pair = (name: string, matches: readonly Match[], rest: Pick<Rule, "route" | "rewrite">): Rule[] => [
    {
      name: `${name}-repeatable`,
      match: matches.map((match) => ({ ...match, method: { regex: repeatable } })),
      ...rest,
      ...patience(resilience, true),
    },
    { name, ...(matches.some(hasConditions) && { match: [...matches] }), ...rest, ...patience(resilience, false) },
  ];
  const byPath = versions.flatMap(({ name }) => {
    const paths = exposed && versionPaths(exposed, name);
    return paths ? pair(`version-${name}`, below(paths.from), { route: [to(name, 100)], rewrite: rewritten(paths) }) : [];
  });
  const byHeader = canary
    ? pair("canary", [{ headers: { [canary.header]: { exact: "true" } } }], { route: [to(canary.version, 100)] })
    : [];
  const byWeight = pair("weighted", [{}], { route: versions.map(({ name, weight }) => to(name, weight)) });
  return [...byPath, ...byHeader, ...byWeight];
}

const hasConditions = (match: Match) => Object.keys(match).length > 0;

function versionPaths({ path, versioned }: Pick<Exposed, "path" | "versioned">, version: string) {
  return versioned === undefined ? undefined : { from: versioned.replace("{version}", version), to: path };
}

/** Exactly a path, and whatever is below it: a bare prefix of /api/products would take /api/products-of-others too. */
function below(path: string): Match[] {
  return [{ uri: { exact: path } }, { uri: { prefix: `${path}/` } }];
}

/** The service need not know under which path a version of it is asked for. A plain rewrite would lose the slash behind it. */
function rewritten({ from, to }: { readonly from: string; readonly to: string }): NonNullable<Rule["rewrite"]> {
  const start = `^${literally(from)}`;
  return { uriRegexRewrite: { match: to === "/" ? `${start}/?` : start, rewrite: to } };
}

/** Only gateways answer pages of other origins: in the mesh there are none. */
function withCors(rules: Rules, cors: Cors | undefined): Rules {
  return cors ? rules.map((rule) => ({ ...rule, ...corsRule(cors) })) : rules;
}

/** Methods that do the same when done twice. */
const repeatable = "GET|HEAD|OPTIONS|PUT|DELETE";

function patience({ timeout, retries: { attempts, perTryTimeout, on } }: Resilience, mayRepeat: boolean) {
  const retries = mayRepeat && attempts > 0 ? { attempts, perTryTimeout: seconds(perTryTimeout), retryOn: on } : { attempts: 0 };
  return { timeout: seconds(timeout), retries };
}

function requireConsistent({ service, versions, canary, resilience = defaultResilience }: TrafficArgs): void {
  const sum = versions.reduce((total, { weight }) => total + weight, 0);
  if (sum !== 100) throw new Error(`${service}: the weights of its versions sum to ${sum}, not 100`);
  if (canary && !versions.some(({ name }) => name === canary.version))
    throw new Error(`${service}: its canary ${canary.version} is none of its versions`);
  const needed = missingTime(resilience);
  if (needed) throw new Error(`${service}: its tries take ${needed}, longer than its timeout of ${resilience.timeout}`);
}
