import { applyObjects } from "../../tests/lib/runningStack.ts";
import { type Account, accountsOf } from "./cgroups.ts";
import { containersOf, ownNamespaces, podOf, serviceOf, untilReady, workers } from "./cluster.ts";
import { type Load, loadFrom, type Outcome } from "./fortio.ts";
import { type AtEnd, say } from "./topic.ts";

/*
 * The same service and the same client twice: once without sidecars, once with them.
 */

export type Side = "plain" | "mesh";

/** Both, in the order of a round: each goes first as often as the other. */
export const sidesOf = (round: number): readonly Side[] => (round % 2 === 0 ? ["plain", "mesh"] : ["mesh", "plain"]);

/** What takes processor time for a request, by the part it plays. */
export type Part = "client" | "clientProxy" | "service" | "serviceProxy";

const namespaceOf = (side: Side) => `bench-${side}`;
const port = 8080;

/** A client and a service on two nodes of the cluster, where there are two. */
export interface Pair {
  /** Puts load on the service. @throws Error when a request fails: its time would say nothing. */
  load(load: Load): Promise<Outcome>;
  /** Processor time that each part has used so far, in seconds. */
  busy(): Promise<Partial<Record<Part, number>>>;
}

/** Makes both pairs, and warms them up: code is compiled, connections are open. */
export async function makePairs(atEnd: AtEnd): Promise<Readonly<Record<Side, Pair>>> {
  say("making namespaces bench-plain and bench-mesh, each with a client and a service");
  await ownNamespaces({ [namespaceOf("plain")]: false, [namespaceOf("mesh")]: true }, atEnd);
  const [near, far = near] = await workers();
  const sides: readonly Side[] = ["plain", "mesh"];
  await applyObjects(
    sides.flatMap((side) => {
      const namespace = namespaceOf(side);
      return [
        podOf({ namespace, name: "service", image: "product", node: far, port, ready: "/ready" }),
        serviceOf(namespace, "service", port),
        podOf({ namespace, name: "client", image: "fortio", args: ["server"], node: near, port, ready: "/fortio/" }),
      ];
    }),
  );
  await Promise.all(sides.map((side) => untilReady(namespaceOf(side), "service", "client")));
  const pairs = { plain: await pairOf("plain"), mesh: await pairOf("mesh") };
  for (const side of sides) {
    const { rate } = await pairs[side].load({ rate: 0, connections: 8, seconds: 3 });
    say(`${side}: warmed up, ${rate.toFixed(0)} requests/s at most`);
  }
  return pairs;
}

async function pairOf(side: Side): Promise<Pair> {
  const namespace = namespaceOf(side);
  const accounts = await accountsByPart(namespace);
  const expected = side === "mesh" ? 4 : 2;
  if (accounts.length !== expected) throw new Error(`${side}: ${accounts.length} containers take part instead of ${expected}`);
  return {
    load: (load) => loadFrom({ namespace, name: "client" }, `http://service:${port}/api/products`, load),
    async busy() {
      const used = await Promise.all(accounts.map(async ([part, account]) => [part, await account.busy()] as const));
      return Object.fromEntries(used);
    },
  };
}

async function accountsByPart(namespace: string): Promise<(readonly [Part, Account])[]> {
  const found = await Promise.all(
    (["client", "service"] as const).map(async (pod) => {
      const containers = await containersOf(namespace, pod);
      const proxy = containers["istio-proxy"];
      return [[pod, containers[pod] ?? ""] as const, ...(proxy ? [[`${pod}Proxy`, proxy] as const] : [])];
    }),
  );
  const parts: (readonly [Part, string])[] = found.flat();
  const accounts = await accountsOf(parts.map(([, id]) => id));
  return accounts.map((account, index) => [parts[index]?.[0] ?? "client", account]);
}
