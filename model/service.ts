import { z } from "zod";
import { exposed, exposedProblems } from "./exposed.ts";
import { type ServiceImage, type ServiceImageSource, sourceOf } from "./image.ts";
import { hasRequests, ports, portsOf } from "./ports.ts";
import { probeProblems, probes, probesOf } from "./probes.ts";
import {
  type Program,
  podSettingsOf,
  programOf,
  programShape,
  requirePodsRunnable,
  requireRunnable,
  versionShape,
} from "./program.ts";
import { leastEjection, resilience } from "./resilience.ts";
import { addIssue, byName, integer, label, message, ownHeader, strictObject } from "./rules.ts";

/*
 * A service as its team declares it, and its versions.
 */

/** The longest name of a version: it is part of many names. */
export const longestVersion = 20;

/** One version of a service, as its own Deployment. It must differ from the others in what it runs. */
const version = strictObject({
  ...versionShape,
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

const serviceShape = strictObject({
  ...programShape,
  /** What it listens on, by name. The first one is the variable `PORT`. */
  ports,
  probes: probes.prefault({}),
  /** Pods of each version. */
  replicas: integer(1, 50).default(2),
  /** By name. One version takes all requests. */
  versions: byName(version, "versions", label(longestVersion)).default({ v1: {} }),
  /** @default none. With a single version there is nothing to choose. */
  canary: canary.exactOptional(),
  resilience: resilience.prefault({}),
  /** @default nothing: it is for the mesh alone */
  exposed: exposed.exactOptional(),
});
type GivenService = z.output<typeof serviceShape>;

/** A service of the mesh: whatever others call. */
export const service = serviceShape
  .superRefine((given, ctx) => {
    const { versions, canary, replicas, resilience } = given;
    const ports = portsOf(given.ports);
    for (const [path, allowed] of probeProblems(given.probes, ports)) addIssue(ctx, ["probes", ...path], allowed);
    const exposing = given.exposed ? exposedProblems(given.exposed, ports) : [];
    for (const [path, allowed] of exposing) addIssue(ctx, ["exposed", ...path], allowed);
    const names = Object.keys(versions);
    if (names.length === 0) addIssue(ctx, ["versions"], "at least one version");
    const share = weightsProblem(Object.values(versions).map(({ weight }) => weight));
    if (share) addIssue(ctx, ["versions"], share);
    requireVersions(given, ctx);
    if (canary && !ports.some(({ protocol }) => hasRequests(protocol)))
      addIssue(ctx, ["canary"], "nothing where no port has protocol http, http2 or grpc: connections have no headers");
    const elsewhere = canaryProblem(canary, names);
    if (elsewhere) addIssue(ctx, ["canary", "version"], elsewhere);
    const { maxPercent } = resilience.ejection;
    const most = Math.max(1, ...Object.values(versions).map((version) => version.replicas ?? replicas));
    if (most > 1 && maxPercent < leastEjection(most)) {
      const allowed = `at least ${leastEjection(most)}, or none of ${most} pods is ever ejected`;
      addIssue(ctx, ["resilience", "ejection", "maxPercent"], allowed, maxPercent);
    }
  })
  .transform((given) => {
    const { ports, probes, canary, calls, exposed, resilience, replicas } = given;
    const versions = Object.entries(given.versions);
    const weights = versions.reduce((total, [, { weight = 0 }]) => total + weight, 0);
    const chosen = canary && { header: canary.header, version: canary.version ?? versions.at(-1)?.[0] ?? "" };
    const listens = portsOf(ports);
    return {
      ports: listens,
      probes: probesOf(probes, listens),
      ...podSettingsOf(given),
      versions: versions.map(
        ([name, { weight = 100 - weights, replicas: own = replicas, ...version }]): ServiceVersion<ServiceImageSource> => ({
          ...{ name, weight, replicas: own },
          ...programOf(given, version),
        }),
      ),
      ...(chosen && { canary: chosen }),
      ...{ resilience, calls },
      ...(exposed && { exposed }),
    };
  });

/** Refuses versions that could not run, and those that run what another one runs: to choose between them would be for nothing. */
function requireVersions(given: GivenService, ctx: z.core.$RefinementCtx): void {
  const programs = new Map<string, string>();
  for (const [name, version] of Object.entries(given.versions)) {
    const at = ["versions", name];
    const program = programOf(given, version);
    requireRunnable(version, program.image, ctx, at);
    // Whatever it says of a program, an image in a registry is that of the registry.
    const { source: _, ...inRegistry } = program.image;
    const key = JSON.stringify({ ...program, image: sourceOf(program.image) ?? inRegistry });
    const other = programs.get(key);
    if (other === undefined) programs.set(key, name);
    else addIssue(ctx, at, `a version that differs from ${other} in its image, command, args, env or resources`, version);
  }
  requirePodsRunnable(given, ctx, Object.values(given.versions));
}

/** A version of a service, defaults filled in. */
export interface ServiceVersion<S = ServiceImage> extends Program<S> {
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
