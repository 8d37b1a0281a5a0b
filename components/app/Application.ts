import * as pulumi from "@pulumi/pulumi";
import type { ApplicationSpec, ServiceSpec } from "../../model/application.ts";
import type { CallGraph } from "../../model/callGraph.ts";
import type { Call } from "../../model/calls.ts";
import type { Environment } from "../../model/container.ts";
import { credentialsOf, nameOf, resolveCall, same } from "../../model/names.ts";
import type { PodSettings } from "../../model/program.ts";
import type { Route } from "../../model/route.ts";
import type { Backend } from "../gateway/gateway.ts";
import type { Surroundings } from "../security/network.ts";
import { ZeroTrust } from "../security/ZeroTrust.ts";
import { withFormerName } from "../support/formerName.ts";
import { createNamespace, type MeshMembership } from "../support/namespace.ts";
import { Database } from "./Database.ts";
import { Job } from "./Job.ts";
import { LoadGenerator } from "./LoadGenerator.ts";
import { Microservice } from "./Microservice.ts";
import type { PodsArgs, SecretKey, Variables } from "./pods.ts";
import { Traffic } from "./Traffic.ts";

export interface ApplicationArgs {
  readonly spec: ApplicationSpec;
  /** Who may call whom, in all applications together. */
  readonly graph: CallGraph;
  readonly mesh: MeshMembership;
  /** @default nobody reads metrics, and the cluster is as most are */
  readonly surroundings?: Surroundings;
  /** Values of the stack's encrypted configuration, by name. @default none */
  readonly settings?: PodsArgs["settings"];
  /** What gateways offer, of all applications together. */
  readonly routes: readonly Route[];
  /** Of the databases' volumes. @default the cluster's own */
  readonly storageClass?: string | undefined;
  /** Annotations of the Service of a route, for the gateways that offer it. @default none */
  readonly annotations?: (route: Route) => Readonly<Record<string, string>>;
}

/**
 * An application in the mesh: its namespace, which allows no pod any privilege and no caller that is not declared, its
 * databases, its services with their traffic rules, and whoever puts load on them.
 */
export class Application extends pulumi.ComponentResource {
  /** What a route to a service waits for, by the service's namespace and name with a slash between. */
  readonly backends: ReadonlyMap<string, Backend>;

  constructor(name: string, args: ApplicationArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mesh:app:Application", name, {}, opts);

    const { spec, graph, mesh, surroundings = {}, storageClass, settings = {}, routes, annotations = () => ({}) } = args;
    const { namespace, services, workers = [], jobs = [], databases = [], loadGenerators = [] } = spec;
    const { injection, podAnnotations } = mesh;
    const labelled = createNamespace(name, { namespace, podSecurity: "restricted", injection }, { parent: this });
    // Before any pod, so that there is no moment in which everybody is let in.
    const access = new ZeroTrust(name, { namespace, graph, surroundings }, { parent: this, dependsOn: labelled });
    const guarded = { parent: this, dependsOn: access };
    const pods = { namespace: labelled.metadata.name, podAnnotations, settings };

    /** A workload's name for Pulumi, which is unique in the platform, and its options. */
    const named: Named = (workload, options) => [
      `${namespace}-${workload}`,
      withFormerName(options, workload, { namespace, name: workload }, graph.workloads),
    ];

    const found = new Found(namespace);
    for (const database of databases) {
      const [own, options] = named(database.name, guarded);
      const made = new Database(own, { ...database, ...pods, ...(storageClass && { storageClass }) }, options);
      found.add(database.name, made);
    }
    const waits = new Map<string, Job[]>();
    for (const { name, program, before, calls = [], ...job } of jobs) {
      // What others wait for begins when it can: it would else use up its tries on a database that is starting.
      const after = before === undefined ? guarded : { parent: this, dependsOn: [access, ...found.databasesAmong(calls)] };
      const [own, options] = named(name, after);
      const prepared = { ...found.pods(job, calls), program: found.program(program, calls) };
      const { podAnnotations: _, ...place } = pods;
      const made = new Job(own, { ...job, ...prepared, ...place, name }, options);
      const waiting = before === "deploy" ? [...services, ...workers].map((one) => one.name) : (before ?? []);
      for (const one of waiting) waits.set(one, [...(waits.get(one) ?? []), made]);
    }
    const deploy = ({ name, ports, probes, versions, calls = [], ...rest }: Deployable, route?: Route) => {
      const serviceAnnotations = route ? annotations(route) : {};
      const annotated = Object.keys(serviceAnnotations).length > 0 && { serviceAnnotations };
      const prepared = { ...found.pods(rest, calls), versions: versions.map((version) => found.program(version, calls)) };
      const [own, options] = named(name, { parent: this, dependsOn: [access, ...(waits.get(name) ?? [])] });
      return new Microservice(own, { service: name, ports, probes, ...pods, ...prepared, ...annotated }, options);
    };
    const backends = new Map<string, Backend>();
    for (const { name, exposed, canary, resilience, ...service } of services) {
      const { ports, versions } = service;
      const route = routes.find((row) => same(row.service, { namespace, name }));
      const microservice = deploy({ name, ...service }, route);
      const shape = { ...(canary && versions.length > 1 && { canary }), resilience, ...(exposed && { exposed }) };
      // A route to a version follows its pods, so that a version that is added gets requests only when it answers.
      const [own, after] = named(name, { parent: this, dependsOn: microservice });
      const traffic = new Traffic(own, { service: name, namespace, ports, versions, ...shape }, after);
      backends.set(nameOf({ namespace, name }), { namespace: labelled, service: traffic });
    }
    this.backends = backends;
    for (const worker of workers) deploy(worker);
    for (const load of loadGenerators) {
      const [own, options] = named(load.name, guarded);
      new LoadGenerator(own, { ...load, ...pods }, options);
    }

    this.registerOutputs();
  }
}

type Named = <O extends pulumi.ResourceOptions>(workload: string, opts: O) => [name: string, opts: O];

/** What services and workers have in common. */
type Deployable = Pick<ServiceSpec, "name" | "ports" | "probes" | "versions" | "container" | "initContainers" | "calls">;

/** What is found in an application by name, for the pods that name it. */
class Found {
  private readonly databases = new Map<string, Database>();

  constructor(private readonly namespace: string) {}

  add(name: string, database: Database): void {
    this.databases.set(name, database);
  }

  databasesAmong(calls: readonly Call[]): Database[] {
    const callees = calls
      .map(({ to }) => resolveCall(this.namespace, to))
      .filter(({ namespace }) => namespace === this.namespace);
    return callees.flatMap(({ name }) => this.databases.get(name) ?? []);
  }

  /** A program with the variables that its callees come with; what names a Secret of the application waits for it. */
  program<P extends { readonly env: Environment }>(
    program: P,
    calls: readonly Call[],
  ): Omit<P, "env"> & { readonly env: Variables } {
    const ofCallees = this.databasesAmong(calls).map(({ env }) => env);
    return { ...program, env: Object.assign({}, ...ofCallees, this.waiting(program.env)) };
  }

  /** The same of what all pods of a workload have. */
  pods({ container, initContainers = [] }: PodSettings, calls: readonly Call[]): Pick<PodsArgs, "container" | "initContainers"> {
    return {
      container: { ...container, files: this.waiting(container.files) },
      initContainers: initContainers.map((init) => this.program(init, calls)),
    };
  }

  private waiting<V extends Environment[string]>(given: Readonly<Record<string, V>>): Readonly<Record<string, V | SecretKey>> {
    const secrets = new Map([...this.databases].map(([name, { credentials }]) => [credentialsOf(name), credentials.secret]));
    const entries = Object.entries(given).map(([name, value]): [string, V | SecretKey] => {
      const secret = typeof value === "object" && "secret" in value ? secrets.get(value.secret) : undefined;
      return [name, secret && typeof value === "object" && "secret" in value ? { secret, key: value.key } : value];
    });
    return Object.fromEntries(entries);
  }
}
