import type { RoutePolicies } from "./policies.ts";

/**
 * Whether gateways see the addresses of their callers, or one that something in between puts in their place: then there is one
 * caller for all.
 */
export type CallerAddresses = "kept" | "lost";

/** The options of policies that judge callers by their addresses. */
export function judgedByAddress({ addresses, rateLimit }: RoutePolicies): (readonly string[])[] {
  return [...(addresses ? [["addresses"]] : []), ...(rateLimit?.by === "address" ? [["rateLimit", "by"]] : [])];
}

/** Where addresses are lost, what has to be said of such an option for it to hold. */
export const keepAddresses =
  "nothing that judges addresses while callers' do not arrive; mesh:existing.callerAddresses: kept says that load balancers keep them " +
  "(on AWS the annotations aws-load-balancer-nlb-target-type: ip and …-target-group-attributes: preserve_client_ip.enabled=true make them)";
