import * as pulumi from "@pulumi/pulumi";
import type { ApplicationSpec, ServiceSpec } from "../../model/application.ts";
import type { CallGraph } from "../../model/callGraph.ts";
import { nameOf, resolveCall, same } from "../../model/names.ts";
import type { Route } from "../../model/route.ts";
import type { Backend } from "../gateway/gateway.ts";
import type { Surroundings } from "../security/network.ts";
import { ZeroTrust } from "../security/ZeroTrust.ts";
import { withFormerName } from "../support/formerName.ts";
import { createNamespace, type MeshMembership } from "../support/namespace.ts";
import { credentialsOf, Database } from "./Database.ts";
import { LoadGenerator } from "./LoadGenerator.ts";
import { type EnvironmentValue, isSecretKey, Microservice } from "./Microservice.ts";
import { Traffic } from "./Traffic.ts";

export interface ApplicationArgs {
  readonly spec: ApplicationSpec;
  /** Who may call whom, in all applications together. */
  readonly graph: CallGraph;
  readonly mesh: MeshMembership;
  /** @default nobody reads metrics, and the cluster is as most are */
  readonly surroundings?: Surroundings;
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

    const { spec, graph, mesh, surroundings = {}, storageClass } = args;
    const { namespace, services, databases = [], loadGenerators = [] } = spec;
    const { injection, podAnnotations } = mesh;
    const labelled = createNamespace(name, { namespace, podSecurity: "restricted", injection }, { parent: this });
    // Before any pod, so that there is no moment in which everybody is let in.
    const access = new ZeroTrust(name, { namespace, graph, surroundings }, { parent: this, dependsOn: labelled });
    const guarded = { parent: this, dependsOn: access };
    const pods = { namespace: labelled.metadata.name, podAnnotations };

    /** A workload's name for Pulumi, which is unique in the platform, and its options. */
    const named: Named = (workload, options) => [
      `${namespace}-${workload}`,
      withFormerName(options, workload, { namespace, name: workload }, graph.workloads),
    ];

    const variables = new Map<string, Variables>();
    const secrets = new Map<string, pulumi.Output<string>>();
    for (const database of databases) {
      const [own, options] = named(database.name, guarded);
      const made = new Database(own, { ...database, ...pods, ...(storageClass && { storageClass }) }, options);
      variables.set(database.name, made.env);
      secrets.set(credentialsOf(database.name), made.credentials.secret);
    }
    const backends = new Map<string, Backend>();
    for (const service of services) {
      const found = (service.calls ?? []).map(({ to }) => variables.get(resolveCall(namespace, to).name));
      const env = Object.assign({}, ...found, withReferences(service.env ?? {}, secrets)) as Variables;
      const ready = this.addService({ ...service, env }, args, pods, named, guarded);
      backends.set(nameOf({ namespace, name: service.name }), { namespace: labelled, service: ready });
    }
    this.backends = backends;
    for (const load of loadGenerators) {
      const [own, options] = named(load.name, guarded);
      new LoadGenerator(own, { ...load, ...pods }, options);
    }

    this.registerOutputs();
  }

  private addService(
    { name, exposed, canary, resilience, calls: _, env, ...service }: Omit<ServiceSpec, "env"> & { readonly env: Variables },
    { spec: { namespace }, routes, annotations = () => ({}) }: ApplicationArgs,
    pods: { readonly namespace: pulumi.Input<string>; readonly podAnnotations: Readonly<Record<string, string>> },
    named: Named,
    opts: pulumi.ComponentResourceOptions,
  ): Traffic {
    const route = routes.find((row) => same(row.service, { namespace, name }));
    const serviceAnnotations = route ? annotations(route) : {};
    const annotated = Object.keys(serviceAnnotations).length > 0 && { serviceAnnotations };
    const [own, options] = named(name, opts);
    const microservice = new Microservice(own, { service: name, ...pods, ...service, env, ...annotated }, options);
    const shape = { ...(canary && service.versions.length > 1 && { canary }), resilience, ...(exposed && { exposed }) };
    // A route to a version follows its pods, so that a version that is added gets requests only when it answers.
    const [, after] = named(name, { parent: this, dependsOn: microservice });
    return new Traffic(own, { service: name, namespace, versions: service.versions, ...shape }, after);
  }
}

type Named = <O extends pulumi.ResourceOptions>(workload: string, opts: O) => [name: string, opts: O];

type Variables = Readonly<Record<string, EnvironmentValue>>;

/** The same variables; those that name a Secret of the application by its name wait for it. */
function withReferences(env: Variables, secrets: ReadonlyMap<string, pulumi.Output<string>>): Variables {
  const entries = Object.entries(env).map(([name, value]): [string, EnvironmentValue] => {
    const secret = isSecretKey(value) && typeof value.secret === "string" ? secrets.get(value.secret) : undefined;
    return [name, secret && isSecretKey(value) ? { ...value, secret } : value];
  });
  return Object.fromEntries(entries);
}
