import { beforeAll, describe, expect, test } from "@jest/globals";
import { ask } from "./support/load.ts";
import { productUrl } from "./support/product.ts";
import { deployWith } from "./support/settings.ts";
import { bringUp, eventually, saw } from "./support/stack.ts";

/** Three pods of one version, so that the shares of the canary do not matter. */
let url: string;

beforeAll(async () => {
  await bringUp();
  url = productUrl("v1");
});

describe("retries", () => {
  test("a service whose every pod fails once answers all the same", async () => {
    const replies = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => (await ask(`${url}?fail-first=1&key=${Date.now()}-${index}`, 1))[0]),
    );
    const slowest = Math.max(...replies.map((reply) => reply?.ms ?? 0));
    saw(`20 requests, each failed by up to three pods: slowest ${slowest.toFixed(0)} ms`);
    expect(replies.map((reply) => reply?.status)).toEqual(Array(20).fill(200));
    expect(slowest).toBeLessThan(5_000);
  });

  test("one that fails for good is given up", async () => {
    const [reply] = await ask(`${url}?status=503`, 1);
    expect(reply?.status).toBe(503);
  });
});

test("a service that is too slow is given up within its timeout", async () => {
  const [reply] = await ask(`${url}?delay=20000`, 1);
  saw(`${reply?.status} after ${reply?.ms.toFixed(0)} ms`);
  expect(reply?.status).toBe(504);
  // Four tries of 1.2 s, and never more than 5 s.
  expect(reply?.ms).toBeGreaterThan(4_700);
  expect(reply?.ms).toBeLessThan(5_200);
});

test("a pod that keeps failing gets no requests for a while, and then again", async () => {
  const podsNow = async () => new Set((await ask(url, 60, { concurrency: 2 })).map(({ pod }) => pod));
  // What the tests before did may have had an end of its own.
  const all = await eventually("answers of all three pods", 90, async () => {
    const pods = await podsNow();
    expect(pods.size).toBe(3);
    return pods;
  });
  const [failing = ""] = all;
  // Only this one obeys the fault; what fails there is tried again elsewhere.
  const faulty = { "x-fault-status": "500", "x-fault-pod": failing };
  const ejected = await eventually("its ejection", 45, async () => {
    const during = await ask(url, 60, { concurrency: 2, headers: faulty });
    expect(during.filter(({ status }) => status !== 200)).toEqual([]);
    expect([...(await podsNow())]).not.toContain(failing);
    return Date.now();
  });
  await eventually("its return", 90, async () => expect([...(await podsNow())]).toContain(failing));
  const away = (Date.now() - ejected) / 1_000;
  saw(`${failing}: ejected, and back after ${away.toFixed(0)} s`);
  expect(away).toBeGreaterThan(15);
});

test("more than its pool takes is refused at once, and within the pool nothing is", async () => {
  try {
    await deployWith((config) => {
      const resilience = { retries: { attempts: 0 }, pool: { maxConnections: 4, maxPendingRequests: 4 } };
      config["mesh:product"] = { ...(config["mesh:product"] as object), resilience };
    });
    const slow = `${url}?delay=700`;
    const over = await eventually("a refusal", 20, async () => {
      const replies = await ask(slow, 40, { concurrency: 40 });
      expect(replies.some(({ overloaded }) => overloaded)).toBe(true);
      return replies;
    });
    const refused = over.filter(({ status }) => status !== 200);
    const slowest = Math.max(...refused.map(({ ms }) => ms));
    saw(
      `40 at once, where each thread of the gateway takes 8: ${over.length - refused.length} answered, ${refused.length} refused within ${slowest.toFixed(0)} ms`,
    );
    expect(refused.every(({ status, overloaded }) => status === 503 && overloaded)).toBe(true);
    // Each of the gateway's threads has a pool of its own; a refusal waits for nobody.
    expect(refused.length).toBeGreaterThan(10);
    expect(slowest).toBeLessThan(600);
    expect((await ask(slow, 8, { concurrency: 4 })).map(({ status }) => status)).toEqual(Array(8).fill(200));
  } finally {
    await bringUp();
  }
});
