import type { Application, Call } from "../application.ts";
import type { Workload } from "../callGraph.ts";
import { type Account, nameOf, resolveCall, same } from "../names.ts";
import type { Problems } from "./problems.ts";

/** Whom an application's workloads call, of all there are, and what they ask for. */
export function checkCalls(
  { namespace, services, loadGenerators = [] }: Application,
  all: readonly Workload[],
  problems: Problems,
): void {
  for (const { name, calls = [] } of [...services, ...loadGenerators]) {
    const from = { namespace, name };
    for (const [index, call] of calls.entries()) {
      const callee = calleeOf(from, call, index, all, problems);
      if (callee?.listens?.protocol !== "tcp") continue;
      const none = "neither methods nor paths, which a database does not know";
      if (call.methods) problems.refuse(from, ["calls", index, "methods"], none);
      if (call.paths) problems.refuse(from, ["calls", index, "paths"], none);
    }
  }
}

function calleeOf(
  from: Account,
  { to }: Call,
  index: number,
  all: readonly Workload[],
  problems: Problems,
): Workload | undefined {
  const reachable = all.filter((workload) => workload.listens && !same(workload, from) && within(from, workload));
  const callee = reachable.find((workload) => same(workload, resolveCall(from.namespace, to)) && to.split("/").length <= 2);
  if (callee) return callee;
  const names = reachable.map((workload) => (workload.namespace === from.namespace ? workload.name : nameOf(workload)));
  const allowed = names.length > 0 ? `one of ${names.join(", ")}` : "no call, as there is nothing else to call";
  problems.refuse(from, ["calls", index, "to"], allowed);
  return undefined;
}

/** A database is for callers beside it: its password is in a Secret, which no pod of another namespace can read. */
function within(from: Account, { namespace, listens }: Workload): boolean {
  return listens?.protocol !== "tcp" || namespace === from.namespace;
}
