import { type Application, ownWorkloads } from "../application.ts";
import type { Call } from "../calls.ts";
import { type Account, nameOf, resolveCall, same } from "../names.ts";
import { hasRequests, portNamed } from "../ports.ts";
import type { Known, Problems } from "./problems.ts";

/** Whom an application's workloads call, of all there are, and what they ask for. */
export function checkCalls(application: Application, all: readonly Known[], problems: Problems): void {
  const { namespace, loadGenerators = [] } = application;
  for (const { name, calls = [] } of [...ownWorkloads(application), ...loadGenerators]) {
    for (const [index, call] of calls.entries()) checkCall({ namespace, name }, call, index, all, problems);
  }
}

function checkCall(from: Account, call: Call, index: number, all: readonly Known[], problems: Problems): void {
  const callee = calleeOf(from, call, index, all, problems);
  if (!callee || callee.unread) return;
  const refuse = (option: keyof Call, allowed: string) => problems.refuse(from, ["calls", index, option], allowed);
  const port = portNamed(callee.ports, call.port);
  if (!port) refuse("port", `one of its ports ${callee.ports.map(({ name }) => name).join(", ")}`);
  else if (!hasRequests(port.protocol)) {
    const none = `neither methods nor paths, which nobody sees on a port of protocol ${port.protocol}`;
    if (call.methods) refuse("methods", none);
    if (call.paths) refuse("paths", none);
  } else if (port.protocol === "grpc" && call.methods) {
    refuse("methods", "paths such as /package.Service/Method, as the port is of gRPC");
  }
}

function calleeOf(from: Account, { to }: Call, index: number, all: readonly Known[], problems: Problems): Known | undefined {
  const reachable = all.filter(isCallable);
  const callee = reachable.find((workload) => same(workload, resolveCall(from.namespace, to)) && to.split("/").length <= 2);
  if (callee) return callee;
  const names = reachable.map((workload) => (workload.namespace === from.namespace ? workload.name : nameOf(workload)));
  const allowed = names.length > 0 ? `one of ${names.join(", ")}` : "no call, as there is nothing else to call";
  problems.refuse(from, ["calls", index, "to"], allowed);
  return undefined;
}

const isCallable = ({ ports, unread }: Known) => ports.length > 0 || unread === true;
