import type { Route } from "../../model/route.ts";

/** A path that a gateway knows, and whose it is. */
export interface Row {
  /** Tells it from the other rows: the delegate's name, and the version's where the path has one in it. */
  readonly name: string;
  readonly path: string;
  readonly route: Route;
}

/** The rows of a gateway's table in the order in which it asks them: what is more particular comes first. */
export function tableOf(routes: readonly Route[]): Row[] {
  return routes.flatMap(routeRows).sort((a, b) => b.path.length - a.path.length || (a.path < b.path ? -1 : 1));
}

/** The rows of one route: its path, and where versions can be asked for by path, one for each of them. */
export function routeRows(route: Route): Row[] {
  const { path, versioned, versions, delegate } = route;
  const base = { name: delegate.name, path: trimmed(path), route };
  if (versioned === undefined) return [base];
  const ofVersion = (version: string) => ({
    name: `${delegate.name}-${version}`,
    path: trimmed(versioned.replace("{version}", version)),
    route,
  });
  return [base, ...versions.map(ofVersion)];
}

/** Paths below one of the route's that are somebody else's, so that the route's policies do not hold there. */
export function pathsOwnedByOtherRoutes(route: Route, routes: readonly Route[]): string[] {
  const own = routeRows(route).map(({ path }) => path);
  const others = tableOf(routes.filter((other) => other !== route)).map(({ path }) => path);
  return others.filter((path) => own.some((base) => path !== base && path.startsWith(`${base}/`)));
}

/** Without the last slash: `/` is the empty path, below which everything is. */
function trimmed(path: string): string {
  return path.replace(/\/$/, "");
}
