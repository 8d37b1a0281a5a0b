import { AuthorizationPolicy, type IAuthorizationPolicy } from "@kubernetes-models/istio/security.istio.io/v1";
import type { Addresses, Jwt, Route } from "../route.ts";
import { foreignPaths, rowsOf } from "../table.ts";

/** Where policies lie, and the pods they are for. */
export interface Place {
  readonly namespace: string;
  readonly selector: Readonly<Record<string, string>>;
}

type Rule = NonNullable<NonNullable<IAuthorizationPolicy["spec"]>["rules"]>[number];
type Operation = NonNullable<NonNullable<Rule["to"]>[number]["operation"]>;

/** The proxies' own ports, behind those of their Service. Without any, a denial would be one of every TCP connection too. */
const ports = ["8080", "8443"];

/**
 * Who is refused at a route's paths; undefined where nobody is. It only refuses: whatever it does not name is as it was, at
 * every other path too.
 */
export function refusal(route: Route, routes: readonly Route[], { namespace, selector }: Place): AuthorizationPolicy | undefined {
  const { service, policies } = route;
  const operation = operationOf(route, routes);
  const { addresses, jwt } = policies;
  const rules = [...(addresses ? addressRules(addresses, operation) : []), ...(jwt ? [tokenRule(jwt, operation)] : [])];
  if (rules.length === 0) return undefined;
  return new AuthorizationPolicy({
    metadata: { name: `${service.namespace}-${service.name}`, namespace },
    spec: { selector: { matchLabels: { ...selector } }, action: "DENY", rules },
  });
}

/** Refuses whoever connects and is none of the proxies that are believed: they could say any address of a caller. */
export function proxiesAlone(addresses: readonly string[], { namespace, selector }: Place): AuthorizationPolicy {
  const rule = { from: [{ source: { notIpBlocks: [...addresses] } }], to: [{ operation: { ports } }] };
  return new AuthorizationPolicy({
    metadata: { name: "trusted-proxies", namespace },
    spec: { selector: { matchLabels: { ...selector } }, action: "DENY", rules: [rule] },
  });
}

/** Requests to the route's paths and below, wherever no other route begins. */
function operationOf(route: Route, routes: readonly Route[]): Operation {
  const itselfAndBelow = (path: string) => (path === "" ? ["/*"] : [path, `${path}/*`]);
  const foreign = foreignPaths(route, routes).flatMap(itselfAndBelow);
  const paths = rowsOf(route).flatMap(({ path }) => itselfAndBelow(path));
  return { ports, paths, ...(foreign.length > 0 && { notPaths: foreign }) };
}

/**
 * The caller's address is that of the connection, or what the mesh is told to trust beyond it (`numTrustedProxies`); what a
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

/**
 * No token, or one of another issuer: the filter that reads tokens answers those itself, so this refuses only where that filter
 * is missing. The claim, not the principal: that needs a subject as well.
 */
function tokenRule({ issuer }: Jwt, operation: Operation): Rule {
  return { to: [{ operation }], when: [{ key: "request.auth.claims[iss]", notValues: [issuer] }] };
}
