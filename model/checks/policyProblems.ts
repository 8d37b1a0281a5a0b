import { isDeepStrictEqual } from "node:util";
import type { GatewayName, Jwt, Route, RoutePolicies } from "../route.ts";

/** A policy that a gateway cannot hold. */
export interface PolicyProblem {
  /** Where it is in the policies, such as `["jwt", "keys", 0]`. */
  readonly option: readonly (string | number)[];
  readonly why: string;
  readonly allowed: string;
  /** The gateway that can. */
  readonly instead?: GatewayName;
}

/** A problem as a sentence that names the service and the option. */
export function describeProblem(route: Route, { option, why, allowed, instead }: PolicyProblem): string {
  const steps = option.map((step) => (typeof step === "number" ? `[${step}]` : `.${step}`));
  return `${placeOf(route)}${steps.join("")}: ${why}; allowed: ${allowed}${instead ? `, or gateways: [${instead}]` : ""}`;
}

/** Services that trust an issuer of tokens by other keys than the first one does: a gateway knows an issuer once. */
export function conflictingKeys<T extends { readonly policies: RoutePolicies }>(
  services: readonly T[],
): { readonly service: T; readonly first: T; readonly issuer: string }[] {
  const trusting = new Map<string, { readonly service: T; readonly jwt: Jwt }>();
  return services.flatMap((service) => {
    const { jwt } = service.policies;
    if (!jwt) return [];
    const first = trusting.get(jwt.issuer) ?? { service, jwt };
    trusting.set(jwt.issuer, first);
    return isDeepStrictEqual(first.jwt.keys, jwt.keys) ? [] : [{ service, first: first.service, issuer: jwt.issuer }];
  });
}

/** The same as sentences. */
export function describeConflictingKeys(routes: readonly Route[]): string[] {
  return conflictingKeys(routes).map(({ service, first, issuer }) => {
    const why = `not those that ${placeOf(first)}.jwt has for ${issuer}`;
    return describeProblem(service, { option: ["jwt", "keys"], why, allowed: "the same" });
  });
}

function placeOf({ service: { namespace, name } }: Route): string {
  return `${namespace}/${name} exposed.policies`;
}
