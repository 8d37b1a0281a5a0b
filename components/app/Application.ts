import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { type ApplicationSpec, ownWorkloads, type ServiceSpec } from "../../model/application.ts";
import type { CallGraph } from "../../model/callGraph.ts";
import type { Call } from "../../model/calls.ts";
import type { Environment } from "../../model/container.ts";
import { credentialsOf, foreignCredentialsOf, nameOf, resolveCall, same } from "../../model/names.ts";
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
import { Microservice, type MicroserviceArgs } from "./Microservice.ts";
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
  /** StorageClass of volumes. @default the cluster's own */
  readonly storageClass?: string | undefined;
}

/** What workloads are deployed with that is not their application's alone. */
export interface DeployArgs {
  /** What gateways offer, of all applications together. */
  readonly routes: readonly Route[];
  /** Databases of all applications, by their namespace and name with a slash between. */
  readonly databases: ReadonlyMap<string, Database>;
  /** Annotations of the Service of a route, for the gateways that offer it. @default none */
  readonly annotations?: (route: Route) => Readonly<Record<string, string>>;
}

/**
 * An application in the mesh: its namespace, which allows no pod any privilege and no caller that is not declared, and its
 * databases. Its services with their traffic rules, its workers and jobs, and whoever puts load on them follow with {@link deploy}, as
 * they may call databases of other applications.
 */
export class Application extends pulumi.ComponentResource {
  /** By namespace and name with a slash between. */
  readonly databases: ReadonlyMap<string, Database>;
  private readonly place: Place;

  constructor(name: string, args: ApplicationArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mesh:app:Application", name, {}, opts);

    const { spec, graph, mesh, surroundings = {}, storageClass, settings = {} } = args;
    const { namespace, databases = [] } = spec;
    const { injection, podAnnotations } = mesh;
    const labelled = createNamespace(name, { namespace, podSecurity: "restricted", injection }, { parent: this });
    // Before any pod, so that there is no moment in which everybody is let in.
    const access = new ZeroTrust(name, { namespace, graph, surroundings }, { parent: this, dependsOn: labelled });
    const pods = { namespace: labelled.metadata.name, podAnnotations, settings, ...(storageClass && { storageClass }) };

    /** A workload's name for Pulumi, which is unique in the platform, and its options. */
    const named: Named = (workload, options) => [
      `${namespace}-${workload}`,
      withFormerName(options, workload, { namespace, name: workload }, graph.workloads),
    ];
    this.place = { spec, labelled, access, pods, named };
    this.databases = new Map(
      databases.map((database) => {
        const [own, options] = named(database.name, { parent: this, dependsOn: access });
        return [nameOf({ namespace, name: database.name }), new Database(own, { ...database, ...pods }, options)];
      }),
    );
  }

  /**
   * Starts everything that calls.
   *
   * @returns what a route to a service waits for, by the service's namespace and name with a slash between.
   */
  deploy({ routes, databases, annotations = () => ({}) }: DeployArgs): ReadonlyMap<string, Backend> {
    const { spec, labelled, access, pods, named } = this.place;
    const { namespace, services, workers = [], jobs = [], loadGenerators = [] } = spec;
    const guarded = { parent: this, dependsOn: access };
    const found = new Found(namespace, databases, this.foreignCredentials(databases));
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
    const deploy = ({ name, ports, probes, versions, storage, calls = [], ...rest }: Deployable, offered: Offered = {}) => {
      const prepared = { ...found.pods(rest, calls), versions: versions.map((version) => found.program(version, calls)) };
      const [own, options] = named(name, { parent: this, dependsOn: [access, ...(waits.get(name) ?? [])] });
      const shape = { service: name, ports, probes, ...(storage && { storage }) };
      return new Microservice(own, { ...shape, ...pods, ...prepared, ...offered }, options);
    };
    const backends = new Map<string, Backend>();
    for (const { name, exposed, canary, resilience, rules, ...service } of services) {
      const { ports, versions } = service;
      const exposures = routes.filter((route) => same(route.service, { namespace, name }));
      const offered = offeredBy(exposures, resilience.timeout, annotations);
      const microservice = deploy({ name, ...service }, offered);
      const shape = {
        ...(canary && versions.length > 1 && { canary }),
        resilience,
        ...(rules && { rules }),
        ...(exposed && { exposed }),
        entrances: Object.keys(offered.entrances ?? {}),
      };
      // A route to a version follows its pods, so that a version that is added gets requests only when it answers.
      const [own, after] = named(name, { parent: this, dependsOn: microservice });
      const traffic = new Traffic(own, { service: name, namespace, ports, versions, ...shape }, after);
      backends.set(nameOf({ namespace, name }), { namespace: labelled, service: traffic });
    }
    for (const worker of workers) deploy(worker);
    for (const load of loadGenerators) {
      const [own, options] = named(load.name, guarded);
      new LoadGenerator(own, { ...load, ...pods }, options);
    }
    this.registerOutputs();
    return backends;
  }

  /** The users of databases elsewhere that workloads here call: no pod can read a Secret of another namespace. */
  private foreignCredentials(databases: DeployArgs["databases"]): ReadonlyMap<string, SecretName> {
    const { spec, access, labelled } = this.place;
    const { namespace } = spec;
    const callees = ownWorkloads(spec).flatMap(({ calls = [] }) => calls.map(({ to }) => resolveCall(namespace, to)));
    const foreign = new Map(callees.filter((callee) => callee.namespace !== namespace).map((callee) => [nameOf(callee), callee]));
    const made = [...foreign].flatMap(([key, callee]): [string, SecretName][] => {
      const database = databases.get(key);
      if (!database) return [];
      const metadata = { name: foreignCredentialsOf(callee), namespace: labelled.metadata.name };
      // No namespace has a dot in its name: joined by hyphens, those of two callers could run together.
      const name = [namespace, callee.namespace, callee.name].join(".");
      const opts = { parent: this, dependsOn: access };
      return [[key, new k8s.core.v1.Secret(name, { metadata, stringData: database.credentials.values }, opts).metadata.name]];
    });
    return new Map(made);
  }
}

/**
 * Applications, whose workloads may call each other's databases.
 *
 * @returns what a route to a service waits for, by the service's namespace and name with a slash between.
 */
export function deployApplications(
  specs: readonly ApplicationSpec[],
  { routes, annotations, ...args }: Omit<ApplicationArgs, "spec"> & Omit<DeployArgs, "databases">,
  opts?: pulumi.ComponentResourceOptions,
): ReadonlyMap<string, Backend> {
  const applications = specs.map((spec) => new Application(spec.namespace, { spec, ...args }, opts));
  const databases = new Map(applications.flatMap((application) => [...application.databases]));
  const deployed = { routes, databases, ...(annotations && { annotations }) };
  return new Map(applications.flatMap((application) => [...application.deploy(deployed)]));
}

/** What an application is in, for what is deployed there. */
interface Place {
  readonly spec: ApplicationSpec;
  readonly labelled: pulumi.Resource & { readonly metadata: { readonly name: pulumi.Output<string> } };
  readonly access: ZeroTrust;
  readonly pods: Pick<PodsArgs, "namespace" | "settings"> & {
    readonly podAnnotations: MeshMembership["podAnnotations"];
    readonly storageClass?: string;
  };
  readonly named: Named;
}

type SecretName = pulumi.Output<string>;

type Named = <O extends pulumi.ResourceOptions>(workload: string, opts: O) => [name: string, opts: O];

/** What gateways need of a service's Services. */
type Offered = Pick<MicroserviceArgs, "serviceAnnotations" | "entrances">;

/**
 * Annotations of a service's Services: of those that some exposures have for themselves, where a gateway asks for it, and its own, which
 * is there for a gateway before it knows of the others.
 *
 * @param timeout - how long a request of the service itself may take.
 */
function offeredBy(
  routes: readonly Route[],
  timeout: string,
  annotations: (route: Route) => Readonly<Record<string, string>>,
): Offered {
  const annotated = routes
    .filter(({ redirect }) => !redirect)
    .map((route) => ({ route, own: annotations(route) }))
    .filter(({ own }) => Object.keys(own).length > 0);
  const entrances = annotated.flatMap(({ route, own }) =>
    route.entrance ? [[route.name, { name: route.entrance.name, port: route.service.port, annotations: own }] as const] : [],
  );
  const [first] = [...annotated.filter(({ route }) => !route.entrance), ...annotated];
  return {
    ...(first && { serviceAnnotations: annotations({ ...first.route, timeout }) }),
    ...(entrances.length > 0 && { entrances: Object.fromEntries(entrances) }),
  };
}

/** What services and workers have in common. */
type Deployable = Pick<
  ServiceSpec,
  "name" | "ports" | "probes" | "versions" | "container" | "initContainers" | "calls" | "storage"
>;

/** What is found by name, for the pods of a namespace that name it. */
class Found {
  /** Secrets of databases that can be named here, by their names. */
  private readonly secrets: ReadonlyMap<string, SecretName>;

  /**
   * @param databases - by namespace and name with a slash between.
   * @param foreign - likewise, the Secrets here of databases elsewhere.
   */
  constructor(
    private readonly namespace: string,
    private readonly databases: ReadonlyMap<string, Database>,
    private readonly foreign: ReadonlyMap<string, SecretName>,
  ) {
    const own = [...databases].flatMap(([key, { credentials }]): [string, SecretName][] => {
      const account = resolveCall(namespace, key);
      return account.namespace === namespace ? [[credentialsOf(account.name), credentials.secret]] : [];
    });
    const elsewhere = [...foreign].map(([key, secret]) => [foreignCredentialsOf(resolveCall(namespace, key)), secret] as const);
    this.secrets = new Map([...own, ...elsewhere]);
  }

  databasesAmong(calls: readonly Call[]): Database[] {
    return this.calledDatabases(calls).map(([, database]) => database);
  }

  private calledDatabases(calls: readonly Call[]): [key: string, database: Database][] {
    const keys = calls.map(({ to }) => nameOf(resolveCall(this.namespace, to)));
    return keys.flatMap((key): [string, Database][] => {
      const database = this.databases.get(key);
      return database ? [[key, database]] : [];
    });
  }

  /** A program with the variables that its callees come with; what names a Secret of the application waits for it. */
  program<P extends { readonly env: Environment }>(
    program: P,
    calls: readonly Call[],
  ): Omit<P, "env"> & { readonly env: Variables } {
    // PostgreSQL's clients know one: of several it is the first, and the others are in their Secrets.
    const [called] = this.calledDatabases(calls);
    const ofCallee = called?.[1].variables(this.foreign.get(called[0]));
    return { ...program, env: { ...ofCallee, ...this.waiting(program.env) } };
  }

  /** The same of what all pods of a workload have. */
  pods({ container, initContainers = [] }: PodSettings, calls: readonly Call[]): Pick<PodsArgs, "container" | "initContainers"> {
    return {
      container: { ...container, files: this.waiting(container.files) },
      initContainers: initContainers.map((init) => this.program(init, calls)),
    };
  }

  private waiting<V extends Environment[string]>(given: Readonly<Record<string, V>>): Readonly<Record<string, V | SecretKey>> {
    const entries = Object.entries(given).map(([name, value]): [string, V | SecretKey] => {
      if (typeof value !== "object" || !("secret" in value)) return [name, value];
      const secret = this.secrets.get(value.secret);
      return [name, secret ? { secret, key: value.key } : value];
    });
    return Object.fromEntries(entries);
  }
}
