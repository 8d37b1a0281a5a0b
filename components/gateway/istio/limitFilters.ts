import { partsOf } from "../../../model/addresses.ts";
import type { Addresses, RateLimit } from "../../../model/policies.ts";
import type { Route } from "../../../model/route.ts";
import type { Table } from "../../../model/routeTable.ts";
import { atEnd, extension, type Patch } from "../../support/envoyFilter.ts";
import { bodyLimit } from "./bodyLimit.ts";
import { type HeaderMatcher, malformedHost, notMatching, type Region, regionsOf } from "./regions.ts";

/** How many callers a proxy counts at once, by their address; of more, those longest not seen are forgotten and begin anew. */
const mostCallers = 10_000;

/**
 * Limits on requests, for which Istio has no object of its own: filters of Envoy's in front of its router, after whatever asks
 * who calls.
 *
 * @see https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/local_rate_limit_filter
 */
export function limitFilters(routes: readonly Route[], tables: readonly Table[]): Patch[] {
  return [
    ...hostLimit(),
    ...methodLimits(routes, tables),
    ...addressLimits(routes, tables),
    ...rateLimits(routes, tables),
    ...bodyLimits(routes, tables),
  ];
}

/** Hosts that Envoy finds a route for, however odd they are written: what is judged by the host would not know them. */
const hostLimit = () => denials("mesh.hosts", [{ name: "malformed", regions: [[malformedHost]], principals: [{ any: true }] }]);

/** Methods that a service allows for another of its exposures alone. */
function methodLimits(routes: readonly Route[], tables: readonly Table[]): Patch[] {
  const judged = routes
    .filter(({ isGuarded }) => isGuarded)
    .map((route) => {
      const others = notMatching(":method", (route.methods ?? []).join("|"));
      const regions = regionsOf(route, tables).map((region) => [...region, others]);
      return { name: routeName(route), regions, principals: [{ any: true }] };
    });
  return denials("mesh.methods", judged);
}

/** Who is refused by the address, which is that of the connection, or what trusted proxies say. */
function addressLimits(routes: readonly Route[], tables: readonly Table[]): Patch[] {
  const judged = routes.flatMap((route) => {
    const { addresses } = route.policies;
    return addresses ? [{ name: routeName(route), regions: regionsOf(route, tables), principals: refused(addresses) }] : [];
  });
  return denials("mesh.addresses", judged);
}

interface Denial {
  readonly name: string;
  readonly regions: readonly Region[];
  readonly principals: readonly object[];
}

/** Refuses requests of these regions to these callers, with 403. */
function denials(filter: string, refusals: readonly Denial[]): Patch[] {
  const policies = refusals
    .filter(({ regions }) => regions.length > 0)
    .map(({ name, regions, principals }) => {
      const permissions = regions.map((region) => ({ and_rules: { rules: region.map((header) => ({ header })) } }));
      return [name, { permissions, principals }];
    });
  if (policies.length === 0) return [];
  const rules = { action: "DENY", policies: Object.fromEntries(policies) };
  return [atEnd(filter, { ...extension("filters.http.rbac.v3.RBAC"), rules })];
}

function refused({ allow = [], deny = [] }: Addresses): object[] {
  const range = (text: string) => {
    const { address, bits } = partsOf(text);
    return { remote_ip: { address_prefix: address, prefix_len: bits } };
  };
  return [...(allow.length > 0 ? [{ not_id: { or_ids: { ids: allow.map(range) } } }] : []), ...deny.map(range)];
}

const always = { default_value: { numerator: 100, denominator: "HUNDRED" } };
const interval = { second: "1s", minute: "60s", hour: "3600s" } as const;

/** One bucket for each route, or for each caller of it, in each proxy and there for HTTP and HTTPS apart. */
function rateLimits(routes: readonly Route[], tables: readonly Table[]): Patch[] {
  const limited = routes.flatMap((route) => (route.policies.rateLimit ? [{ route, limit: route.policies.rateLimit }] : []));
  if (limited.length === 0) return [];
  const config = {
    ...extension("filters.http.local_ratelimit.v3.LocalRateLimit"),
    stat_prefix: "gateway",
    filter_enabled: always,
    filter_enforced: always,
    enable_x_ratelimit_headers: "DRAFT_VERSION_03",
    max_dynamic_descriptors: mostCallers,
    rate_limits: limited.flatMap(({ route, limit }) =>
      regionsOf(route, tables).map((region) => ({ actions: [countAction(route, region), ...callerAction(limit)] })),
    ),
    descriptors: limited.map(({ route, limit }) => ({
      entries: [keyOf(route), ...callerEntry(limit)],
      token_bucket: bucket(limit),
    })),
  };
  return [atEnd("mesh.rate-limits", config)];
}

const routeName = ({ delegate: { name, namespace } }: Route) => `${namespace}/${name}`;

const keyOf = (route: Route) => ({ key: "route", value: routeName(route) });

function countAction(route: Route, headers: Region) {
  const { key, value } = keyOf(route);
  return { header_value_match: { descriptor_key: key, descriptor_value: value, headers } };
}

/** An entry without a value stands for any: each address that is seen gets a bucket of its own. */
const callerAction = ({ by }: RateLimit) => (by === "address" ? [{ remote_address: {} }] : []);
const callerEntry = ({ by }: RateLimit) => (by === "address" ? [{ key: "remote_address" }] : []);

function bucket({ requests, per }: RateLimit) {
  return { max_tokens: requests, tokens_per_fill: requests, fill_interval: interval[per] };
}

/** Only requests to a path with a limit are counted; they pass as they come, up to the limit. */
function bodyLimits(routes: readonly Route[], tables: readonly Table[]): Patch[] {
  const matchers = routes.flatMap((route) => {
    const { maxBodyBytes } = route.policies;
    if (maxBodyBytes === undefined) return [];
    const regions = regionsOf(route, tables).map((region) => allOf(...region.map(predicateOf), not(upgrade)));
    return regions.length > 0 ? [{ predicate: anyOf(regions), on_match: executed(bodyLimit(maxBodyBytes)) }] : [];
  });
  if (matchers.length === 0) return [];
  const config = {
    ...extension("common.matching.v3.ExtensionWithMatcher"),
    extension_config: { name: "composite", typed_config: extension("filters.http.composite.v3.Composite") },
    xds_matcher: { matcher_list: { matchers } },
  };
  return [atEnd("mesh.body-limits", config)];
}

function predicateOf({ name, string_match, invert_match }: HeaderMatcher): object {
  const predicate = header(name, string_match.safe_regex.regex);
  return invert_match ? not(predicate) : predicate;
}

function header(header_name: string, regex: string): object {
  const input = {
    name: header_name,
    typed_config: { "@type": "type.googleapis.com/envoy.type.matcher.v3.HttpRequestHeaderMatchInput", header_name },
  };
  return { single_predicate: { input, value_match: { safe_regex: { google_re2: {}, regex } } } };
}

const not = (predicate: object) => ({ not_matcher: predicate });
const anyOf = ([first = {}, ...others]: readonly object[]) =>
  others.length === 0 ? first : { or_matcher: { predicate: [first, ...others] } };
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
