import { describeProblem, type PolicyProblem } from "../../../model/checks/policyProblems.ts";
import { verificationKey } from "../../../model/jsonWebKey.ts";
import type { JsonWebKey, Route, RoutePolicies } from "../../../model/route.ts";

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

/** A token tells which of several keys it is signed with by their `kid` alone. */
function beyondKeys(keys: readonly JsonWebKey[]): PolicyProblem[] {
  const option = ["jwt", "keys"];
  if (keys.length === 0) return [{ option, why: "no key", allowed: "at least one key" }];
  const ids = keys.map(({ kid }) => kid);
  return keys.flatMap((key, index) => {
    const problem = { option: [...option, index], instead: "istio" as const };
    if (keys.length > 1 && (typeof key.kid !== "string" || key.kid === ""))
      return [{ ...problem, why: "no kid", allowed: "a kid for each of several keys" }];
    if (key.kid && ids.indexOf(key.kid) !== index) {
      return [{ ...problem, why: `kid ${key.kid} again`, allowed: "another kid for each of several keys" }];
    }
    try {
      verificationKey(key);
      return [];
    } catch (error) {
      return [{ option: [...option, index], why: `of type ${key.kty}`, allowed: (error as Error).message }];
    }
  });
}

/** Issuers with several keys of which one has the `kid` of another issuer's: Kong knows a key by that alone. */
export function sharedKeyIds<T extends { readonly policies: RoutePolicies }>(
  services: readonly T[],
): { readonly service: T; readonly index: number; readonly kid: string; readonly issuer: string }[] {
  const known = new Map<string, string>();
  return services.flatMap((service) => {
    const { issuer = "", keys = [] } = service.policies.jwt ?? {};
    // The one key of an issuer is known by the issuer's own name.
    const ids = keys.length > 1 ? keys.map(({ kid = "" }) => kid) : keys.map(() => issuer);
    return ids.flatMap((kid, index) => {
      const other = known.get(kid) ?? issuer;
      known.set(kid, other);
      return other === issuer ? [] : [{ service, index, kid, issuer: other }];
    });
  });
}

/** The same as sentences. */
export function describeSharedKeyIds(routes: readonly Route[]): string[] {
  return sharedKeyIds(routes).map(({ service, index, kid, issuer }) => {
    const problem = {
      why: `${kid} is a key of ${issuer} too`,
      allowed: "another kid for each issuer",
      instead: "istio" as const,
    };
    return describeProblem(service, { option: ["jwt", "keys", index], ...problem });
  });
}
