import { gatewayFacts } from "../../components/gateway/facts.ts";
import type { ApplicationDeclaration, ApplicationSpec, JobSpec, ServiceSpec, WorkerSpec } from "../../model/application.ts";
import type { Container } from "../../model/container.ts";
import type { Destination } from "../../model/egress.ts";
import type { GatewayName } from "../../model/gateway.ts";
import type { Port } from "../../model/ports.ts";
import type { Probe, Probes } from "../../model/probes.ts";
import { defaultResilience } from "../../model/resilience.ts";
import type { ServiceVersion } from "../../model/service.ts";

const image = { registry: "registry", repository: "image", tag: "1" };

/** A port of HTTP, by the name that the only port of a service has here. */
export function httpPort(port: number, target = port): Port {
  return { name: "http", protocol: "http", port, target };
}

/** A version with an image of its own: those of one service are never alike. */
export function versionOf(
  name: string,
  weight: number,
  replicas: number,
  changes: Partial<Omit<ServiceVersion, "name" | "weight" | "replicas">> = {},
): ServiceVersion {
  return { name, weight, replicas, image: { reference: `registry/service:${name}` }, env: {}, ...changes };
}

/** How containers run where nothing is said of it. */
export const plainContainer: Container = { user: 10_001, group: 10_001, scratch: {}, files: {}, pullSecrets: [] };

/** What every service of HTTP here answers, on its first port of HTTP. Others are asked nothing. */
export function probesOn(ports: readonly Port[]): Probes {
  const port = firstOfHttp(ports)?.target;
  const asked = port !== undefined && { ready: { http: "/ready", port }, health: { http: "/health", port } };
  return { ...asked, startWithin: 60 };
}

const firstOfHttp = (ports: readonly Port[]) => ports.find(({ protocol }) => protocol === "http");

/** A service of one version that nobody calls, with members replaced. */
export function service(name: string, changes: Partial<ServiceSpec> = {}): ServiceSpec {
  const { ports = [httpPort(8080)] } = changes;
  return {
    name,
    ports,
    probes: probesOn(ports),
    container: plainContainer,
    versions: [versionOf("v1", 100, 2)],
    resilience: defaultResilience,
    ...changes,
  };
}

/** A worker of one pod that calls nobody, with members replaced. */
export function worker(name: string, changes: Partial<WorkerSpec> = {}): WorkerSpec {
  return {
    name,
    ports: [],
    probes: { startWithin: 60 },
    container: plainContainer,
    versions: [versionOf("v1", 100, 1)],
    ...changes,
  };
}

/** A job that runs once and calls nobody, and that nobody waits for, with members replaced. */
export function job(name: string, changes: Partial<JobSpec> = {}): JobSpec {
  const program = { image: { reference: "registry/job:1" }, env: {} };
  return { name, program, container: plainContainer, retries: 3, seconds: 600, ...changes };
}

type ServiceDeclaration = NonNullable<ApplicationDeclaration["services"]>[string];
type WorkerDeclaration = NonNullable<ApplicationDeclaration["workers"]>[string];
type JobDeclaration = NonNullable<ApplicationDeclaration["jobs"]>[string];
type Part = "registry" | "repository" | "tag";
type Image = Partial<Record<Part, string>>;

/** Applications as their teams would declare them. */
export function declared(applications: readonly ApplicationSpec[]): ApplicationDeclaration[] {
  return applications.map(({ namespace, services, workers = [], jobs = [], databases = [], loadGenerators = [] }) => ({
    namespace,
    services: byName(services, declaredService),
    workers: byName(workers, declaredWorker),
    jobs: byName(jobs, declaredJob),
    databases: byName(databases, (database) => database),
    loadGenerators: byName(loadGenerators, (load) => load),
  }));
}

const byName = <T extends { readonly name: string }, D>(members: readonly T[], declare: (member: Omit<T, "name">) => D) =>
  Object.fromEntries(members.map(({ name, ...member }) => [name, declare(member)]));

function declaredService({
  ports,
  probes,
  versions,
  initContainers = [],
  egress = [],
  ...service
}: Omit<ServiceSpec, "name">): ServiceDeclaration {
  const own = imageOf(versions[0]?.image.reference ?? "registry/service:1");
  const program = <T extends Pick<ServiceVersion, "image" | "env">>({ image: { reference }, env, ...rest }: T) => {
    const image = difference(imageOf(reference), own);
    return { ...rest, ...(Object.keys(image).length > 0 && { image }), ...(Object.keys(env).length > 0 && { env }) };
  };
  return {
    ...service,
    image: own,
    ports: byName(ports, ({ target, ...port }) => ({ ...port, ...(target !== port.port && { target }) })),
    probes: declaredProbes(probes, ports),
    versions: byName(versions, program),
    initContainers: byName(initContainers, program),
    egress: declaredEgress(egress),
  };
}

const declaredEgress = (egress: readonly Destination[]) =>
  byName(egress, ({ target, ...rest }) => ({ ...rest, ...(rest.originate && { target }) }));

function declaredWorker({ ports: _, probes, versions: [version], ...worker }: Omit<WorkerSpec, "name">): WorkerDeclaration {
  const { replicas = 1, ...own } = version ?? versionOf("v1", 100, 1);
  return { ...declaredPods(worker, own), replicas, probes: declaredProbes(probes, []) };
}

function declaredJob({ program, seconds, ...job }: Omit<JobSpec, "name">): JobDeclaration {
  return { ...declaredPods(job, program), timeout: `${seconds}s` };
}

/** A workload of one program, which runs what it says itself. */
function declaredPods<W extends Pick<JobSpec, "initContainers" | "egress">>(
  { initContainers: _, egress = [], ...workload }: W,
  { image, command, args, env, resources }: JobSpec["program"],
) {
  return {
    ...workload,
    ...{ image: imageOf(image.reference), env, egress: declaredEgress(egress) },
    ...(command && { command }),
    ...(args && { args }),
    ...(resources && { resources }),
  };
}

function imageOf(reference: string): Image {
  const {
    registry = "",
    repository = "",
    tag = "",
  } = /^(?<registry>[^/]+)\/(?<repository>.+):(?<tag>[^:]+)$/.exec(reference)?.groups ?? {};
  return { registry, repository, tag };
}

/** The parts of an image that another one has otherwise. */
const difference = (image: Image, other: Image): Image =>
  Object.fromEntries(Object.entries(image).filter(([part, value]) => other[part as Part] !== value));

function declaredProbes(
  { ready, health, startWithin }: Probes,
  ports: readonly Port[],
): NonNullable<ServiceDeclaration["probes"]> {
  const asked = (probe: Probe | undefined) => {
    if (!probe) return "none";
    return "http" in probe && probe.port === firstOfHttp(ports)?.target ? probe.http : probe;
  };
  return { ready: asked(ready), health: asked(health), startWithin: `${startWithin}s` };
}

/** What is known of gateways, by their names. */
export const factsOf = (...names: readonly GatewayName[]) => names.map((name) => gatewayFacts[name]);

/** A shop of three tiers, a second application beside it, and a load on that: one of each kind of edge. */
export function shop(
  changes: Partial<Record<"frontend" | "backend" | "product", Partial<ServiceSpec>>> = {},
): readonly [ApplicationSpec, ApplicationSpec, ApplicationSpec] {
  const frontend = service("frontend", {
    ports: [httpPort(80, 8080)],
    calls: [{ to: "backend", methods: ["GET", "HEAD"], paths: ["/api/catalog"] }],
    exposed: { page: { path: "/" } },
    ...changes.frontend,
  });
  const backend = service("backend", {
    ports: [httpPort(3000)],
    calls: [{ to: "database" }],
    exposed: { api: { path: "/api" } },
    ...changes.backend,
  });
  const product = service("product", {
    versions: [versionOf("v1", 90, 3), versionOf("v2", 10, 1)],
    canary: { header: "x-canary", value: "true", version: "v2" },
    exposed: { products: { path: "/api/products", versioned: "/api/{version}/products" } },
    ...changes.product,
  });
  return [
    {
      namespace: "prod",
      services: [frontend, backend],
      databases: [{ name: "database", image, database: "shop", user: "shop", storage: "1Gi" }],
    },
    { namespace: "product", services: [product] },
    {
      namespace: "load",
      services: [],
      loadGenerators: [
        {
          name: "generator",
          image,
          qps: 1,
          url: "http://product.product.svc.cluster.local:8080/api/products",
          calls: [{ to: "product/product", methods: ["GET"], paths: ["/api/products"] }],
        },
      ],
    },
  ];
}
