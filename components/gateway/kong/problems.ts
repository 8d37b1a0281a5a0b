import { describeProblem, type PolicyProblem } from "../policyProblems.ts";
import type { JsonWebKey, Route, RoutePolicies } from "../route.ts";
import { verificationKey } from "./jwk.ts";

/**
 * What Kong cannot honour of a route's policies: one sentence each, which names the service, the option and what is allowed.
 * Empty for a route that Kong does not offer.
 */
export function kongProblems(route: Route): string[] {
  if (!route.gateways.includes("kong")) return [];
  return beyondKong(route.policies).map((problem) => describeProblem(route, problem));
}

/** What Kong cannot honour of policies. */
export function beyondKong({ jwt, apiKeys, rateLimit }: RoutePolicies): PolicyProblem[] {
  const problems: PolicyProblem[] = [];
  if (jwt?.audiences) {
    problems.push({ option: ["jwt", "audiences"], why: "Kong cannot verify them", allowed: "none", instead: "istio" });
  }
  if (jwt) problems.push(...beyondKeys(jwt.keys));
  if (jwt && apiKeys) {
    const why = "Kong tells who calls by one credential, and apiKeys is given too";
    problems.push({ option: ["jwt"], why, allowed: "jwt or apiKeys" });
  }
  if (rateLimit?.by === "consumer" && !apiKeys) {
    const allowed = "everyone, address, or consumer with apiKeys";
    problems.push({ option: ["rateLimit", "by"], why: "consumer, but no consumer is known", allowed });
  }
  for (const [index, consumer] of (apiKeys?.consumers ?? []).entries()) {
    if (/^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/.test(consumer)) continue;
    const allowed = "lower-case letters, digits and hyphens, at most 40";
    problems.push({ option: ["apiKeys", "consumers", index], why: consumer, allowed });
  }
  return problems;
}

function beyondKeys(keys: readonly JsonWebKey[]): PolicyProblem[] {
  const option = ["jwt", "keys"];
  const [key] = keys;
  if (!key || keys.length > 1) {
    return [{ option, why: `${keys.length} keys`, allowed: "one key for each issuer", instead: "istio" }];
  }
  try {
    verificationKey(key);
    return [];
  } catch (error) {
    return [{ option: [...option, 0], why: `of type ${key.kty}`, allowed: (error as Error).message }];
  }
}
