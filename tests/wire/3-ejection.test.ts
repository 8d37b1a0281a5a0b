import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Mark, record } from "../../report/records.ts";
import { bringUp, eventually, haveUp, kubeGet, saw } from "../lib/runningStack.ts";
import { atGateway, type Envoy, productVersion } from "./support/envoy.ts";
import { type Reply, slicesOf, underLoad } from "./support/load.ts";
import { productUrl } from "./support/product.ts";
import { deployProduct } from "./support/settings.ts";

/** The three pods of one version, so that the shares of the canary do not matter. */
const version = "v1";
/** Seconds: how often is looked whether an ejection is over, and how long it lasts. */
const interval = 5;
const baseTime = 15;
/** Requests a second. */
const rate = 40;
/** Requests that were sent before a proxy ejected the pod are answered within so many ms. */
const settling = 500;

beforeAll(async () => {
  await haveUp();
  // With retries, no client would see a pod fail.
  const ejection = { consecutive5xx: 5, interval: `${interval}s`, time: `${baseTime}s` };
  await deployProduct({ resilience: { retries: { attempts: 0 }, ejection } });
});

afterAll(async () => {
  await bringUp();
});

test("one of three pods fails: it is ejected, gets no request, and comes back", async () => {
  const { name: failing, address } = await firstPod();
  const { times, replies } = await atGateway((proxies) => timeline(proxies, failing, address));
  const { begun, fails, ejected, recovers, back } = times;
  const marks: Mark[] = Object.entries({ fails, ejected, recovers, back }).map(([what, at]) => ({
    what,
    at: (at - begun) / 1_000,
  }));
  const slices = slicesOf(replies, "pod", begun, 1);
  await record("ejection", "make wire T=3-ejection", { failing, slices, marks, interval, baseTime });

  const between = (from: number, to: number) => replies.filter(({ asked }) => asked >= from && asked < to);
  const share = (of: readonly Reply[]) => of.filter(({ pod }) => pod === failing).length / of.length;
  const failed = replies.filter(({ status }) => status !== 200);
  // No gateway has ejected it before it failed, nor takes it back sooner than that.
  const away = between(ejected + settling, fails + baseTime * 1_000);
  const shares = { before: share(between(begun, fails)), away: share(away), after: share(between(back + settling, Date.now())) };
  saw(
    `${failing} fails: ejected after ${(ejected - fails) / 1_000} s and ${failed.length} failures, back after ${(back - ejected) / 1_000} s; ` +
      `its share ${JSON.stringify(shares)}, of ${away.length} requests while it was away`,
  );
  // Five in a row at a gateway, and what was under way.
  expect(failed.length).toBeGreaterThanOrEqual(5);
  expect(failed.filter(({ asked }) => asked < fails || asked > ejected + settling)).toEqual([]);
  expect((ejected - fails) / 1_000).toBeLessThan(interval + 1);
  expect(away.length).toBeGreaterThan(rate * (baseTime - interval - 2));
  expect(shares.away).toBe(0);
  expect((back - fails) / 1_000).toBeGreaterThan(baseTime);
  expect((back - ejected) / 1_000).toBeLessThan(baseTime + interval + 2);
  expect(shares.before).toBeGreaterThan(0.25);
  expect(shares.after).toBeGreaterThan(0.25);
});

/** When what happened, in ms since 1970, and all that was asked meanwhile. */
interface Timeline {
  readonly times: Readonly<Record<"begun" | "fails" | "ejected" | "recovers" | "back", number>>;
  readonly replies: readonly Reply[];
}

/** A pod fails, and recovers some seconds after every gateway says that it has ejected it. */
async function timeline(proxies: readonly Envoy[], failing: string, address: string): Promise<Timeline> {
  const times = { begun: Date.now(), fails: 0, ejected: 0, recovers: 0, back: 0 };
  /** Which of the gateways say so. */
  const ejections = () =>
    Promise.all(proxies.map(async (proxy) => (await proxy.ejected(productVersion(version))).includes(address)));
  const faulty = { "x-fault-status": "500", "x-fault-pod": failing };
  const headers = () => (times.fails > 0 && times.recovers === 0 ? faulty : {}) as Record<string, string>;
  const happenings = async (soFar: readonly Reply[]) => {
    const someSeconds = async () => {
      const enough = soFar.length + 5 * rate;
      await eventually("some hundred answers", 30, async () => expect(soFar.length).toBeGreaterThan(enough));
    };
    await someSeconds();
    expect(await ejections()).not.toContain(true);
    times.fails = Date.now();
    await eventually("its ejection", 2 * interval, async () => expect(await ejections()).not.toContain(false));
    times.ejected = Date.now();
    await someSeconds();
    times.recovers = Date.now();
    await eventually("its return", baseTime + 2 * interval, async () => expect(await ejections()).not.toContain(true));
    times.back = Date.now();
    await someSeconds();
  };
  // New connections, so that every gateway gets some of them.
  const replies = await underLoad(rate, happenings, productUrl(version), { headers, keepAlive: false });
  return { times, replies };
}

async function firstPod(): Promise<{ readonly name: string; readonly address: string }> {
  interface Pod {
    readonly metadata: { readonly name: string };
    readonly status: { readonly podIP: string };
  }
  const { items } = await kubeGet<{ items: Pod[] }>("pods", "--namespace=product", `--selector=app=product,version=${version}`);
  const [pod] = items;
  if (!pod) throw new Error(`no pod of ${version}`);
  return { name: pod.metadata.name, address: pod.status.podIP };
}
