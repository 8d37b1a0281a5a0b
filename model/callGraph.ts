import { type Application, ownWorkloads } from "./application.ts";
import type { Call } from "./calls.ts";
import type { Destination } from "./egress.ts";
import { exposuresOf } from "./exposed.ts";
import type { GatewayFacts } from "./gateway.ts";
import { type Account, nameOf, resolveCall, same } from "./names.ts";
import { type Port, portNamed } from "./ports.ts";

/** Where PostgreSQL listens, in its pod and behind its Service. */
export const databasePort = 5432;

/** The one trust domain of the mesh: Istio's default, in which every certificate is issued. */
export const trustDomain = "cluster.local";

/** What a certificate of the mesh says of its owner, as policies write it. */
export function principalOf({ namespace, name }: Account): string {
  return `${trustDomain}/ns/${namespace}/sa/${name}`;
}

/** Pods that belong together, behind one `app` label and one account. */
export interface Workload extends Account {
  /** None of a workload that only calls others. */
  readonly ports: readonly Port[];
  /** Whether each of its pods can be called by a name of its own. @default false */
  readonly stateful?: boolean;
  /** What it may reach outside the cluster. @default nothing */
  readonly egress?: readonly Destination[];
}

/** What a caller may do. A member left out means everything. */
export interface Operation {
  readonly methods?: readonly string[];
  /** Each means itself and all below it. */
  readonly paths?: readonly string[];
  /** Whether each path means itself alone. @default false */
  readonly exact?: boolean;
}

/** A declared call. */
export interface Edge {
  readonly from: Account;
  /** A gateway's pods have labels of their own; their namespace holds nothing else. */
  readonly gateway: boolean;
  readonly to: Workload;
  readonly port: Port;
  readonly operation: Operation;
}

/** A host outside the cluster. */
export interface OutsideHost {
  /** Its name, or `*.` and a name for all below that. */
  readonly host: string;
  readonly ports: readonly Pick<Destination, "port" | "target" | "protocol" | "originate">[];
}

/**
 * Who may call whom, for every pair, and no longer than what is declared: pairs that are not allowed go without saying.
 * Accounts and workloads are `namespace/name`.
 */
export interface Matrix {
  readonly callers: readonly string[];
  /** One for each port of each workload; without a port it has nothing to call. */
  readonly callees: readonly ({ readonly name: string } & Partial<Pick<Port, "protocol" | "port">>)[];
  /** Any other caller is refused by any other callee, and on any other port. */
  readonly allowed: readonly {
    readonly from: string;
    readonly to: string;
    readonly port: number;
    readonly operations: readonly Operation[];
  }[];
}

/**
 * Who calls whom: the declared calls of all applications, and those of the gateways to whatever they offer. Every policy
 * derives from it, and so does the matrix that the tests try pair by pair.
 *
 * @throws Error on a call to a workload or port that does not exist; `checks/` tells so with its place.
 */
export class CallGraph {
  readonly workloads: readonly Workload[];
  readonly edges: readonly Edge[];

  constructor(
    applications: readonly Application[],
    readonly gateways: readonly Pick<GatewayFacts, "name" | "account">[],
  ) {
    this.workloads = applications.flatMap(workloadsOf);
    this.edges = applications.flatMap((application) => this.edgesOf(application));
  }

  /** The workloads of one namespace. */
  in(namespace: string): Workload[] {
    return this.workloads.filter((workload) => workload.namespace === namespace);
  }

  callersOf(workload: Account): Edge[] {
    return this.edges.filter(({ to }) => same(to, workload));
  }

  calleesOf(account: Account): Edge[] {
    return this.edges.filter(({ from }) => same(from, account));
  }

  /** The hosts outside that workloads of a namespace may reach, each with all of its ports there. */
  outside(namespace: string): OutsideHost[] {
    const hosts = new Map<string, Map<number, Destination>>();
    for (const destination of this.in(namespace).flatMap(({ egress = [] }) => egress)) {
      for (const host of destination.hosts) {
        const ports = hosts.get(host) ?? new Map<number, Destination>();
        hosts.set(host, ports.set(destination.port, destination));
      }
    }
    return [...hosts].map(([host, ports]) => ({ host, ports: [...ports.values()] }));
  }

  /** Every ordered pair of two workloads, and of a gateway and a workload. */
  matrix(): Matrix {
    const callers = [...this.gateways.map(({ account }) => account), ...this.workloads].map(nameOf);
    const callees = this.workloads.flatMap((to) => {
      const name = nameOf(to);
      return to.ports.length === 0 ? [{ name }] : to.ports.map(({ protocol, port }) => ({ name, protocol, port }));
    });
    const allowed = new Map<string, Matrix["allowed"][number]>();
    for (const { from, to, port, operation } of this.edges) {
      const pair = { from: nameOf(from), to: nameOf(to), port: port.port };
      const key = Object.values(pair).join(" ");
      allowed.set(key, { ...pair, operations: [...(allowed.get(key)?.operations ?? []), operation] });
    }
    return { callers, callees, allowed: [...allowed.values()] };
  }

  private edgesOf(application: Application): Edge[] {
    const { namespace, services, loadGenerators = [] } = application;
    const declared = [...ownWorkloads(application), ...loadGenerators].flatMap(({ name, calls = [] }) =>
      calls.map((call) => this.edge({ namespace, name }, false, resolveCall(namespace, call.to), call.port, operationOf(call))),
    );
    const offered = services.flatMap((service) =>
      exposuresOf(service).flatMap(({ exposure, port, methods }) => {
        const { path, exact, rewrite = path, redirect } = exposure;
        if (redirect) return [];
        const asked = { ...(methods && { methods }), paths: [rewrite] };
        const operation = exact ? { ...asked, exact } : operationOf(asked);
        const offering = this.gateways.filter((gateway) => exposure.gateways?.includes(gateway.name) ?? true);
        const callee = { namespace, name: service.name };
        return offering.map(({ account }) => this.edge(account, true, callee, port.name, operation));
      }),
    );
    return [...offered, ...declared];
  }

  private edge(from: Account, gateway: boolean, callee: Account, portName: string | undefined, operation: Operation): Edge {
    const to = this.workloads.find((workload) => same(workload, callee));
    const port = to && portNamed(to.ports, portName);
    const { namespace, name } = from;
    if (!to || !port) {
      const why = to ? `listens on nothing${portName === undefined ? "" : ` called ${portName}`}` : "does not exist";
      throw new Error(`${namespace}/${name} calls ${nameOf(callee)}, which ${why}`);
    }
    return { from: { namespace, name }, gateway, to, port, operation };
  }
}

/** What an application declares, before anybody asks whether the calls among it can be. */
export function workloadsOf({
  namespace,
  services,
  workers = [],
  jobs = [],
  databases = [],
  loadGenerators = [],
}: Application): Workload[] {
  const postgresql = { name: "postgresql", protocol: "tcp", port: databasePort, target: databasePort } as const;
  return [
    ...services.map(({ name, ports, storage, egress }) => ({
      ...{ namespace, name, ports },
      ...(storage && { stateful: true }),
      ...(egress && { egress }),
    })),
    ...databases.map(({ name }) => ({ namespace, name, ports: [postgresql] })),
    ...[...workers, ...jobs].map(({ name, egress }) => ({ namespace, name, ports: [], ...(egress && { egress }) })),
    ...loadGenerators.map(({ name }) => ({ namespace, name, ports: [] })),
  ];
}

/** Below `/` is everything, which no list of paths says. */
function operationOf({ methods, paths }: Pick<Call, "methods" | "paths">): Operation {
  return { ...(methods && { methods }), ...(paths && !paths.includes("/") && { paths }) };
}
