import { setTimeout as pause } from "node:timers/promises";
import { beforeAll, expect, test } from "@jest/globals";
import { principalOf } from "../../model/callGraph.ts";
import { record } from "../../report/records.ts";
import { accountOf } from "../lib/matrixRows.ts";
import { bringUp, haveUp, outputs, saw } from "../lib/runningStack.ts";
import { quantile } from "../lib/statistics.ts";
import { type Asker, withCallers, withNamespace } from "./support/inside/pods.ts";
import type { Asked, Kept, Target } from "./support/inside/protocol.ts";
import { hostOf } from "./support/matrix.ts";
import { type PortForward, withPortForwards } from "./support/portForwards.ts";
import { type Endpoint, endpointsOf } from "./support/probes.ts";
import { begin, Policy, type Revoked, revoke, type Watch } from "./support/revocation.ts";
import { deployProduct } from "./support/settings.ts";

/*
 * A policy is tightened: how long somebody is served who is connected already, by a workload and by the gateway. One product is
 * what is forbidden, so that nobody else notices.
 */

const callee = "product/product";
const gateway = "istio-ingress/istio-ingressgateway";
const outside = "wire-outside";
const path = "/api/products/1";
const rounds = 12;
/** One asks each tenth of a second, for longer than a revocation may take. */
const idle = 24;
const atMost = 2_000;

/** Who may call it, as `namespace/account`; and where it is asked for. */
let caller: string;
let service: Target;
let pods: readonly Endpoint[];
let listeners: readonly Endpoint[];

beforeAll(async () => {
  await haveUp();
  const rows = outputs().matrix.filter(({ to, allowed }) => to === callee && allowed);
  const row = rows.find(({ from }) => from !== gateway) ?? rows[0];
  caller = String(row?.from);
  service = { host: hostOf(callee), port: Number(row?.port) };
  const endpoints = await endpointsOf([callee, gateway]);
  pods = endpoints.get(callee) ?? [];
  listeners = (endpoints.get(gateway) ?? []).filter(({ port }) => port === 8080);
});

test("who is connected when a policy is tightened is refused within two seconds, busy or idle, by a workload and by the gateway", async () => {
  const measured = await withAskers(async (inside, from, api) => {
    const direct = pods.map((pod): Target => ({ ...pod, tls: "own" }));
    const watches: Watch[] = [
      {
        asker: inside,
        policy: new Policy(api, "product", denied("app", "product", { principals: [principalOf(accountOf(caller))] })),
        path,
        busy: [...direct, service, service, service],
        idle: spread(direct, idle),
      },
      {
        asker: from,
        policy: new Policy(api, "istio-ingress", denied("istio", "ingressgateway", { remoteIpBlocks: ["0.0.0.0/0"] })),
        path,
        busy: spread(listeners, 4),
        idle: spread(listeners, idle),
      },
    ];
    await Promise.all(watches.map(begin));
    const all: (readonly Revoked[])[] = [];
    while (all.length < rounds) all.push(await revoke(watches));
    await Promise.all(watches.map(({ asker }) => asker.stop()));
    return watches.map((_, index) => all.flatMap((round) => round[index] ?? []));
  });
  for (const [index, who] of ["a workload's proxies", "the gateway's"].entries()) {
    const own = measured[index] ?? [];
    const once = own.reduce((sum, { servedOnce }) => sum + servedOnce, 0);
    saw(`${who}, ${own.length} rounds: busy ${told(own.map(({ busy }) => busy))}; idle ${told(own.map(({ idle }) => idle))}`);
    saw(`  of ${own.length * idle} idle connections ${once} were served once more`);
    expect(own).toHaveLength(rounds);
    expect(Math.max(...own.flatMap(({ busy, idle }) => [busy, idle]))).toBeLessThanOrEqual(atMost);
  }
  const [mesh = []] = measured;
  busyAndIdle = { busy: mesh.map(({ busy }) => busy), idle: mesh.map(({ idle }) => idle) };
});

/** For the record, which holds what it costs too. */
let busyAndIdle: { readonly busy: readonly number[]; readonly idle: readonly number[] } = { busy: [], idle: [] };

test("what that costs: a request longer than the drain is cut off by a change of its workload's policies, and repeated", async () => {
  const alone = spread(
    pods.map((pod): Target => ({ ...pod, tls: "own" })),
    20,
  );
  const behind = spread([service], 20);
  const long = "/api/products?delay=3000";
  try {
    // The platform's own tries end after 1.2 s, and so would all of these.
    await deployProduct({ resilience: { timeout: "25s", retries: { perTryTimeout: "6s" } } });
    const { short, cut, repeated } = await withAskers(async (inside, _from, api) => ({
      // Before others, whose policies go when they are done: that is a change too.
      short: await changedUnder(inside, api, { targets: alone, path: "/api/products?delay=700" }),
      cut: await changedUnder(inside, api, { targets: alone, path: long }),
      repeated: await changedUnder(inside, api, { targets: behind, path: long }),
    }));
    const failed = (asked: readonly Asked[]) => asked.filter(({ status }) => status !== 200).length;
    const cost =
      `Of ${cut.length} requests of 3 s under way while a policy of their workload changes, ${failed(cut)} are cut off where nobody repeats them, ` +
      `${failed(repeated)} behind a proxy that does; of as many that take 0.7 s, with nobody to repeat them, ${failed(short)}.`;
    saw(cost);
    expect(cut.length).toBe(20);
    expect(failed(cut)).toBeGreaterThan(0);
    expect([failed(repeated), failed(short)]).toEqual([0, 0]);
    await record("revocation", "make wire T=3-revocation", { ...busyAndIdle, cost });
  } finally {
    await bringUp();
  }
});

/** Asks everybody at once and changes a policy, which concerns none of them, while that is under way. */
async function changedUnder(asker: Asker, api: PortForward, kept: Kept): Promise<Asked[]> {
  const policy = new Policy(
    api,
    "product",
    denied("app", "product", { principals: [principalOf({ namespace: "product", name: "nobody" })] }),
  );
  const asked = asker.askAll(kept);
  await pause(300);
  await policy.write();
  try {
    return await asked;
  } finally {
    await policy.remove();
  }
}

/** Does something with a pod that has the caller's account, one without a proxy, and the API server. */
function withAskers<T>(use: (inside: Asker, from: Asker, api: PortForward) => Promise<T>): Promise<T> {
  const callers = [
    { account: caller, past: pods.map(({ host }) => host) },
    { account: `${outside}/default`, meshed: false },
  ];
  return withNamespace(outside, () =>
    withPortForwards([["proxy", "--port=0"]], ([api]) =>
      withCallers(callers, async ([inside, from]) => {
        if (!api || !inside || !from) throw new Error("nobody to ask");
        return use(inside, from, api);
      }),
    ),
  );
}

/** Callers of a kind, at one product, to pods with a label. */
function denied(label: string, value: string, source: object): object {
  const to = [{ operation: { ports: ["8080"], paths: [path] } }];
  return { selector: { matchLabels: { [label]: value } }, action: "DENY", rules: [{ from: [{ source }], to }] };
}

/** So many, each of the targets in its turn. */
function spread<T>(targets: readonly T[], count: number): T[] {
  return Array.from({ length: count }, (_, index) => targets[index % targets.length] as T);
}

function told(values: readonly number[]): string {
  return `p50 ${quantile(values, 0.5)} ms, worst ${Math.max(...values)} ms`;
}
