import type { GatewayName } from "../../../model/gateway.ts";
import type { RoutePolicies } from "../../../model/policies.ts";
import type { Route } from "../../../model/route.ts";

interface Options extends Partial<Pick<Route, "versioned" | "versions">> {
  readonly policies?: RoutePolicies;
  readonly gateways?: readonly GatewayName[];
}

/** A route of the service of a name in the namespace `shop`. */
export function routeOf(
  name: string,
  path: string,
  { policies = {}, gateways = ["istio"], versions = ["v1"], ...rest }: Options = {},
): Route {
  const delegate = { name: `${name}-exposed`, namespace: "shop" };
  const service = { name, namespace: "shop", port: 8080, protocol: "http" } as const;
  return { path, service, delegate, timeout: "5s", gateways, policies, versions, ...rest };
}
