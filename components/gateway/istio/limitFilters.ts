import { literally } from "../../../lib/patterns.ts";
import type { RateLimit } from "../../../model/policies.ts";
import type { Route } from "../../../model/route.ts";
import { atEnd, extension, type Patch } from "../../support/envoyFilter.ts";
import { pathsOwnedByOtherRoutes, routeRows } from "../routeTable.ts";
import { bodyLimit } from "./bodyLimit.ts";

/** How many callers a proxy counts at once, by their address; of more, those longest not seen are forgotten and begin anew. */
const mostCallers = 10_000;

/**
 * Limits on requests, for which Istio has no object of its own: filters of Envoy's in front of its router, after whatever asks
 * who calls.
 *
 * @see https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/local_rate_limit_filter
 */
export function limitFilters(routes: readonly Route[]): Patch[] {
  return [...rateLimits(routes), ...bodyLimits(routes)];
}

const always = { default_value: { numerator: 100, denominator: "HUNDRED" } };
const interval = { second: "1s", minute: "60s", hour: "3600s" } as const;

/** One bucket for each route, or for each caller of it, in each proxy and there for HTTP and HTTPS apart. */
function rateLimits(routes: readonly Route[]): Patch[] {
  const limited = routes.flatMap((route) => (route.policies.rateLimit ? [{ route, limit: route.policies.rateLimit }] : []));
  if (limited.length === 0) return [];
  const config = {
    ...extension("filters.http.local_ratelimit.v3.LocalRateLimit"),
    stat_prefix: "gateway",
    filter_enabled: always,
    filter_enforced: always,
    enable_x_ratelimit_headers: "DRAFT_VERSION_03",
    max_dynamic_descriptors: mostCallers,
    rate_limits: limited.map(({ route, limit }) => ({ actions: [pathAction(route, routes), ...callerAction(limit)] })),
    descriptors: limited.map(({ route, limit }) => ({
      entries: [keyOf(route), ...callerEntry(limit)],
      token_bucket: bucket(limit),
    })),
  };
  return [atEnd("mesh.rate-limits", config)];
}

function keyOf({ service: { name, namespace } }: Route) {
  return { key: "route", value: `${namespace}/${name}` };
}

function pathAction(route: Route, routes: readonly Route[]) {
  const { key, value } = keyOf(route);
  const { own, foreign } = patterns(route, routes);
  const path = (regex: string) => ({ name: ":path", string_match: { safe_regex: { regex } } });
  const headers = [path(own), ...(foreign === undefined ? [] : [{ ...path(foreign), invert_match: true }])];
  return { header_value_match: { descriptor_key: key, descriptor_value: value, headers } };
}

/** An entry without a value stands for any: each address that is seen gets a bucket of its own. */
const callerAction = ({ by }: RateLimit) => (by === "address" ? [{ remote_address: {} }] : []);
const callerEntry = ({ by }: RateLimit) => (by === "address" ? [{ key: "remote_address" }] : []);

function bucket({ requests, per }: RateLimit) {
  return { max_tokens: requests, tokens_per_fill: requests, fill_interval: interval[per] };
}

/** Only requests to a path with a limit are counted; they pass as they come, up to the limit. */
function bodyLimits(routes: readonly Route[]): Patch[] {
  const matchers = routes.flatMap((route) => {
    const { maxBodyBytes } = route.policies;
    if (maxBodyBytes === undefined) return [];
    const predicate = allOf(...pathPredicates(route, routes), not(upgrade));
    return [{ predicate, on_match: executed(bodyLimit(maxBodyBytes)) }];
  });
  if (matchers.length === 0) return [];
  const config = {
    ...extension("common.matching.v3.ExtensionWithMatcher"),
    extension_config: { name: "composite", typed_config: extension("filters.http.composite.v3.Composite") },
    xds_matcher: { matcher_list: { matchers } },
  };
  return [atEnd("mesh.body-limits", config)];
}

function pathPredicates(route: Route, routes: readonly Route[]): object[] {
  const path = (regex: string) => header(":path", regex);
  const { own, foreign } = patterns(route, routes);
  return [path(own), ...(foreign === undefined ? [] : [not(path(foreign))])];
}

function header(header_name: string, regex: string): object {
  const input = {
    name: header_name,
    typed_config: { "@type": "type.googleapis.com/envoy.type.matcher.v3.HttpRequestHeaderMatchInput", header_name },
  };
  return { single_predicate: { input, value_match: { safe_regex: { google_re2: {}, regex } } } };
}

const not = (predicate: object) => ({ not_matcher: predicate });
const allOf = (...predicate: object[]) => ({ and_matcher: { predicate } });

/** What follows the handshake of a WebSocket is no body; a handshake with a body is none. */
const upgrade = allOf(
  header("upgrade", "(?i)websocket"),
  not(header("content-length", ".*")),
  not(header("transfer-encoding", ".*")),
);

function executed(filter: object): object {
  return {
    action: {
      name: "limit",
      typed_config: { ...extension("filters.http.composite.v3.ExecuteFilterAction"), typed_config: filter },
    },
  };
}

/** Regular expressions of whole request paths: the route's and below, and those among them that are other routes'. */
function patterns(route: Route, routes: readonly Route[]): { own: string; foreign?: string } {
  const any = (paths: readonly string[]) => `(${paths.map(literally).join("|")})([/?].*)?`;
  const foreign = pathsOwnedByOtherRoutes(route, routes);
  return { own: any(routeRows(route).map(({ path }) => path)), ...(foreign.length > 0 && { foreign: any(foreign) }) };
}
