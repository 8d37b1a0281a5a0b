import { z } from "zod";
import { folderProblem } from "./container.ts";
import { egressOf } from "./egress.ts";
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
import { plain, requestProblems, requestRules } from "./requestRules.ts";
import { defaultResilience, leastEjection, resilience } from "./resilience.ts";
import { addIssue, byName, integer, label, message, ownHeader, strictObject } from "./rules.ts";
import { storage } from "./storage.ts";

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

/** Requests with this header go to one version, whatever the weights. */
const canary = strictObject({
  header: ownHeader().default("x-canary"),
  /** What the header has to be. */
  value: plain().default("true"),
  /** @default the last version */
  version: z.string(message("the name of one of the versions")).exactOptional(),
});
export type Canary = Required<z.output<typeof canary>>;

const serviceShape = strictObject({
  ...programShape,
  /** What it listens on, by name. The first one is the variable `PORT`. */
  ports,
  probes: probes.prefault({}),
  /** Pods of each version. @default 2; with storage 1, as pods with volumes of their own need not know of each other */
  replicas: integer(1, 50).exactOptional(),
  /** By name. One version takes all requests. */
  versions: byName(version, "versions", label(longestVersion)).default({ v1: {} }),
  /** @default none. With a single version there is nothing to choose. */
  canary: canary.exactOptional(),
  resilience: resilience.prefault({}),
  /** What becomes of requests by what is in them. @default none: weights and the canary decide */
  rules: requestRules.exactOptional(),
  /** Folders that outlive its pods, each of which has a name that stays. One version alone can have them. @default none */
  storage: storage.exactOptional(),
  /** @default nothing: it is for the mesh alone */
  exposed: exposed.exactOptional(),
});
type GivenService = z.output<typeof serviceShape>;

/** A service of the mesh: whatever others call. */
export const service = serviceShape
  .superRefine((given, ctx) => {
    const { versions, canary, resilience } = given;
    const replicas = replicasOf(given);
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
    requireStorable(given, ctx);
    const elsewhere = canaryProblem(canary, names);
    if (elsewhere) addIssue(ctx, ["canary", "version"], elsewhere);
    if (given.rules) {
      const speaks = {
        requests: ports.some(({ protocol }) => hasRequests(protocol)),
        http: ports.some(({ protocol }) => protocol === "http" || protocol === "http2"),
        repeatable: ports.some(
          ({ protocol, idempotent }) => hasRequests(protocol) && (protocol !== "grpc" || idempotent === true),
        ),
      };
      for (const [path, allowed] of requestProblems(given.rules, names, speaks, canary))
        addIssue(ctx, ["rules", ...path], allowed);
      if (given.rules.affinity && resilience.balancing !== defaultResilience.balancing)
        addIssue(ctx, ["resilience", "balancing"], `${defaultResilience.balancing} with rules.affinity, which takes its place`);
    }
    const { maxPercent } = resilience.ejection;
    const most = Math.max(1, ...Object.values(versions).map((version) => version.replicas ?? replicas));
    if (most > 1 && maxPercent < leastEjection(most)) {
      const allowed = `at least ${leastEjection(most)}, or none of ${most} pods is ever ejected`;
      addIssue(ctx, ["resilience", "ejection", "maxPercent"], allowed, maxPercent);
    }
  })
  .transform((given) => {
    const { ports, probes, canary, calls, exposed, resilience, storage } = given;
    const replicas = replicasOf(given);
    const versions = Object.entries(given.versions);
    const weights = versions.reduce((total, [, { weight = 0 }]) => total + weight, 0);
    const chosen = canary && { ...canary, version: canary.version ?? versions.at(-1)?.[0] ?? "" };
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
      ...{ resilience, calls, egress: egressOf(given.egress) },
      ...(storage && { storage }),
      ...(given.rules && { rules: given.rules }),
      ...(exposed && { exposed }),
    };
  });

const replicasOf = ({ replicas, storage }: GivenService) => replicas ?? (storage ? 1 : 2);

/** Refuses volumes that could not be mounted, or that pods of several versions would have to share. */
function requireStorable({ storage, versions, container }: GivenService, ctx: z.core.$RefinementCtx): void {
  if (!storage) return;
  if (Object.keys(versions).length > 1)
    addIssue(ctx, ["storage"], "nothing with several versions, as what one has written no other one has");
  for (const path of Object.keys(storage)) {
    const problem = folderProblem(path, container);
    if (problem) addIssue(ctx, ["storage", path], problem);
  }
}

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
