import { z } from "zod";
import { type Call, call } from "./calls.ts";
import type { Files, ReadFiles } from "./container.ts";
import type { Destination } from "./egress.ts";
import { type Image, registryImage, type ServiceImage, type ServiceImageSource } from "./image.ts";
import type { PodSettings, Program } from "./program.ts";
import { byName, integer, label, listOf, message, strictObject, subdomain, text } from "./rules.ts";
import { type Canary, type ServiceVersion, service } from "./service.ts";
import { volumeSize } from "./storage.ts";
import { job, worker } from "./workers.ts";

/*
 * An application as its team declares it, as data: everything in the mesh, the gateways and the policies derives from it. A stack's
 * file overrides parts of it under `mesh:apps`, in the same shape (`overrides.ts`). What a schema cannot say of one value, such as
 * calls to workloads that exist, is in `checks/`.
 */

/** A PostgreSQL database. It calls nobody, and no gateway offers it. */
export const database = strictObject({
  /** PostgreSQL's official image in its Debian variant, or one that understands the same variables. @default the platform's own */
  image: registryImage.exactOptional(),
  /** The database that is made in it, once. */
  database: text(
    /^[a-z_][a-z0-9_]{0,62}$/,
    "lower-case letters, digits and underscores, not beginning with a digit, at most 63 long",
  ),
  /** Who owns it. The password is generated. PostgreSQL keeps names of roles that begin with `pg_` for itself. */
  user: text(
    /^(?!pg_|public$|none$)[a-z_][a-z0-9_]{0,62}$/,
    "lower-case letters, digits and underscores, not beginning with a digit or pg_, neither public nor none, at most 63 long",
  ),
  /** Size of its volume, such as `1Gi`. */
  storage: volumeSize,
});

/** A load generator: steady requests to one service from inside the mesh. */
export const loadGenerator = strictObject({
  /** Fortio. @default the platform's own */
  image: registryImage.exactOptional(),
  /** What it asks for: nobody else lets it in. */
  calls: listOf(call, "calls", { least: 1 }),
  /** Requests per second. With 0 it is not deployed. */
  qps: integer(0, 10_000).default(1),
  /** What is asked for with GET. */
  url: z.string(message("text")),
});

/** What somebody else makes in the namespace, such as an operator that brings secrets, and pods wait for. */
export const external = strictObject({
  secrets: listOf(subdomain(), "names of Secrets").default([]),
  configMaps: listOf(subdomain(), "names of ConfigMaps").default([]),
});

/** Services that belong together, in one namespace. Each is declared under its name. */
export const application = strictObject({
  namespace: label(63),
  /** @default nothing: whatever a pod names is made here */
  external: external.prefault({}),
  services: byName(service, "services").prefault({}),
  workers: byName(worker, "workers").prefault({}),
  jobs: byName(job, "jobs").prefault({}),
  databases: byName(database, "databases").prefault({}),
  loadGenerators: byName(loadGenerator, "load generators").prefault({}),
});

/** The kinds of workloads of an application, by the key that declares them. */
export const workloadSchemas = {
  ...{ services: service, workers: worker, jobs: job },
  ...{ databases: database, loadGenerators: loadGenerator },
} as const;
export type WorkloadKind = keyof typeof workloadSchemas;
export const workloadKinds = Object.keys(workloadSchemas) as WorkloadKind[];

/** An application as a team writes it: defaults may be left out. */
export type ApplicationDeclaration = z.input<typeof application>;

/** What a workload's schema says beside what depends on how far its images and files are resolved. */
type Own<W extends z.ZodType> = Omit<
  z.output<W>,
  "program" | "versions" | "container" | "initContainers" | "calls" | "egress" | "canary"
>;

interface PodsOf<S, F> extends PodSettings<S, F> {
  readonly calls?: readonly Call[];
  readonly egress?: readonly Destination[];
}

type Named<T> = T & { readonly name: string };

/** An application with its defaults filled in. */
export interface Application<S = unknown, I = unknown, F = unknown> {
  readonly namespace: string;
  readonly external?: z.output<typeof external>;
  readonly services: readonly (Named<Own<typeof service>> &
    PodsOf<S, F> & {
      readonly versions: readonly ServiceVersion<S>[];
      readonly canary?: Canary;
    })[];
  readonly workers?: readonly (Named<Own<typeof worker>> & PodsOf<S, F> & { readonly versions: readonly ServiceVersion<S>[] })[];
  readonly jobs?: readonly (Named<Own<typeof job>> & PodsOf<S, F> & { readonly program: Program<S> })[];
  readonly databases?: readonly (Named<Omit<z.output<typeof database>, "image">> & { readonly image: I })[];
  readonly loadGenerators?: readonly (Named<Omit<z.output<typeof loadGenerator>, "image">> & { readonly image: I })[];
}

/** The same with its images resolved, as everything that deploys it reads it. */
export type ApplicationSpec = Application<ServiceImage, Image, ReadFiles>;
export type ServiceSpec = ApplicationSpec["services"][number];
export type WorkerSpec = NonNullable<ApplicationSpec["workers"]>[number];
export type JobSpec = NonNullable<ApplicationSpec["jobs"]>[number];
export type DatabaseSpec = NonNullable<ApplicationSpec["databases"]>[number];
export type LoadGeneratorSpec = NonNullable<ApplicationSpec["loadGenerators"]>[number];

/** The same as it is declared, with what a stack's file overrides. */
export type DeclaredApplication = Application<ServiceImageSource, Image | undefined, Files>;

/** The workloads of a team's own programs: all but databases and load generators, which are the platform's. */
export function ownWorkloads<S, I, F>({ services, workers = [], jobs = [] }: Application<S, I, F>) {
  return [...services, ...workers, ...jobs];
}

/** Every program that runs in a workload's pods, with those that run before it. */
export function programsOf<S>(workload: ReturnType<typeof ownWorkloads<S, unknown, unknown>>[number]) {
  return [...("versions" in workload ? workload.versions : [workload.program]), ...(workload.initContainers ?? [])];
}
