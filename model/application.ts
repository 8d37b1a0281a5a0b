import { z } from "zod";
import { type Image, registryImage, type ServiceImage, type ServiceImageSource, serviceImage } from "./image.ts";
import { policies } from "./policies.ts";
import { leastEjection, resilience } from "./resilience.ts";
import {
  addIssue,
  byName,
  integer,
  label,
  listOf,
  message,
  method,
  ownHeader,
  path,
  port,
  strictObject,
  text,
  versionedPath,
} from "./rules.ts";

/*
 * An application as its team declares it, as data: everything in the mesh, the gateways and the policies derives from it. A stack's
 * file overrides parts of it under `mesh:apps`, in the same shape (`overrides.ts`). What a schema cannot say of one value, such as
 * calls to workloads that exist, is in `checks/`.
 */

/** One edge of the call graph: a service, database or any other workload by its name, and what is asked of it. */
const call = strictObject({
  /** `name` in the same application, or `namespace/name`. */
  to: z.string(message("text")),
  /** @default all; a database knows none */
  methods: listOf(method(), "methods", { absent: "every method" }).exactOptional(),
  /** Each means itself and all below it. @default all; a database knows none */
  paths: listOf(path(), "paths", { absent: "every path" }).exactOptional(),
});
export type Call = z.output<typeof call>;

/** Methods that gateways may ask for where a service does not say. */
export const exposedMethods = ["GET", "HEAD"] as const;

/** What gateways offer of a service. */
const exposed = strictObject({
  /** Requests for exactly this path, or anything below it. */
  path: path(),
  /** Methods that gateways may ask for. @default GET, HEAD */
  methods: listOf(method(), "methods", { absent: exposedMethods.join(" and ") }).exactOptional(),
  /** A path with `{version}` in it, under which each version can be asked for by its name. @default none */
  versioned: versionedPath().exactOptional(),
  /** Names of gateways. @default every gateway that runs */
  gateways: listOf(z.string(message("text")), "gateways", { absent: "every gateway that runs" }).exactOptional(),
  /** Policies that gateways apply to requests. @default none */
  policies: policies.exactOptional(),
}).superRefine(({ methods = exposedMethods, policies }, ctx) => {
  for (const [index, value] of (policies?.cors?.methods ?? []).entries()) {
    // A page would be told that it may, and then be refused by the service's proxy.
    if (value === "OPTIONS" || methods.some((one) => one === value)) continue;
    addIssue(ctx, ["policies", "cors", "methods", index], `one of exposed.methods: ${methods.join(", ")}`, value);
  }
});
export type Exposed = z.output<typeof exposed>;

const quantity = text(/^\d+(\.\d+)?(m|k|[MGTPE]i?|Ki)?$/, "a quantity such as 250m or 128Mi, as text");
const amounts = z.record(z.string(), quantity, message("a mapping of cpu, memory and the like to quantities"));

/** A key of a Secret in the application's namespace. */
const secretKey = strictObject({ secret: z.string(message("text")), key: z.string(message("text")) });

/** Variables that every service's process is given. */
const givenVariables = ["PORT", "VERSION", "POD_NAME", "DRAIN_MS"];

const variable = text(
  new RegExp(`^(?!(${givenVariables.join("|")})$)[A-Za-z_]\\w*$`),
  `letters, digits and underscores, not beginning with a digit, and none of ${givenVariables.join(", ")}, which are given`,
);
const env = z.record(
  variable,
  z.union([z.string(), secretKey], message("text, or a mapping with secret, key")),
  message("a mapping of variables"),
);

/** The first port of those that the proxy beside each container keeps for itself, which end before 15100. */
const proxyPorts = 15_000;

/** Why a container cannot listen on a port; undefined when it can. */
function containerPortProblem(port: number): string | undefined {
  const taken = port >= proxyPorts && port < proxyPorts + 100;
  return port >= 1_024 && port <= 65_535 && !taken
    ? undefined
    : "a whole number from 1024 to 65535, as the process has no privilege, but none from 15000 to 15099, which are the proxy's";
}

/** The longest name of a version: it is part of many names. */
export const longestVersion = 20;

/** One version of a service, as its own Deployment. */
const version = strictObject({
  /** Share of the requests without the canary header, in percent. All versions sum to 100. @default what the others leave */
  weight: integer(0, 100).exactOptional(),
  /** @default the service's own */
  replicas: integer(1, 50).exactOptional(),
});

/** Requests with this header set to `true` go to one version, whatever the weights. */
const canary = strictObject({
  header: ownHeader().default("x-canary"),
  /** @default the last version */
  version: z.string(message("the name of one of the versions")).exactOptional(),
});
export type Canary = Required<z.output<typeof canary>>;

/** A service that speaks HTTP. */
const serviceShape = strictObject({
  image: serviceImage,
  /** Port of the Service. Clients must speak HTTP. */
  port: port(),
  /**
   * Port that the container listens on, also its variable `PORT`; above 1024, as the process has no privilege.
   * @default the Service's
   */
  containerPort: port().exactOptional(),
  /** Paths that answer 200: when the container wants requests, and when it need not be started again. */
  probes: strictObject({ ready: path(), health: path() }),
  /** @default 10m of a core and 64 MiB, at most half a core and 192 MiB */
  resources: strictObject({ limits: amounts.exactOptional(), requests: amounts.exactOptional() }).exactOptional(),
  /** Variables of the process, besides `PORT`, `VERSION`, `POD_NAME` and `DRAIN_MS`. @default none */
  env: env.exactOptional(),
  /** Pods of each version. */
  replicas: integer(1, 50).default(2),
  /** By name. One version takes all requests. */
  versions: byName(version, "versions", label(longestVersion)).default({ v1: {} }),
  /** @default none. With a single version there is nothing to choose. */
  canary: canary.exactOptional(),
  resilience: resilience.prefault({}),
  /** The workloads that it calls. Nothing else may be called. @default none */
  calls: listOf(call, "calls").default([]),
  /** @default nothing: it is for the mesh alone */
  exposed: exposed.exactOptional(),
});

export const service = serviceShape
  .superRefine(({ port, containerPort, versions, canary, replicas, resilience }, ctx) => {
    const listens = port >= 1 && port <= 65_535 ? containerPortProblem(containerPort ?? port) : undefined;
    if (listens && containerPort === undefined) addIssue(ctx, ["port"], `${listens}; or a containerPort of its own`, port);
    else if (listens) addIssue(ctx, ["containerPort"], listens, containerPort);
    const names = Object.keys(versions);
    if (names.length === 0) addIssue(ctx, ["versions"], "at least one version");
    const share = weightsProblem(Object.values(versions).map(({ weight }) => weight));
    if (share) addIssue(ctx, ["versions"], share);
    const elsewhere = canaryProblem(canary, names);
    if (elsewhere) addIssue(ctx, ["canary", "version"], elsewhere);
    const { maxPercent } = resilience.ejection;
    const most = Math.max(1, ...Object.values(versions).map((version) => version.replicas ?? replicas));
    if (most > 1 && maxPercent < leastEjection(most)) {
      const allowed = `at least ${leastEjection(most)}, or none of ${most} pods is ever ejected`;
      addIssue(ctx, ["resilience", "ejection", "maxPercent"], allowed, maxPercent);
    }
  })
  .transform(({ versions, canary, replicas, ...rest }) => {
    const known = Object.entries(versions);
    const given = known.reduce((total, [, { weight = 0 }]) => total + weight, 0);
    const chosen = canary && { header: canary.header, version: canary.version ?? known.at(-1)?.[0] ?? "" };
    return {
      ...rest,
      versions: known.map(
        ([name, version]): ServiceVersion => ({
          name,
          weight: version.weight ?? 100 - given,
          replicas: version.replicas ?? replicas,
        }),
      ),
      ...(chosen && { canary: chosen }),
    };
  });

/** A version of a service, defaults filled in. */
export interface ServiceVersion {
  /** The `version` label of its pods, which a DestinationRule's subset selects. */
  readonly name: string;
  /** Share of the requests without the canary header, in percent. */
  readonly weight: number;
  readonly replicas: number;
}

/** What is wrong with the weights of all versions together. A weight that is wrong by itself, or none at all, is told elsewhere. */
export function weightsProblem(weights: readonly (number | undefined)[]): string | undefined {
  const given = weights.filter((weight) => weight !== undefined);
  if (weights.length === 0 || given.some((weight) => weight < 0 || weight > 100)) return undefined;
  const sum = given.reduce((total, weight) => total + weight, 0);
  const open = weights.length - given.length;
  if (open > 1) return "at most one version without a weight, which takes the rest";
  if (open === 1 ? sum <= 100 : sum === 100) return undefined;
  return `weights that sum to 100, not ${sum}; one version may leave its weight out and takes the rest`;
}

/** Why a canary leads to none of a service's versions; undefined when it leads to one. */
export function canaryProblem(
  canary: { readonly version?: string } | undefined,
  versions: readonly string[],
): string | undefined {
  return canary?.version === undefined || versions.includes(canary.version)
    ? undefined
    : `one of the versions ${versions.join(", ")}`;
}

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
  /** Size of the volume, such as `1Gi`. Most storage classes let it grow, none lets it shrink. */
  storage: text(/^[1-9]\d{0,4}(Mi|Gi|Ti)$/, "a size such as 500Mi or 1Gi"),
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

/** Services that belong together, in one namespace. Each is declared under its name. */
export const application = strictObject({
  namespace: label(63),
  services: byName(service, "services").prefault({}),
  databases: byName(database, "databases").prefault({}),
  loadGenerators: byName(loadGenerator, "load generators").prefault({}),
});

/** The kinds of workloads of an application, by the key that declares them. */
export const workloadSchemas = { services: service, databases: database, loadGenerators: loadGenerator } as const;
export type WorkloadKind = keyof typeof workloadSchemas;
export const workloadKinds = Object.keys(workloadSchemas) as WorkloadKind[];

/** An application as a team writes it: defaults may be left out. */
export type ApplicationDeclaration = z.input<typeof application>;

type Named<T> = T & { readonly name: string };

/** An application with its defaults filled in. */
export interface Application<S = unknown, I = unknown> {
  readonly namespace: string;
  readonly services: readonly (Named<Omit<z.output<typeof service>, "image" | "calls" | "canary">> & {
    readonly image: S;
    readonly calls?: readonly Call[];
    readonly canary?: Canary;
  })[];
  readonly databases?: readonly (Named<Omit<z.output<typeof database>, "image">> & { readonly image: I })[];
  readonly loadGenerators?: readonly (Named<Omit<z.output<typeof loadGenerator>, "image">> & { readonly image: I })[];
}

/** The same with its images resolved, as everything that deploys it reads it. */
export type ApplicationSpec = Application<ServiceImage, Image>;
export type ServiceSpec = ApplicationSpec["services"][number];
export type DatabaseSpec = NonNullable<ApplicationSpec["databases"]>[number];
export type LoadGeneratorSpec = NonNullable<ApplicationSpec["loadGenerators"]>[number];

/** The same as it is declared, with what a stack's file overrides. */
export type DeclaredApplication = Application<ServiceImageSource, Image | undefined>;
