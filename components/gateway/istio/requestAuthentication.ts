import { clockSkew, type Jwt } from "../../../model/policies.ts";
import type { Route } from "../../../model/route.ts";
import type { Table } from "../../../model/routeTable.ts";
import { extension, inFront, type Patch } from "../../support/envoyFilter.ts";
import { matching, regionsOf } from "./regions.ts";

/** Where RFC 6750 has a token: once, after the scheme's name, which has no case. */
const bearer = matching("authorization", "(?i:bearer) +[A-Za-z0-9._~+/-]+=*");
const afterScheme = { name: "authorization", value_prefix: " " };
/** No request that comes this far has it, as it is one of `callerHeaders`. */
const nowhere = { name: "x-jwt-payload" };

/**
 * Reads tokens where a route asks for them, and nowhere else: 401 where there is none, where it does not hold, or has no end, 403
 * where it is for somebody else.
 *
 * Istio's own RequestAuthentication would judge every request of the gateway that has something like a token.
 *
 * @see https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/jwt_authn_filter
 */
export function requestAuthentication(routes: readonly Route[], tables: readonly Table[]): Patch[] {
  const demanding = routes.flatMap((route) =>
    route.policies.jwt ? [{ route, name: nameOf(route), jwt: route.policies.jwt }] : [],
  );
  if (demanding.length === 0) return [];
  const providers = demanding.flatMap(({ name, jwt }) => [
    [name, { ...provider(jwt), from_headers: [afterScheme] }],
    [noneOf(name), { ...provider(jwt), from_headers: [nowhere] }],
  ]);
  const config = {
    ...extension("filters.http.jwt_authn.v3.JwtAuthentication"),
    providers: Object.fromEntries(providers),
    // The first that matches holds; where none does, requests pass.
    rules: demanding.flatMap(({ route, name }) =>
      regionsOf(route, tables).flatMap((headers) => [
        { match: { prefix: "/", headers: [...headers, bearer] }, requires: { provider_name: name } },
        { match: { prefix: "/", headers }, requires: { provider_name: noneOf(name) } },
      ]),
    ),
  };
  return [inFront("envoy.filters.http.jwt_authn", config)];
}

function provider({ issuer, keys, audiences = [] }: Jwt): object {
  return {
    issuer,
    ...(audiences.length > 0 && { audiences: [...audiences] }),
    local_jwks: { inline_string: JSON.stringify({ keys }) },
    require_expiration: true,
    clock_skew_seconds: clockSkew,
    forward: true,
  };
}

const nameOf = ({ delegate: { namespace, name } }: Route) => `${namespace}/${name}`;
const noneOf = (name: string) => `${name}, no token`;
