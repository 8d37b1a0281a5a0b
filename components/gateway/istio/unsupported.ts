import { describeProblem, type PolicyProblem } from "../../../model/checks/policyProblems.ts";
import type { Route, RoutePolicies } from "../../../model/route.ts";

/**
 * What Istio's gateway cannot honour of a route's policies: one sentence each, which names the service, the option and what is
 * allowed. Empty for a route that the gateway does not offer.
 */
export function istioProblems(route: Route): string[] {
  if (!route.gateways.includes("istio")) return [];
  return beyondIstio(route.policies).map((problem) => describeProblem(route, problem));
}

/** What Istio's gateway cannot honour of policies. */
export function beyondIstio({ apiKeys, bots, rateLimit }: RoutePolicies): PolicyProblem[] {
  const problem = { why: "not on Istio's gateway", allowed: "none", instead: "kong" } as const;
  return [
    ...(apiKeys ? [{ ...problem, option: ["apiKeys"] }] : []),
    ...(bots ? [{ ...problem, option: ["bots"] }] : []),
    ...(rateLimit?.by === "consumer"
      ? [{ ...problem, option: ["rateLimit", "by"], why: `consumer, ${problem.why}`, allowed: "everyone, address" }]
      : []),
  ];
}
