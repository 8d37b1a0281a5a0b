import type { GatewayTls } from "./gatewaySettings.ts";
import { covers } from "./hosts.ts";
import type { Route } from "./route.ts";

/** Requests that a gateway knows, and whose they are. */
export interface Row {
  /** Tells it from the other rows: the delegate's name, and the version's where the path has one in it. */
  readonly name: string;
  /** Empty is everything. */
  readonly path: string;
  /** Whether nothing below the path is meant. */
  readonly exact: boolean;
  /** The only methods that are meant. @default all, or all but {@link otherMethods} */
  readonly methods?: readonly string[];
  /** Methods of the same path that are other rows'. @default none */
  readonly otherMethods?: readonly string[];
  readonly route: Route;
}

/** What becomes of requests for some hosts. */
export interface Table {
  /** @default every host that no other table has */
  readonly hosts?: readonly string[];
  /** In the order in which they are asked: what is more particular comes first. */
  readonly rows: readonly Row[];
}

/**
 * The tables of a gateway's routes. A host's own routes come before those for all hosts below a name, and these before those for every
 * host: what an earlier one takes as a whole a later one never gets, and has no row for there. Other hosts are those of plain HTTP.
 */
export function tablesOf(routes: readonly Route[], { hosts, plaintext }: GatewayTls): Table[] {
  const forAll = told(routes.filter((route) => !route.hosts).flatMap(routeRows));
  if (!routes.some((route) => route.hosts)) return forAll.length > 0 ? [{ rows: forAll }] : [];
  const tables = new Map<string, { readonly hosts: string[]; readonly rows: Row[] }>();
  for (const host of new Set([...hosts, ...routes.flatMap((route) => route.hosts ?? [])])) {
    const rows = rowsAt(host, routes);
    if (rows.length === 0) continue;
    const key = JSON.stringify(rows.map(({ route, ...row }) => [route.service.namespace, row]));
    const table = tables.get(key) ?? { hosts: [], rows };
    tables.set(key, table);
    table.hosts.push(host);
  }
  return [...tables.values(), ...(plaintext && forAll.length > 0 ? [{ rows: forAll }] : [])];
}

function rowsAt(host: string, routes: readonly Route[]): Row[] {
  const ranks = [
    routes.filter((route) => route.hosts?.includes(host)),
    routes.filter(({ hosts }) => hosts && !hosts.includes(host) && hosts.some((one) => covers(one, host))),
    routes.filter((route) => !route.hosts),
  ];
  const rows: Row[] = [];
  for (const rank of ranks)
    rows.push(...told(rank.flatMap(routeRows).filter((row) => !rows.some((first) => takesAll(first, row)))));
  return inOrder(rows);
}

/** The rows of one route: its path, and where versions can be asked for by path, one for each of them. */
export function routeRows(route: Route): Row[] {
  const { path, exact = false, versioned, versions, delegate } = route;
  const base = { name: delegate.name, path: exact ? path : trimmed(path), exact, route };
  if (versioned === undefined) return [base];
  const ofVersion = (version: string) => ({
    name: `${delegate.name}.${version}`,
    path: trimmed(versioned.replace("{version}", version)),
    exact,
    route,
  });
  return [base, ...versions.map(ofVersion)];
}

/** Rows of one rank, with the methods by which those of one path are told apart. The last one takes what is nobody's. */
function told(rows: readonly Row[]): Row[] {
  const alike = new Map<string, Row[]>();
  for (const row of rows) {
    const key = `${row.exact} ${row.path}`;
    alike.set(key, [...(alike.get(key) ?? []), row]);
  }
  const distinct = [...alike.values()].flatMap((group) => {
    if (group.length === 1) return group;
    const sorted = group.toSorted((a, b) => (fullName(a) < fullName(b) ? -1 : 1));
    const methodsOf = ({ route: { methods = [] } }: Row) => methods;
    return sorted.map((row, index) =>
      index < sorted.length - 1
        ? { ...row, methods: methodsOf(row) }
        : { ...row, otherMethods: sorted.slice(0, -1).flatMap(methodsOf) },
    );
  });
  return inOrder(distinct);
}

const fullName = ({ name, route }: Row) => `${route.service.namespace}/${name}`;

function inOrder(rows: readonly Row[]): Row[] {
  return rows.toSorted(
    (a, b) =>
      b.path.length - a.path.length ||
      (a.path === b.path ? 0 : a.path < b.path ? -1 : 1) ||
      Number(b.exact) - Number(a.exact) ||
      Number(b.methods !== undefined) - Number(a.methods !== undefined),
  );
}

/** Whether a row takes every request that another one is meant for. */
export function takesAll(row: Pick<Row, "path" | "exact">, other: Pick<Row, "path" | "exact">): boolean {
  if (row.exact) return other.exact && row.path === other.path;
  return row.path === "" || other.path === row.path || other.path.startsWith(`${row.path}/`);
}

/** Rows to which some of a row's requests go instead of to it. */
export function within(row: Row, { rows }: Table): Row[] {
  const isSame = (other: Row) => other.path === row.path && other.exact === row.exact;
  return rows.filter((other) => !isSame(other) && takesAll(row, other));
}

/** Without the last slash: `/` is the empty path, below which everything is. */
function trimmed(path: string): string {
  return path.replace(/\/$/, "");
}
