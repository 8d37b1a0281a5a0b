import { type Account, nameOf, resolveCall, same, type Workload } from "../callGraph.ts";
import type { ApplicationSpec, Call } from "../spec.ts";
import type { Problems } from "./Problems.ts";
import { method, path, someOrAbsent } from "./rules.ts";

/** Whom an application's workloads call, of all there are, and what they ask for. */
export function checkCalls(
  { namespace, services, loads = [] }: ApplicationSpec,
  all: readonly Workload[],
  problems: Problems,
): void {
  for (const { name, calls = [] } of [...services, ...loads]) {
    const from = { namespace, name };
    for (const [index, call] of calls.entries()) {
      const place = `${nameOf(from)} calls[${index}]`;
      const callee = checkCallee(from, call, place, all, problems);
      if (callee) checkOperation(call, callee, place, problems);
      const twice = calls.slice(0, index).some((other) => JSON.stringify(other) === JSON.stringify(call));
      if (twice) problems.refuse(place, call.to, "each call once");
    }
  }
}

function checkCallee(
  from: Account,
  { to }: Call,
  place: string,
  all: readonly Workload[],
  problems: Problems,
): Workload | undefined {
  const reachable = all.filter((workload) => workload.listens && !same(workload, from) && within(from, workload));
  const callee = reachable.find((workload) => same(workload, resolveCall(from.namespace, to)) && to.split("/").length <= 2);
  if (callee) return callee;
  const names = reachable.map((workload) => (workload.namespace === from.namespace ? workload.name : nameOf(workload)));
  problems.refuse(place, to, names.length > 0 ? `one of ${names.join(", ")}` : "no call, as there is nothing else to call");
  return undefined;
}

/** A database is for callers beside it: its password is in a Secret, which no pod of another namespace can read. */
function within(from: Account, { namespace, listens }: Workload): boolean {
  return listens?.protocol !== "tcp" || namespace === from.namespace;
}

function checkOperation({ methods, paths }: Call, { listens }: Workload, place: string, problems: Problems): void {
  if (listens?.protocol === "tcp") {
    const none = "neither methods nor paths, which a database does not know";
    if (methods) problems.refuse(`${place}.methods`, methods, none);
    if (paths) problems.refuse(`${place}.paths`, paths, none);
    return;
  }
  problems.rule(`${place}.methods`, methods, someOrAbsent("every method"));
  problems.rule(`${place}.paths`, paths, someOrAbsent("every path"));
  for (const [index, value] of (methods ?? []).entries()) problems.rule(`${place}.methods[${index}]`, value, method);
  for (const [index, value] of (paths ?? []).entries()) problems.rule(`${place}.paths[${index}]`, value, path);
}
