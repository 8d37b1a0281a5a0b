import type { UnsupportedPolicy } from "../../../model/gateway.ts";
import type { RoutePolicies } from "../../../model/policies.ts";

/** What Istio's gateway does not support within a service's policies. */
export function unsupportedByIstio({ rateLimit }: RoutePolicies): UnsupportedPolicy[] {
  return rateLimit?.by === "consumer" ? [{ option: ["rateLimit", "by"], allowed: "everyone, address" }] : [];
}
