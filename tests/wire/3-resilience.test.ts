import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { milliseconds } from "../../model/durations.ts";
import { defaultResilience } from "../../model/resilience.ts";
import { bringUp, eventually, haveUp, saw } from "../lib/runningStack.ts";
import { attempts } from "./support/attempts.ts";
import { atGateway, type Envoy, productVersion, withProxies } from "./support/envoy.ts";
import { fortioLoad } from "./support/fortio.ts";
import { type Asked, ask, type Reply } from "./support/load.ts";
import { productUrl } from "./support/product.ts";
import { deployProduct } from "./support/settings.ts";

/** The three pods of one version, so that the shares of the canary do not matter. */
const version = "v1";
const destination = productVersion(version);
/** Of all tries together, in ms, where a stack says nothing else; and what may pass beyond it until the client has its answer. */
const timeout = milliseconds(defaultResilience.timeout) ?? Number.NaN;
const grace = 200;

beforeAll(async () => {
  await haveUp();
});

afterAll(async () => {
  await bringUp();
});

async function counted(proxies: readonly Envoy[], counter: string): Promise<number> {
  const counts = await Promise.all(proxies.map((proxy) => proxy.counted(destination, counter)));
  return counts.reduce((sum, count) => sum + count, 0);
}

const statuses = (replies: readonly Reply[]) => replies.map(({ status }) => status);
const slowest = (replies: readonly Reply[]) => Math.max(...replies.map(({ ms }) => ms));
const fastest = (replies: readonly Reply[]) => Math.min(...replies.map(({ ms }) => ms));

describe("a request that fails or is slow", () => {
  beforeAll(async () => {
    // Nobody is ejected, so that each try finds all three pods; POST is let in, so that it can fail.
    const failures = 1_000;
    await deployProduct({
      exposed: { products: { methods: ["GET", "HEAD", "POST"] } },
      resilience: { ejection: { consecutive5xx: failures } },
    });
    await atGateway((proxies) =>
      eventually("no ejection by any gateway", 20, async () => {
        for (const proxy of proxies) expect(await proxy.ejectsAfter(destination)).toBe(failures);
      }),
    );
    await withProxies(["product/product"], (proxies) =>
      eventually("POST let in by every pod, and no connection from before", 20, async () => {
        const asked = await ask(productUrl(version), 48, { method: "POST", keepAlive: false });
        expect(statuses(asked)).toEqual(Array(48).fill(405));
        for (const proxy of proxies) expect(await proxy.draining()).toBe(0);
      }),
    );
  });

  /** Asks for a product n times at once, each with a key of its own, for which every pod fails once. */
  const failing = async (product: number, n: number, { delay = 0, ...asked }: Asked & { readonly delay?: number } = {}) => {
    const faults = `fail-first=1&delay=${delay}&key=${product}-${Date.now()}`;
    const urls = Array.from({ length: n }, (_, index) => `${productUrl(version)}/${product}?${faults}-${index}`);
    return (await Promise.all(urls.map((url) => ask(url, 1, asked)))).flat();
  };

  test("GET is tried again until it is answered, and each try reaches the service", async () => {
    await atGateway(async (proxies) => {
      const [since, before] = [Date.now(), await counted(proxies, "upstream_rq_retry")];
      const replies = await failing(2, 20);
      expect(statuses(replies)).toEqual(Array(20).fill(200));
      const retried = (await counted(proxies, "upstream_rq_retry")) - before;
      const tries = await eventually("the service's log", 10, async () => {
        const tries = await attempts("GET", "/api/products/2", since);
        expect([tries[200], tries[503]]).toEqual([20, retried]);
        return tries;
      });
      saw(
        `20 times GET: ${JSON.stringify(tries)} at the service, ${retried} tried again by the gateway; slowest ${slowest(replies).toFixed(0)} ms`,
      );
      // Every pod failed it once, unless a further try came to the one before.
      expect(retried).toBeGreaterThanOrEqual(40);
      expect(retried).toBeLessThanOrEqual(60);
      expect(slowest(replies)).toBeLessThan(timeout);
    });
  });

  test("tries that take their time are answered within the timeout", async () => {
    const replies = await failing(4, 5, { delay: 900 });
    saw(`four tries of 0.9 s: ${statuses(replies)} after ${slowest(replies).toFixed(0)} ms`);
    expect(statuses(replies)).toEqual(Array(5).fill(200));
    expect(slowest(replies)).toBeLessThan(timeout);
  });

  test("POST is not tried again: the client sees the failure", async () => {
    const since = Date.now();
    const replies = await failing(3, 20, { method: "POST" });
    expect(statuses(replies)).toEqual(Array(20).fill(503));
    const tries = await eventually("the service's log", 10, async () => {
      const tries = await attempts("POST", "/api/products/3", since);
      expect(Object.values(tries).reduce((sum, n) => sum + n, 0)).toBeGreaterThanOrEqual(20);
      return tries;
    });
    saw(`20 times POST: ${JSON.stringify(tries)} at the service`);
    expect(tries).toEqual({ 503: 20 });
  });

  test("one that fails for good is given up after three further tries", async () => {
    const since = Date.now();
    expect(statuses(await ask(`${productUrl(version)}/1?status=503`, 5, { concurrency: 1 }))).toEqual(Array(5).fill(503));
    await eventually("the service's log", 10, async () => {
      expect(await attempts("GET", "/api/products/1", since)).toEqual({ 503: 20 });
    });
  });

  test("a slow service is given up within the timeout", async () => {
    const slow = `${productUrl(version)}?delay=20000`;
    const late: number[] = [];
    // Once more where this machine itself paused for longer than the grace: the proxies' own lateness would come back.
    while (late.length < 3 && (late.at(-1) ?? grace) >= grace) {
      const [get, post] = await Promise.all([
        ask(slow, 10, { concurrency: 10 }),
        ask(slow, 10, { concurrency: 10, method: "POST" }),
      ]);
      for (const [method, replies] of Object.entries({ GET: get, POST: post })) {
        saw(`10 times ${method}: 504 after ${fastest(replies).toFixed(0)} to ${slowest(replies).toFixed(0)} ms`);
        expect(statuses(replies)).toEqual(Array(10).fill(504));
      }
      // Four tries of 1.2 s each; and one that may take it all.
      expect(fastest(get)).toBeGreaterThan(4_700);
      expect(fastest(post)).toBeGreaterThan(timeout - 50);
      late.push(slowest([...get, ...post]) - timeout);
    }
    expect(Math.min(...late)).toBeLessThan(grace);
  });
});

describe("a small pool", () => {
  const pool = { maxConnections: 4, maxPendingRequests: 4 };

  beforeAll(async () => {
    // What it refuses reaches the client only where it is not tried again.
    await deployProduct({ resilience: { retries: { attempts: 0 }, pool } });
  });

  test("beyond the pool requests are refused at once, and counted; within it none is", async () => {
    const delay = 500;
    const slow = `${productUrl(version)}?delay=${delay}`;
    await atGateway(async (proxies) => {
      const each = () => Promise.all(proxies.map((proxy) => counted([proxy], "upstream_rq_pending_overflow")));
      await eventually("the pool at every gateway, and no further tries", 20, async () => {
        const [before, retried] = [await each(), await counted(proxies, "upstream_rq_retry")];
        await ask(slow, 40, { concurrency: 40, keepAlive: false });
        const more = (await each()).map((count, index) => count > (before[index] ?? 0));
        expect([more, await counted(proxies, "upstream_rq_retry")]).toEqual([proxies.map(() => true), retried]);
      });
      const overflow = async () => ({
        requests: await counted(proxies, "upstream_rq_pending_overflow"),
        connections: await counted(proxies, "upstream_cx_overflow"),
      });

      const before = await overflow();
      const over = await ask(slow, 80, { concurrency: 40 });
      const refused = over.filter(({ status }) => status !== 200);
      const after = await overflow();
      saw(
        `40 at once at ${proxies.length} gateways of ${pool.maxConnections} connections and ${pool.maxPendingRequests} pending: ` +
          `${over.length - refused.length} answered, ${refused.length} refused within ${slowest(refused).toFixed(0)} ms; ` +
          `the gateways count ${after.requests - before.requests}, and ${after.connections - before.connections} connections not opened`,
      );
      expect(refused.length).toBeGreaterThan(10);
      expect(refused.every(({ status, overloaded }) => status === 503 && overloaded)).toBe(true);
      // None waited for one that is served.
      expect(slowest(refused)).toBeLessThan(delay);
      expect(after.requests - before.requests).toBe(refused.length);
      expect(after.connections).toBeGreaterThan(before.connections);

      const flood = await fortioLoad(slow, { qps: 0, connections: 40 }, 200);
      const flooded = await overflow();
      saw(`fortio with 40 connections: ${JSON.stringify(flood.codes)}; the gateways count ${flooded.requests - after.requests}`);
      expect(Object.keys(flood.codes).sort()).toEqual(["200", "503"]);
      expect(flooded.requests - after.requests).toBe(flood.codes["503"]);

      const within = await fortioLoad(slow, { qps: 0, connections: pool.maxConnections }, 40);
      saw(`fortio with ${pool.maxConnections} connections: ${JSON.stringify(within.codes)}`);
      expect(within.failed).toBe(0);
      expect((await overflow()).requests).toBe(flooded.requests);
    });
  });
});
