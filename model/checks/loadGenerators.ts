import type { Application, Call } from "../application.ts";
import type { Workload } from "../callGraph.ts";
import { resolveCall, same, serviceHost } from "../names.ts";
import type { Problems } from "./problems.ts";

/** The port of a workload whose declaration is wrong: what would follow from that is not told. */
export const unknownPort = 0;

/** What load generators ask for must be among what they declare: anything else would only ever be refused. */
export function checkLoadGenerators(
  { namespace, loadGenerators = [] }: Application,
  all: readonly Workload[],
  problems: Problems,
): void {
  const host = serviceHost({ name: "<name>", namespace: "<namespace>" });
  for (const { name, url, calls } of loadGenerators) {
    if (calls.some((call) => allows(namespace, call, url, all))) continue;
    problems.refuse({ namespace, name }, ["url"], `http://${host}:<port><path> of one of its calls, with GET`);
  }
}

function allows(namespace: string, { to, methods, paths }: Call, url: string, all: readonly Workload[]): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname, port, pathname } = new URL(url);
  const callee = resolveCall(namespace, to);
  const listens = all.find((workload) => same(workload, callee))?.listens;
  const below = (path: string) => path === "/" || pathname === path || pathname.startsWith(`${path}/`);
  return (
    protocol === "http:" &&
    hostname === serviceHost(callee) &&
    [unknownPort, Number(port || 80)].includes(listens?.port ?? Number.NaN) &&
    (methods?.includes("GET") ?? true) &&
    (paths?.some(below) ?? true)
  );
}
