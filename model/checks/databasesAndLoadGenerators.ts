import type { LoadSpec } from "../../components/app/LoadGenerator.ts";
import { resolveCall, same, type Workload } from "../callGraph.ts";
import { serviceHost } from "../serviceHost.ts";
import type { ApplicationSpec, Call } from "../spec.ts";
import type { Problems } from "./Problems.ts";
import { matching } from "./rules.ts";

const identifier = matching(
  /^[a-z_][a-z0-9_]{0,62}$/,
  "lower-case letters, digits and underscores, not beginning with a digit, at most 63 long",
);
/** PostgreSQL keeps names of roles that begin so for itself. */
const userName = matching(
  /^(?!pg_|public$|none$)[a-z_][a-z0-9_]{0,62}$/,
  "lower-case letters, digits and underscores, not beginning with a digit or pg_, neither public nor none, at most 63 long",
);
const quantity = matching(/^[1-9]\d{0,5}(Mi|Gi|Ti)$/, "a size such as 500Mi or 1Gi");

/** Databases: they call nobody, and no gateway offers them. */
export function checkDatabases({ namespace, databases = [] }: ApplicationSpec, problems: Problems): void {
  for (const database of databases) {
    const place = `${namespace}/${database.name}`;
    problems.rule(`${place} database`, database.database, identifier);
    problems.rule(`${place} user`, database.user, userName);
    problems.rule(`${place} storage`, database.storage, quantity);
  }
}

/** Loads: what they ask for must be among what they declare, or they would only ever be refused. */
export function checkLoads({ namespace, loads = [] }: ApplicationSpec, all: readonly Workload[], problems: Problems): void {
  for (const load of loads) {
    const place = `${namespace}/${load.name}`;
    if (!(load.qps > 0 && load.qps <= 10_000)) problems.refuse(`${place} qps`, load.qps, "a number above 0, at most 10000");
    if (!load.calls.some((call) => allows(namespace, call, load, all))) {
      problems.refuse(
        `${place} url`,
        load.url,
        `http://${serviceHost({ name: "<name>", namespace: "<namespace>" })}:<port><path> of one of its calls, with GET`,
      );
    }
  }
}

function allows(
  namespace: string,
  { to, methods, paths }: Call,
  { url }: Pick<LoadSpec, "url">,
  all: readonly Workload[],
): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname, port, pathname } = new URL(url);
  const callee = resolveCall(namespace, to);
  const listens = all.find((workload) => same(workload, callee))?.listens;
  const below = (path: string) => path === "/" || pathname === path || pathname.startsWith(`${path}/`);
  return (
    protocol === "http:" &&
    hostname === serviceHost(callee) &&
    Number(port || 80) === listens?.port &&
    (methods?.includes("GET") ?? true) &&
    (paths?.some(below) ?? true)
  );
}
