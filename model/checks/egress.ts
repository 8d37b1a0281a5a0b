import { type Application, ownWorkloads } from "../application.ts";
import type { Call } from "../calls.ts";
import type { Destination } from "../egress.ts";
import { type Account, nameOf, resolveCall, same } from "../names.ts";
import { hasRequests, type Port, portNamed } from "../ports.ts";
import type { Known, Problems } from "./problems.ts";

/**
 * What workloads reach outside: no name of the cluster, nothing on a port of a call of the same workload, and each host on each port alike
 * for all workloads of a namespace, as it is known there once.
 */
export function checkEgress(application: Application, all: readonly Known[], problems: Problems): void {
  const { namespace } = application;
  const reached: Reached[] = [];
  for (const { name, calls = [], egress = [] } of ownWorkloads(application)) {
    const workload = { namespace, name };
    const inside = calls.flatMap((call) => calledPort(namespace, call, all) ?? []);
    for (const { hosts, ...own } of egress) {
      const refuse = (option: PropertyKey[], allowed: string, given?: unknown) =>
        problems.refuse(workload, ["egress", own.name, ...option], allowed, given);
      const isTaken = inside.some(
        ({ port, protocol }) => port === own.port && !(own.protocol === "http" && hasRequests(protocol)),
      );
      const apart = "a port that none of its calls has, unless HTTP is spoken on both: proxies tell others apart by it";
      if (isTaken) refuse(["port"], apart, own.port);
      for (const [index, host] of hosts.entries()) {
        const inCluster = all.find((known) => host === `${known.name}.${known.namespace}`);
        if (inCluster) refuse(["hosts", index], `a host outside the cluster; ${nameOf(inCluster)} is reached with calls`);
        const one: Reached = { workload, host, destination: own };
        const other = reached.find((known) => conflict(known, one));
        if (other) {
          const alike = `a host that is reached as ${nameOf(other.workload)} reaches ${other.host} on port ${own.port}`;
          refuse(["hosts", index], alike);
        }
        reached.push(one);
      }
    }
  }
}

/** A host that a workload reaches. */
interface Reached {
  readonly workload: Account;
  readonly host: string;
  readonly destination: Omit<Destination, "hosts">;
}

/** Whether proxies of both workloads would know a host on a port twice, and in two ways. */
function conflict(one: Reached, other: Reached): boolean {
  const [a, b] = [one.destination, other.destination];
  if (a.port !== b.port || same(one.workload, other.workload)) return false;
  const differ = (["protocol", "originate", "target"] as const).some((way) => a[way] !== b[way]);
  return differ && (covers(one.host, other.host) || covers(other.host, one.host));
}

/** Whether a name is a host, or all below another that it is below. */
const covers = (name: string, host: string) => name === host || (name.startsWith("*.") && host.endsWith(name.slice(1)));

/** The port that a call is for. */
function calledPort(namespace: string, { to, port }: Call, all: readonly Known[]): Port | undefined {
  const callee = all.find((workload) => same(workload, resolveCall(namespace, to)));
  return portNamed(callee?.ports ?? [], port);
}
