import { dotted } from "../../lib/values.ts";
import { conflictingKeys } from "../../model/checks/policies.ts";
import { type GatewayFacts, unsupportedPolicies } from "../../model/gateway.ts";
import { nameOf } from "../../model/names.ts";
import type { Route } from "../../model/route.ts";

/**
 * Refuses routes that a gateway cannot serve as they are declared. Applications are checked before; this is for whoever uses a
 * gateway's component by itself.
 *
 * @throws Error with one sentence for each policy that the gateway does not support.
 */
export function requireSupported(gateway: GatewayFacts, routes: readonly Route[]): void {
  const problems = [
    ...routes.flatMap((route) => unsupportedPolicies(gateway, route.policies).map((problem) => ({ service: route, ...problem }))),
    ...(gateway.unsupportedTogether?.(routes) ?? []),
    ...conflictingKeys(routes).map(({ service, first, issuer }) => {
      const allowed = `the keys that ${nameOf(first.service)} has for ${issuer}`;
      return { service, option: ["jwt", "keys"], allowed };
    }),
  ].map(
    ({ service, option, allowed }) =>
      `${nameOf(service.service)} ${dotted(["exposed", service.name, "policies", ...option])} is not supported by ${gateway.title}; allowed: ${allowed}`,
  );
  if (problems.length > 0) throw new Error(problems.join("\n"));
}
