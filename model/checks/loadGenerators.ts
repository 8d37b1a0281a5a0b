import type { Application } from "../application.ts";
import type { Call } from "../calls.ts";
import { resolveCall, same, serviceHost } from "../names.ts";
import { portNamed } from "../ports.ts";
import type { Known, Problems } from "./problems.ts";

/** What load generators ask for must be among what they declare: anything else would only ever be refused. */
export function checkLoadGenerators(
  { namespace, loadGenerators = [] }: Application,
  all: readonly Known[],
  problems: Problems,
): void {
  const host = serviceHost({ name: "<name>", namespace: "<namespace>" });
  for (const { name, url, calls } of loadGenerators) {
    if (calls.some((call) => allows(namespace, call, url, all))) continue;
    problems.refuse({ namespace, name }, ["url"], `http://${host}:<port><path> of one of its calls, with GET`);
  }
}

function allows(namespace: string, call: Call, url: string, all: readonly Known[]): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname, port, pathname } = new URL(url);
  const callee = resolveCall(namespace, call.to);
  const known = all.find((workload) => same(workload, callee));
  const asked = portNamed(known?.ports ?? [], call.port);
  const isAsked = asked?.port === Number(port || 80) && ["http", "http2"].includes(asked.protocol);
  const below = (path: string) => path === "/" || pathname === path || pathname.startsWith(`${path}/`);
  return (
    protocol === "http:" &&
    hostname === serviceHost(callee) &&
    (isAsked || known?.unread === true) &&
    (call.methods?.includes("GET") ?? true) &&
    (call.paths?.some(below) ?? true)
  );
}
