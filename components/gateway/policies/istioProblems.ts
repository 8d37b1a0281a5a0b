import { isDeepStrictEqual } from "node:util";
import type { Route } from "../route.ts";

/**
 * What Istio's gateway cannot honour of a route's policies: one sentence each, which names the service, the option and what is
 * allowed. Empty for a route that the gateway does not offer.
 *
 * @param routes - all there are, as it knows an issuer of tokens once, whichever service trusts it.
 */
export function istioProblems(route: Route, routes: readonly Route[] = [route]): string[] {
  const { gateways, policies } = route;
  if (!gateways.includes("istio")) return [];
  const problem = (option: string, what: string) => `${placeOf(route)}.${option}: ${what}`;
  const otherwise = "not on Istio's gateway; allowed: none, or gateways: [kong]";
  const { apiKeys, bots, rateLimit, jwt } = policies;
  const first = jwt && routes.find((other) => other.gateways.includes("istio") && other.policies.jwt?.issuer === jwt.issuer);
  const contradicts = first && !isDeepStrictEqual(first.policies.jwt?.keys, jwt.keys);
  return [
    ...(apiKeys ? [problem("apiKeys", otherwise)] : []),
    ...(bots ? [problem("bots", otherwise)] : []),
    ...(rateLimit?.by === "consumer"
      ? [problem("rateLimit.by", `consumer, ${otherwise.replace("none", "everyone, address")}`)]
      : []),
    ...(contradicts
      ? [problem("jwt.keys", `not those that ${placeOf(first)}.jwt has for ${jwt.issuer}; allowed: the same`)]
      : []),
  ];
}

function placeOf({ service: { namespace, name } }: Route): string {
  return `${namespace}/${name} exposed.policies`;
}
