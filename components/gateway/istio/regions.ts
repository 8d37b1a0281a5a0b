import { literally } from "../../../lib/patterns.ts";
import { isBelow, isWithin } from "../../../model/hosts.ts";
import type { Route } from "../../../model/route.ts";
import { type Row, type Table, within } from "../../../model/routeTable.ts";

/** What a header of a request has to be, as Envoy has it; `:path`, `:method` and `:authority` are headers there. */
export interface HeaderMatcher {
  readonly name: string;
  readonly string_match: { readonly safe_regex: { readonly regex: string } };
  readonly invert_match?: true;
}

/** Requests that are a route's: all of a region's matchers hold for them, and those of one region at most. */
export type Region = readonly HeaderMatcher[];

/** The requests of a route: at its paths, wherever no other row begins, and under the hosts of each table that has it. */
export function regionsOf(route: Route, tables: readonly Table[]): Region[] {
  return tables.flatMap((table) =>
    table.rows
      .filter((row) => row.route === route)
      .map((row) => [...ofPath(row, table), ...ofMethod(row), ...ofHost(table, tables)]),
  );
}

export const matching = (name: string, regex: string): HeaderMatcher => ({ name, string_match: { safe_regex: { regex } } });
export const notMatching = (name: string, regex: string): HeaderMatcher => ({ ...matching(name, regex), invert_match: true });

function ofPath(row: Row, table: Table): HeaderMatcher[] {
  const others = [...new Set(within(row, table).map(pathPattern))];
  return [matching(":path", pathPattern(row)), ...(others.length > 0 ? [notMatching(":path", others.join("|"))] : [])];
}

/** A regular expression of whole request paths, with what clients ask in them. */
function pathPattern({ path, exact }: Row): string {
  return `${literally(path)}${exact ? "(\\?.*)?" : "([/?].*)?"}`;
}

function ofMethod({ methods, otherMethods }: Row): HeaderMatcher[] {
  return [
    ...(methods ? [matching(":method", methods.join("|"))] : []),
    ...(otherMethods ? [notMatching(":method", otherMethods.join("|"))] : []),
  ];
}

/** Of a table for all hosts there is nothing to tell. */
function ofHost({ hosts }: Table, tables: readonly Table[]): HeaderMatcher[] {
  const named = tables.flatMap((table) => table.hosts ?? []);
  const others = named.filter((host) => !hosts?.includes(host) && (!hosts || hosts.some((own) => isWithin(host, own))));
  return [
    ...(hosts ? [matching(":authority", hostPattern(hosts))] : []),
    ...(others.length > 0 ? [notMatching(":authority", hostPattern(others))] : []),
  ];
}

/** A host that is no name or address, with a port of digits or without: Envoy takes whatever is behind the last colon for one. */
export const malformedHost = notMatching(":authority", "(\\[[0-9A-Fa-f:.]+\\]|[^:\\[\\]]+)(:[0-9]+)?");

/** As Envoy looks for hosts: of names the longest decides, and neither case nor port matter. */
function hostPattern(hosts: readonly string[]): string {
  const each = hosts.map((host) => (isBelow(host) ? `[^:]+${literally(host.slice(1))}` : literally(host)));
  return `(?i:${each.join("|")})(:[0-9]+)?`;
}
