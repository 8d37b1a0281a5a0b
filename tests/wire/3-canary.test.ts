import { beforeAll, describe, expect, test } from "@jest/globals";
import { binomialBounds } from "../support/binomial.ts";
import { ask, count, underLoad } from "./support/load.ts";
import { productUrl } from "./support/product.ts";
import { withConfigSet } from "./support/settings.ts";
import { bringUp, eventually, make, saw } from "./support/stack.ts";

const requests = 2_000;
const weightOfV2 = "mesh:product.versions[1].weight";

beforeAll(async () => {
  await bringUp();
});

describe("90/10, as the stack's file says", () => {
  test.each([
    ["kept connections", true],
    ["a new connection for each request", false],
  ])("over %s", async (_what, keepAlive) => {
    const { failed, of } = count(await ask(productUrl(), requests, { keepAlive }));
    const { least, most } = binomialBounds(requests, 0.1);
    saw(`v1 ${of.v1}, v2 ${of.v2} of ${requests}; v2 within ${least}–${most}`);
    expect(failed).toBe(0);
    expect(of.v2).toBeGreaterThanOrEqual(least);
    expect(of.v2).toBeLessThanOrEqual(most);
  });
});

test("with the header `x-canary: true` it is v2, always; with any other value it is not", async () => {
  expect(count(await ask(productUrl(), 300, { headers: { "x-canary": "true" } }))).toEqual({ failed: 0, of: { v2: 300 } });
  const other = count(await ask(productUrl(), 300, { headers: { "x-canary": "false" } }));
  expect(other.of.v1).toBeGreaterThan(200);
});

test("a version asked for by its path is that version, always", async () => {
  for (const version of ["v1", "v2"]) {
    const url = productUrl(version);
    expect(count(await ask(url, 200))).toEqual({ failed: 0, of: { [version]: 200 } });
    expect(count(await ask(`${url}/1`, 50))).toEqual({ failed: 0, of: { [version]: 50 } });
  }
  expect((await ask(productUrl("v3"), 5)).every(({ status }) => status === 404)).toBe(true);
});

test("promoted by one number, and rolled back, under load: no request fails", async () => {
  let promoted = 0;
  const replies = count(
    await underLoad(150, async () => {
      await withConfigSet({ [weightOfV2]: "100" }, async () => {
        const up = await make("up");
        promoted = up.seconds;
        expect(up.exitCode).toBe(0);
        expect(up.all).toMatch(/2 updated/);
        await eventually("all requests at v2", 10, async () => {
          expect(count(await ask(productUrl(), 200)).of).toEqual({ v2: 200 });
        });
        expect(count(await ask(productUrl(), 1_000))).toEqual({ failed: 0, of: { v2: 1_000 } });
      });
      await eventually("both versions again", 10, async () => {
        expect(Object.keys(count(await ask(productUrl(), 200)).of).sort()).toEqual(["v1", "v2"]);
      });
    }),
  );
  const all = Object.values(replies.of).reduce((sum, n) => sum + n, 0);
  saw(`promoted in ${promoted.toFixed(1)} s and back; ${all} requests at 150/s meanwhile: ${JSON.stringify(replies)}`);
  expect(replies.failed).toBe(0);
});
