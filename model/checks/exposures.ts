import type { Application } from "../application.ts";
import { type Exposure, exposuresOf } from "../exposed.ts";
import type { GatewayFacts } from "../gateway.ts";
import type { GatewayTls } from "../gatewaySettings.ts";
import { covers } from "../hosts.ts";
import { type Account, nameOf } from "../names.ts";
import { type Route, routesOf } from "../route.ts";
import { type Row, type Table, tablesOf, takesAll } from "../routeTable.ts";
import type { Problems } from "./problems.ts";

/**
 * What gateways offer: for hosts that they serve, each request to one service on each gateway, and only on gateways that run.
 *
 * @param tls - undefined where the stack's settings of it are wrong, and what would follow is not told.
 */
export function checkExposures(
  applications: readonly Application[],
  running: readonly GatewayFacts[],
  tls: GatewayTls | undefined,
  problems: Problems,
): void {
  const gateways: readonly string[] = running.map(({ name }) => name);
  const offered: Offer[] = [];
  for (const { namespace, services } of applications) {
    for (const { name: service, versions, ...declared } of services) {
      for (const { name, exposure, methods } of exposuresOf(declared)) {
        const on = exposure.gateways ?? gateways;
        const own = { service: { namespace, name: service }, name, exposure, on, methods };
        checkPlaces(own, gateways, tls, problems);
        for (const [key, path] of pathsOf(exposure, versions)) {
          checkAlike({ ...own, key, path }, offered, problems);
          offered.push({ ...own, key, path });
        }
      }
    }
  }
  // What is wrong by itself may be in the way of others, which is not told.
  if (tls && problems.found.length === 0) checkTables(applications, running, tls, problems);
}

function refuse(
  { service, name }: Pick<Offer, "service" | "name">,
  path: PropertyKey[],
  allowed: string,
  problems: Problems,
): void {
  problems.refuse(service, ["exposed", name, ...path], allowed);
}

function checkPlaces(
  offer: Omit<Offer, "key" | "path">,
  gateways: readonly string[],
  tls: GatewayTls | undefined,
  problems: Problems,
): void {
  const { exposure } = offer;
  for (const [index, gateway] of (exposure.gateways ?? []).entries())
    if (!gateways.includes(gateway)) refuse(offer, ["gateways", index], `a gateway that runs: ${gateways.join(", ")}`, problems);
  if (!tls) return;
  for (const [index, host] of (exposure.hosts ?? []).entries()) {
    if (tls.hosts.some((one) => covers(one, host))) continue;
    refuse(offer, ["hosts", index], `a host that has a certificate, by mesh:tls.hosts: ${tls.hosts.join(", ")}`, problems);
  }
}

/** Of exposures with the same path at the same hosts, the method has to tell whose a request is. */
function checkAlike(offer: Offer, offered: readonly Offer[], problems: Problems): void {
  const { key, path } = offer;
  const place = (other: Offer) => `${nameOf(other.service)} exposed.${other.name}.${other.key} has ${path}`;
  const alike = offered.filter((other) => isAlike(offer, other));
  const first = alike.find((other) => haveMethod(offer, other));
  if (first) refuse(offer, [key], `a path that nobody else has; ${place(first)} already`, problems);
  const [beside] = alike;
  if (first || !beside) return;
  // A browser asks with OPTIONS before, and does not say for whom.
  for (const [one, other] of [[offer, beside] as const, [beside, offer] as const]) {
    if (!one.exposure.policies?.cors) continue;
    const allowed = `nothing where others have the path with other methods, as ${place(other)}`;
    refuse(one, ["policies", "cors"], allowed, problems);
  }
}

/** An exposure at one of its paths. */
interface Offer {
  readonly service: Account;
  readonly name: string;
  readonly exposure: Exposure;
  readonly key: "path" | "versioned";
  readonly path: string;
  readonly on: readonly string[];
  /** All where it is not said. */
  readonly methods: readonly string[] | undefined;
}

function pathsOf({ path, versioned }: Exposure, versions: readonly { readonly name: string }[]): [Offer["key"], string][] {
  const byVersion = versioned === undefined ? [] : versions.map(({ name }) => versioned.replace("{version}", name));
  return [["path", path], ...byVersion.map((path): [Offer["key"], string] => ["versioned", path])];
}

/** Whether only the method could tell requests for two exposures apart. */
function isAlike(one: Offer, other: Offer): boolean {
  const [hosts, others] = [one.exposure.hosts, other.exposure.hosts];
  const sameHosts = hosts && others ? hosts.some((host) => others.includes(host)) : hosts === others;
  const sameKind = (one.exposure.exact ?? false) === (other.exposure.exact ?? false);
  return sameHosts && sameKind && one.path === other.path && one.on.some((gateway) => other.on.includes(gateway));
}

function haveMethod({ methods }: Offer, other: Offer): boolean {
  return !methods || !other.methods || methods.some((method) => other.methods?.includes(method));
}

/** What a gateway's tables leave of exposures: each is reached, and found by what the gateway looks for. */
function checkTables(
  applications: readonly Application[],
  running: readonly GatewayFacts[],
  tls: GatewayTls,
  problems: Problems,
): void {
  const gateways = running.map(({ name }) => name);
  const routes = applications.flatMap((application) => routesOf(application, gateways));
  const loops = new Set<Route>();
  for (const gateway of running) {
    const { name, title } = gateway;
    const offered = routes.filter((route) => route.gateways.includes(name));
    const tables = tablesOf(offered, tls);
    const reached = new Set(tables.flatMap(({ rows }) => rows.map(({ route }) => route)));
    for (const route of offered.filter((one) => !reached.has(one))) {
      const allowed = `a path that ${title} has left: for all its hosts others, which name them, take everything`;
      refuse(route, ["path"], allowed, problems);
    }
    for (const route of endless(tables, tls)) loops.add(route);
    for (const { route, below } of gateway.unreachable?.(tables) ?? []) {
      const allowed = `a path of gRPC that is not below one of which ${title} tells methods apart, as ${below}`;
      refuse(route, ["path"], allowed, problems);
    }
  }
  for (const route of loops) refuse(route, ["redirect"], "where the exposure itself does not take it again", problems);
}

/** Redirects that lead back to themselves, maybe by others. */
function endless(tables: readonly Table[], tls: GatewayTls): Set<Route> {
  const loops = new Set<Route>();
  for (const table of tables) {
    for (const row of table.rows) {
      const seen = new Set<Row>();
      for (let at = target({ table, row }, tables, tls); at && !seen.has(at.row); at = target(at, tables, tls)) seen.add(at.row);
      if (seen.has(row)) loops.add(row.route);
    }
  }
  return loops;
}

interface Place {
  readonly table: Table;
  readonly row: Row;
}

/** Where a redirect leads among what gateways serve. */
function target({ table, row }: Place, tables: readonly Table[], tls: GatewayTls): Place | undefined {
  const { redirect } = row.route;
  if (!redirect) return undefined;
  const { host, path } = redirect;
  if (host !== undefined && !tls.hosts.some((one) => covers(one, host))) return undefined;
  const own = (is: (one: string, host: string) => boolean) =>
    tables.find(({ hosts }) => hosts?.some((one) => is(one, host ?? "")));
  const at = host === undefined ? table : (own(Object.is) ?? own(covers) ?? tables.find(({ hosts }) => !hosts));
  const asked = path === undefined ? row : { path, exact: true };
  const found = at?.rows.find((one) => takesAll(one, asked));
  return at && found && { table: at, row: found };
}
