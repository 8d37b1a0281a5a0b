import { type Application, type Call, exposedMethods } from "./application.ts";
import type { GatewayFacts } from "./gateway.ts";
import { type Account, nameOf, resolveCall, same } from "./names.ts";

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
  /** Left out by a workload that only calls others. */
  readonly listens?: Listener;
}

export interface Listener {
  readonly protocol: "http" | "tcp";
  /** Port of the Service: what callers dial. */
  readonly port: number;
  /** Port of the pods: what policies see. */
  readonly containerPort: number;
}

/** What a caller may do. A member left out means everything; each path means itself and all below it. */
export interface Operation {
  readonly methods?: readonly string[];
  readonly paths?: readonly string[];
}

/** A declared call. */
export interface Edge {
  readonly from: Account;
  /** A gateway's pods have labels of their own; their namespace holds nothing else. */
  readonly gateway: boolean;
  readonly to: Workload & { readonly listens: Listener };
  readonly operation: Operation;
}

/**
 * Who may call whom, for every pair, and no longer than what is declared: pairs that are not allowed go without saying.
 * Accounts and workloads are `namespace/name`.
 */
export interface Matrix {
  readonly callers: readonly string[];
  /** Where each is to be had; without that it has nothing to call. */
  readonly callees: readonly ({ readonly name: string } & Partial<Pick<Listener, "protocol" | "port">>)[];
  /** Any other caller is refused by any other callee. */
  readonly allowed: readonly { readonly from: string; readonly to: string; readonly operations: readonly Operation[] }[];
}

/**
 * Who calls whom: the declared calls of all applications, and those of the gateways to whatever they offer. Every policy
 * derives from it, and so does the matrix that the tests try pair by pair.
 *
 * @throws Error on a call to a workload that does not exist or listens on nothing; `checks/` tells so with its place.
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

  /** Every ordered pair of two workloads, and of a gateway and a workload. */
  matrix(): Matrix {
    const callers = [...this.gateways.map(({ account }) => account), ...this.workloads].map(nameOf);
    const callees = this.workloads.map((to) => {
      const where = to.listens && { protocol: to.listens.protocol, port: to.listens.port };
      return { name: nameOf(to), ...where };
    });
    const allowed = new Map<string, Matrix["allowed"][number]>();
    for (const { from, to, operation } of this.edges) {
      const pair = { from: nameOf(from), to: nameOf(to) };
      const key = `${pair.from} ${pair.to}`;
      allowed.set(key, { ...pair, operations: [...(allowed.get(key)?.operations ?? []), operation] });
    }
    return { callers, callees, allowed: [...allowed.values()] };
  }

  private edgesOf({ namespace, services, loadGenerators = [] }: Application): Edge[] {
    const declared = [...services, ...loadGenerators].flatMap(({ name, calls = [] }) =>
      calls.map((call) => this.edge({ namespace, name }, false, resolveCall(namespace, call.to), operationOf(call))),
    );
    const offered = services.flatMap(({ name, exposed }) => {
      if (!exposed) return [];
      const operation = operationOf({ methods: exposed.methods ?? exposedMethods, paths: [exposed.path] });
      const offering = this.gateways.filter((gateway) => exposed.gateways?.includes(gateway.name) ?? true);
      return offering.map(({ account }) => this.edge(account, true, { namespace, name }, operation));
    });
    return [...offered, ...declared];
  }

  private edge({ namespace, name }: Account, gateway: boolean, callee: Account, operation: Operation): Edge {
    const to = this.workloads.find((workload) => same(workload, callee));
    if (!to?.listens)
      throw new Error(`${namespace}/${name} calls ${nameOf(callee)}, which ${to ? "listens on nothing" : "does not exist"}`);
    return { from: { namespace, name }, gateway, to: { ...to, listens: to.listens }, operation };
  }
}

/** What an application declares, before anybody asks whether the calls among it can be. */
export function workloadsOf({ namespace, services, databases = [], loadGenerators = [] }: Application): Workload[] {
  const tcp = { protocol: "tcp", port: databasePort, containerPort: databasePort } as const;
  const http = (port: number, containerPort: number) => ({ protocol: "http", port, containerPort }) as const;
  return [
    ...services.map(({ name, port, containerPort = port }) => ({ namespace, name, listens: http(port, containerPort) })),
    ...databases.map(({ name }) => ({ namespace, name, listens: tcp })),
    ...loadGenerators.map(({ name }) => ({ namespace, name })),
  ];
}

/** Below `/` is everything, which no list of paths says. */
function operationOf({ methods, paths }: Pick<Call, "methods" | "paths">): Operation {
  return { ...(methods && { methods }), ...(paths && !paths.includes("/") && { paths }) };
}
