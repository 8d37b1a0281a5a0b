import type { UnsupportedPolicy } from "../../../model/gateway.ts";
import type { RoutePolicies } from "../../../model/policies.ts";

/** What Istio's gateway does not support of a service's policies. */
export function unsupportedByIstio({ apiKeys, bots, rateLimit }: RoutePolicies): UnsupportedPolicy[] {
  const problem = { allowed: "none", instead: "kong" } as const;
  return [
    ...(apiKeys ? [{ ...problem, option: ["apiKeys"] }] : []),
    ...(bots ? [{ ...problem, option: ["bots"] }] : []),
    ...(rateLimit?.by === "consumer" ? [{ ...problem, option: ["rateLimit", "by"], allowed: "everyone, address" }] : []),
  ];
}
