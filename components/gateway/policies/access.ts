import {
  AuthorizationPolicy,
  type IAuthorizationPolicy,
  RequestAuthentication,
} from "@kubernetes-models/istio/security.istio.io/v1";
import type { Addresses, Cors, Jwt, Route } from "../route.ts";
import { foreignPaths, rowsOf } from "../table.ts";
import { defaultCors } from "./cors.ts";

/** Where policies lie, and the pods they are for. */
export interface Place {
  readonly namespace: string;
  readonly selector: Readonly<Record<string, string>>;
}

type Rule = NonNullable<NonNullable<IAuthorizationPolicy["spec"]>["rules"]>[number];
type Operation = NonNullable<NonNullable<Rule["to"]>[number]["operation"]>;

/** The proxies' own ports, behind those of their Service. Without any, a denial would be one of every TCP connection too. */
const ports = ["8080", "8443"];

/** Each issuer that routes trust, once: what it says of a token holds for every path; which tokens a path takes is said apart. */
export function tokenReader(routes: readonly Route[], { namespace, selector }: Place): RequestAuthentication | undefined {
  const trusted = routes.flatMap(({ policies: { jwt } }) => jwt ?? []);
  const issuers = [...new Set(trusted.map(({ issuer }) => issuer))];
  if (issuers.length === 0) return undefined;
  const jwtRules = issuers.map((issuer) => {
    const keys = trusted.find((jwt) => jwt.issuer === issuer)?.keys ?? [];
    return { issuer, jwks: JSON.stringify({ keys }), forwardOriginalToken: true };
  });
  return new RequestAuthentication({
    metadata: { name: "gateway-tokens", namespace },
    spec: { selector: { matchLabels: { ...selector } }, jwtRules },
  });
}

/**
 * Who is refused at a route's paths; undefined where nobody is. It only refuses: whatever it does not name is as it was, at
 * every other path too.
 */
export function refusal(route: Route, routes: readonly Route[], { namespace, selector }: Place): AuthorizationPolicy | undefined {
  const { service, policies } = route;
  const operation = operationOf(route, routes);
  const { addresses, jwt, cors } = policies;
  const rules = [...(addresses ? addressRules(addresses, operation) : []), ...(jwt ? tokenRules(jwt, cors, operation) : [])];
  if (rules.length === 0) return undefined;
  return new AuthorizationPolicy({
    metadata: { name: `${service.namespace}-${service.name}`, namespace },
    spec: { selector: { matchLabels: { ...selector } }, action: "DENY", rules },
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

/** No token, or one of another issuer or for another audience. The claim, not the principal: that needs a subject as well. */
function tokenRules({ issuer, audiences = [] }: Jwt, cors: Cors | undefined, operation: Operation): Rule[] {
  const lacks = [
    { key: "request.auth.claims[iss]", notValues: [issuer] },
    ...(audiences.length > 0 ? [{ key: "request.auth.audiences", notValues: [...audiences] }] : []),
  ];
  return lacks.flatMap((lack) =>
    exceptPreflights(cors, operation).map((rule) => ({ ...rule, when: [lack, ...(rule.when ?? [])] })),
  );
}

/**
 * All requests but preflights, which browsers send without a token. What passes as one is what the gateway answers itself:
 * a preflight of an allowed origin for an allowed method. No service ever sees it.
 */
function exceptPreflights(cors: Cors | undefined, operation: Operation): Rule[] {
  if (!cors) return [{ to: [{ operation }] }];
  const { origins, methods = defaultCors.methods } = cors;
  const allowed = origins.includes("*") ? ["http://*", "https://*"] : [...origins];
  const options = [{ operation: { ...operation, methods: ["OPTIONS"] } }];
  return [
    { to: [{ operation: { ...operation, notMethods: ["OPTIONS"] } }] },
    { to: options, when: [{ key: "request.headers[origin]", notValues: allowed }] },
    { to: options, when: [{ key: "request.headers[access-control-request-method]", notValues: [...methods] }] },
  ];
}
