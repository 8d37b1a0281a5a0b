import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type Records, record } from "../../report/records.ts";
import { binomialBounds } from "../lib/binomial.ts";
import { bringUp, eventually, haveUp, saw } from "../lib/runningStack.ts";
import { atGateway, type Envoy, productVersion } from "./support/envoy.ts";
import { ask, count } from "./support/load.ts";
import { productUrl } from "./support/product.ts";
import { deployProduct } from "./support/settings.ts";

const requests = 2_000;
/** Of v2, in percent. */
const weights = [10, 50, 100, 0];
/** How many shares are left to chance: at each of those weights, over each kind of connection, and with another header. */
const shares = 3 * weights.filter((weight) => weight % 100 > 0).length;
const toCanary = { headers: { "x-canary": "true" } };

const splits: Records["canary"]["splits"][number][] = [];
let sent = 0;

beforeAll(async () => {
  await haveUp();
});

afterAll(async () => {
  saw(`${sent} requests in all`);
  if (splits.length > 0) await record("canary", "make wire T=3-canary", { splits });
  await bringUp();
});

/** Asks like `ask`, and counts. */
async function counted(...asked: Parameters<typeof ask>) {
  const replies = await ask(...asked);
  sent += replies.length;
  return count(replies);
}

describe.each(weights)("v2 of %i %%", (weight) => {
  beforeAll(async () => {
    await deployProduct({ versions: { v1: { weight: 100 - weight, replicas: 3 }, v2: { weight, replicas: 2 } } });
    await atGateway((proxies) => eventually("the weights at every proxy", 30, () => allSplit(proxies, weight)));
  });

  test.each(["kept", "new"] as const)("over %s connections", async (connections) => {
    const { failed, of } = await counted(productUrl(), requests, { keepAlive: connections === "kept" });
    const v2 = of.v2 ?? 0;
    const { least, most } = binomialBounds(requests, weight / 100, shares);
    splits.push({ weight, connections, requests, v2, failed, least, most });
    saw(`${weight} % over ${connections} connections: v1 ${of.v1 ?? 0}, v2 ${v2} of ${requests}; v2 within ${least}–${most}`);
    expect(failed).toBe(0);
    expect(v2).toBeGreaterThanOrEqual(least);
    expect(v2).toBeLessThanOrEqual(most);
  });

  test("with the header `x-canary: true` it is v2, always", async () => {
    expect(await counted(productUrl(), 300, toCanary)).toEqual({ failed: 0, of: { v2: 300 } });
  });

  test("with any other value of the header the weights decide", async () => {
    const { failed, of } = await counted(productUrl(), 300, { headers: { "x-canary": "false" } });
    const { least, most } = binomialBounds(300, weight / 100, shares);
    expect(failed).toBe(0);
    expect(of.v2 ?? 0).toBeGreaterThanOrEqual(least);
    expect(of.v2 ?? 0).toBeLessThanOrEqual(most);
  });
});

test("a version asked for by its path is that version, always", async () => {
  for (const version of ["v1", "v2"]) {
    const url = productUrl(version);
    expect(await counted(url, 200)).toEqual({ failed: 0, of: { [version]: 200 } });
    expect(await counted(`${url}/1`, 50)).toEqual({ failed: 0, of: { [version]: 50 } });
  }
  expect((await ask(productUrl("v3"), 5)).every(({ status }) => status === 404)).toBe(true);
});

/** Whether each proxy gives v2 this weight, and v1 the rest; a version without any is not among its routes. */
async function allSplit(proxies: readonly Envoy[], weight: number): Promise<void> {
  for (const proxy of proxies) {
    const [v1, v2] = await Promise.all(["v1", "v2"].map((version) => proxy.weights(productVersion(version))));
    expect({ v1: new Set(v1), v2: new Set(v2) }).toEqual({
      v1: new Set(weight < 100 ? [100 - weight] : []),
      v2: new Set(weight > 0 ? [weight] : []),
    });
  }
}
