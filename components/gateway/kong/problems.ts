import { isDeepStrictEqual } from "node:util";
import type { JsonWebKey, Route } from "../route.ts";
import { verificationKey } from "./jwk.ts";

/**
 * What Kong cannot honour of a route's policies: one sentence each, which names the service, the option and what is allowed.
 * Empty for a route that Kong does not offer.
 */
export function kongProblems({ gateways, service, policies: { jwt, apiKeys, rateLimit } }: Route): string[] {
  if (!gateways.includes("kong")) return [];
  const place = `${service.namespace}/${service.name} exposed.policies`;
  const problems: string[] = [];
  if (jwt?.audiences) problems.push(`${place}.jwt.audiences: Kong cannot verify them; allowed: none, or gateways: [istio]`);
  if (jwt) problems.push(...keyProblems(jwt.keys).map((problem) => `${place}.jwt.keys${problem}`));
  if (jwt && apiKeys) {
    problems.push(`${place}.jwt: Kong tells who calls by one credential, and apiKeys is given too; allowed: one of both`);
  }
  if (rateLimit?.by === "consumer" && !apiKeys) {
    problems.push(
      `${place}.rateLimit.by: consumer, but no consumer is known; allowed: everyone, address, or consumer with apiKeys`,
    );
  }
  for (const consumer of apiKeys?.consumers ?? []) {
    if (!/^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/.test(consumer)) {
      problems.push(`${place}.apiKeys.consumers: ${consumer}; allowed: lower-case letters, digits and hyphens, at most 40`);
    }
  }
  return problems;
}

/** What routes want of Kong that contradicts: it knows an issuer of tokens once, whichever service trusts it. */
export function kongConflicts(routes: readonly Route[]): string[] {
  const issuers = new Map<string, { readonly place: string; readonly keys: readonly JsonWebKey[] }>();
  return routes.flatMap(({ gateways, service, policies: { jwt } }) => {
    if (!gateways.includes("kong") || !jwt) return [];
    const place = `${service.namespace}/${service.name} exposed.policies.jwt`;
    const first = issuers.get(jwt.issuer) ?? { place, keys: jwt.keys };
    issuers.set(jwt.issuer, first);
    if (isDeepStrictEqual(first.keys, jwt.keys)) return [];
    return [`${place}.keys: not those that ${first.place} has for ${jwt.issuer}; allowed for Kong: one key for each issuer`];
  });
}

function keyProblems(keys: readonly JsonWebKey[]): string[] {
  const [key] = keys;
  if (!key || keys.length > 1) return [`: ${keys.length} keys; allowed for Kong: one key for each issuer`];
  try {
    verificationKey(key);
    return [];
  } catch (error) {
    return [`[0]: of type ${key.kty}; allowed for Kong: ${(error as Error).message}`];
  }
}
