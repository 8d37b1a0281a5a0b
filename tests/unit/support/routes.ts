import type { GatewayName } from "../../../model/gateway.ts";
import type { GatewayTls } from "../../../model/gatewaySettings.ts";
import { delegateOf } from "../../../model/names.ts";
import type { RoutePolicies } from "../../../model/policies.ts";
import type { Route } from "../../../model/route.ts";

interface Options extends Partial<Omit<Route, "name" | "path" | "service" | "delegate" | "gateways">> {
  /** The exposure's name. @default page */
  readonly exposure?: string;
  readonly policies?: RoutePolicies;
  readonly gateways?: readonly GatewayName[];
}

/** What most stacks serve: one host over HTTPS, and any over HTTP. */
export const oneHost: GatewayTls = { hosts: ["shop.example.com"], plaintext: true };

/** A route of the service of a name in the namespace `shop`. */
export function routeOf(
  service: string,
  path: string,
  { exposure = "page", policies = {}, gateways = ["istio"], versions = ["v1"], ...rest }: Options = {},
): Route {
  return {
    name: exposure,
    path,
    service: { name: service, namespace: "shop", port: 8080, protocol: "http" },
    delegate: delegateOf(service, { name: exposure, isFirst: false }, "shop"),
    timeout: "5s",
    gateways,
    policies,
    versions,
    ...rest,
  };
}
