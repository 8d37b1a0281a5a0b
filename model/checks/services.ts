import { headersRead, isCallerHeader, notStripped } from "../callerHeaders.ts";
import { defaultResilience, defaultRetriedBytes, leastEjection, missingTime, mostRetriedBytes } from "../resilience.ts";
import type { ApplicationSpec, ServiceSpec } from "../spec.ts";
import type { Problems } from "./Problems.ts";
import { containerPort, matching, path, whole } from "./rules.ts";

/** Variables that every service's process is given. */
const given = ["PORT", "VERSION", "POD_NAME", "DRAIN_MS"];

/**
 * Each service of an application by itself: versions and weights, canary, ports, probes, variables, patience.
 *
 * @param stripHeaders - those that the stack's gateways strip besides their own list.
 */
export function checkServices(
  { namespace, services }: ApplicationSpec,
  problems: Problems,
  stripHeaders: readonly string[],
): void {
  for (const service of services) {
    const place = `${namespace}/${service.name}`;
    checkVersions(service, place, problems);
    checkHeaders(service, place, problems, stripHeaders);
    checkResilience(service, place, problems);
    if (service.containerPort === undefined) {
      problems.rule(
        `${place} port`,
        service.port,
        (port) => containerPort(port) && `${containerPort(port)}; or a containerPort of its own`,
      );
    } else {
      problems.rule(`${place} port`, service.port, whole(1, 65_535));
      problems.rule(`${place} containerPort`, service.containerPort, containerPort);
    }
    for (const probe of ["ready", "health"] as const) problems.rule(`${place} probes.${probe}`, service.probes[probe], path);
    for (const name of Object.keys(service.env ?? {})) problems.rule(`${place} env`, name, variable);
  }
}

function variable(name: string): string | undefined {
  const meaning = `letters, digits and underscores, not beginning with a digit, and none of ${given.join(", ")}, which are given`;
  return given.includes(name) ? meaning : matching(/^[A-Za-z_][A-Za-z0-9_]*$/, meaning)(name);
}

function checkVersions({ versions, canary }: ServiceSpec, place: string, problems: Problems): void {
  if (versions.length === 0) problems.refuse(`${place} versions`, versions, "at least one version");
  for (const [index, { weight, replicas }] of versions.entries()) {
    problems.rule(`${place} versions[${index}].weight`, weight, whole(0, 100));
    problems.rule(`${place} versions[${index}].replicas`, replicas, whole(1, 50));
  }
  const weights = versions.map(({ weight }) => weight);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  if (versions.length > 0 && sum !== 100) problems.refuse(`${place} versions`, weights, `weights that sum to 100, not ${sum}`);
  const names = versions.map(({ name }) => name);
  if (!canary) return;
  if (!names.includes(canary.version)) problems.refuse(`${place} canary.version`, canary.version, `one of ${names.join(", ")}`);
}

function checkHeaders(
  { canary, exposed }: ServiceSpec,
  place: string,
  problems: Problems,
  stripHeaders: readonly string[],
): void {
  for (const { option, header } of headersRead(canary, exposed?.policies ?? {})) {
    if (!isCallerHeader(header.toLowerCase(), stripHeaders)) continue;
    const [first, ...rest] = option[0] === "policies" ? ["exposed", ...option] : option;
    const within = rest.map((part) => (typeof part === "number" ? `[${part}]` : `.${part}`)).join("");
    problems.refuse(`${place} ${first}${within}`, header, notStripped);
  }
}

function checkResilience({ versions, resilience = defaultResilience }: ServiceSpec, place: string, problems: Problems): void {
  const { timeout, retries, pool, ejection } = resilience;
  const needed = missingTime(resilience);
  if (needed) {
    const tries = `${retries.attempts + 1} tries of ${retries.perTryTimeout}`;
    problems.refuse(`${place} resilience.timeout`, timeout, `at least ${needed}, which ${tries} take`);
  }
  const { maxBodyBytes = defaultRetriedBytes } = retries;
  const fitting = mostRetriedBytes(pool);
  if (maxBodyBytes > fitting) {
    const allowed = `at most ${fitting}, of which pool.maxConnections (${pool.maxConnections}) fit into a proxy's memory`;
    problems.refuse(`${place} resilience.retries.maxBodyBytes`, maxBodyBytes, allowed);
  }
  const most = Math.max(1, ...versions.map(({ replicas }) => replicas));
  if (most > 1 && ejection.maxPercent < leastEjection(most)) {
    const least = `at least ${leastEjection(most)}, or none of ${most} pods is ever ejected`;
    problems.refuse(`${place} resilience.ejection.maxPercent`, ejection.maxPercent, least);
  }
}
