import { milliseconds } from "../../../model/durations.ts";
import { isPattern, originPattern } from "../../../model/origins.ts";
import {
  type Addresses,
  type ApiKeys,
  type Bots,
  type Cors,
  defaultCors,
  type Jwt,
  type RateLimit,
} from "../../../model/policies.ts";
import type { Route } from "../../../model/route.ts";
import { callerOf } from "./consumers.ts";
import { luaSet } from "./lua.ts";
import { type RedirectTls, redirectFunction } from "./redirectFunction.ts";
import type { Plugin } from "./resources.ts";
import { verifyToken } from "./tokenFunction.ts";

/** The plugins that hold a route's policies, and no other. Their names here are unique for the service. */
export function pluginsOf(
  { policies, redirect, methods, isGuarded }: Pick<Route, "policies" | "redirect" | "methods" | "isGuarded">,
  tls: RedirectTls,
): Plugin[] {
  if (redirect) return [redirectFunction(redirect, tls)];
  const { rateLimit, jwt, cors, maxBodyBytes, addresses, apiKeys, bots } = policies;
  return [
    ...(cors ? [corsPlugin(cors)] : []),
    ...(addresses ? [addressPlugin(addresses)] : []),
    ...(bots ? [botPlugin(bots)] : []),
    ...(jwt ? [jwtPlugin(jwt)] : []),
    ...functionsOf([...(isGuarded && methods ? [onlyMethods(methods)] : []), ...(jwt ? [verifyToken(jwt)] : [])]),
    ...(apiKeys ? [keyPlugin(apiKeys)] : []),
    ...(jwt || apiKeys ? [callerPlugin(jwt ? [callerOf(jwt.issuer)] : (apiKeys?.consumers ?? []))] : []),
    ...(rateLimit ? [ratePlugin(rateLimit)] : []),
    ...(maxBodyBytes === undefined ? [] : [sizePlugin(maxBodyBytes)]),
  ];
}

/** Functions in Lua that run one after the other, after all plugins that refuse requests. */
function functionsOf(access: readonly string[]): Plugin[] {
  return access.length > 0 ? [{ plugin: "post-function", config: { access } }] : [];
}

/** Refuses methods that the service allows for another of its exposures alone. */
function onlyMethods(methods: readonly string[]): string {
  return `local methods = ${luaSet(methods)}
if not methods[ngx.req.get_method()] then
  return kong.response.exit(403, { message = "Forbidden" })
end
`;
}

/** Whoever may use a service; a key or a token alone only says who someone is, whatever it was given for. */
function callerPlugin(callers: readonly string[]): Plugin {
  return { plugin: "acl", config: { allow: [...new Set(callers)], hide_groups_header: true } };
}

/** @see https://docs.konghq.com/hub/kong-inc/rate-limiting/ */
function ratePlugin({ requests, per, by = "everyone" }: RateLimit): Plugin {
  const limitBy = { everyone: "service", address: "ip", consumer: "consumer" }[by];
  return {
    plugin: "rate-limiting",
    config: { [per]: requests, limit_by: limitBy, policy: "local", hide_client_headers: false },
  };
}

/** The header of a key unless an option says otherwise. */
export const defaultKeyHeader = "apikey";

/** The key is in the header alone, where no log and no history has it, and goes no further than Kong. */
function keyPlugin({ header = defaultKeyHeader }: ApiKeys): Plugin {
  return {
    plugin: "key-auth",
    config: { key_names: [header], key_in_header: true, key_in_query: false, key_in_body: false, hide_credentials: true },
  };
}

/**
 * Tells whose public key a token is verified with: the issuer's, by the claim `iss`; of an issuer with several keys the one that the
 * token names, by the header `kid`. When a token holds is not asked here (see `tokenFunction`). Tokens in a query or a cookie are
 * not looked at.
 */
function jwtPlugin({ keys }: Jwt): Plugin {
  return {
    plugin: "jwt",
    config: {
      key_claim_name: keys.length > 1 ? "kid" : "iss",
      claims_to_verify: [],
      header_names: ["authorization"],
      uri_param_names: [],
      cookie_names: [],
    },
  };
}

function sizePlugin(bytes: number): Plugin {
  return {
    plugin: "request-size-limiting",
    config: { allowed_payload_size: bytes, size_unit: "bytes", require_content_length: false },
  };
}

function addressPlugin({ allow, deny }: Addresses): Plugin {
  return { plugin: "ip-restriction", config: { ...(allow && { allow }), ...(deny && { deny }) } };
}

function botPlugin({ allow = [], deny = [] }: Bots): Plugin {
  return { plugin: "bot-detection", config: { allow, deny } };
}

function corsPlugin({ origins, methods = defaultCors.methods, headers = [], expose = [], ...cors }: Cors): Plugin {
  return {
    plugin: "cors",
    config: {
      // Kong takes one that is no plain origin for a regular expression.
      origins: origins.map((origin) => (isPattern(origin) ? originPattern(origin) : origin)),
      methods: [...methods],
      // Without any, Kong would allow whatever a page asks for. This one every page may send anyway.
      headers: headers.length > 0 ? headers : ["accept"],
      exposed_headers: expose,
      credentials: cors.credentials ?? false,
      max_age: Math.floor((milliseconds(cors.maxAge ?? defaultCors.maxAge) ?? 0) / 1_000),
    },
  };
}
