import { AuthorizationPolicy, type IAuthorizationPolicy } from "@kubernetes-models/istio/security.istio.io/v1";
import type { Addresses } from "../../../model/policies.ts";
import type { Route } from "../../../model/route.ts";
import { extension, inFront, type Patch } from "../../support/envoyFilter.ts";
import { pathsOwnedByOtherRoutes, routeRows } from "../routeTable.ts";
import { proxyPorts } from "./facts.ts";

/** Where policies lie, and the pods they are for. */
export interface Place {
  readonly namespace: string;
  readonly selector: Readonly<Record<string, string>>;
}

type Rule = NonNullable<NonNullable<IAuthorizationPolicy["spec"]>["rules"]>[number];
type Operation = NonNullable<NonNullable<Rule["to"]>[number]["operation"]>;

/** The proxies' own ports, behind those of their Service. Without any, a denial would be one of every TCP connection too. */
const ports = Object.values(proxyPorts).map(String);

/** The name of both objects that hold the gateway's policies. */
export const policiesName = "gateway-policies";

const known = { namespace: "envoy.filters.http.mesh", key: "policies", value: "in-force" } as const;

/** Marks every request, for {@link denyPolicy} to see that the EnvoyFilter of this patch is there. */
export function markPatch(): Patch {
  const metadata = [{ metadata_namespace: known.namespace, value: { [known.key]: known.value } }];
  return inFront("mesh.policies-in-force", { ...extension("filters.http.set_metadata.v3.Config"), metadata });
}

/**
 * Who is refused at the gateway. It only refuses: whatever it does not name is as it was. One object for all routes, which is always
 * there: a policy that is taken away is an update, which is done at once; a deletion would wait for the end of the deployment.
 *
 * @param trustedProxies - who else connects is refused: they could say any address of a caller. @default anybody may connect
 */
export function denyPolicy(
  routes: readonly Route[],
  trustedProxies: readonly string[],
  { namespace, selector }: Place,
): AuthorizationPolicy {
  const strangers = { from: [{ source: { notIpBlocks: [...trustedProxies] } }], to: [{ operation: { ports } }] };
  const rules = [
    unfiltered,
    ...(trustedProxies.length > 0 ? [strangers] : []),
    ...routes.flatMap((route) => addressRules(route.policies.addresses ?? {}, operationOf(route, routes))),
  ];
  return new AuthorizationPolicy({
    metadata: { name: policiesName, namespace },
    spec: { selector: { matchLabels: { ...selector } }, action: "DENY", rules },
  });
}

/** Everybody, while the EnvoyFilter is missing that judges requests. */
const unfiltered: Rule = {
  to: [{ operation: { ports } }],
  when: [{ key: `experimental.${known.namespace}[${known.key}]`, notValues: [known.value] }],
};

/** Requests to the route's paths and below, wherever no other route begins. */
function operationOf(route: Route, routes: readonly Route[]): Operation {
  const itselfAndBelow = (path: string) => (path === "" ? ["/*"] : [path, `${path}/*`]);
  const foreign = pathsOwnedByOtherRoutes(route, routes).flatMap(itselfAndBelow);
  const paths = routeRows(route).flatMap(({ path }) => itselfAndBelow(path));
  return { ports, paths, ...(foreign.length > 0 && { notPaths: foreign }) };
}

/**
 * The caller's address is that of the connection, or what trusted proxies say; what a
 * caller writes into `x-forwarded-for` does not count. A Service of type NodePort hides it behind that of a node.
 */
function addressRules({ allow = [], deny = [] }: Addresses, operation: Operation): Rule[] {
  const from = (source: NonNullable<NonNullable<Rule["from"]>[number]["source"]>) => ({
    from: [{ source }],
    to: [{ operation }],
  });
  return [
    ...(allow.length > 0 ? [from({ notRemoteIpBlocks: [...allow] })] : []),
    ...(deny.length > 0 ? [from({ remoteIpBlocks: [...deny] })] : []),
  ];
}
