import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Records, record } from "../../report/records.ts";
import { binomialBounds } from "../lib/binomial.ts";
import { eventually, haveUp, kubeGet, pulumi, saw } from "../lib/runningStack.ts";
import { quantile } from "../lib/statistics.ts";
import { atGateway, callersOf, type Envoy, productVersion, withProxies } from "./support/envoy.ts";
import { fortioWhile } from "./support/fortio.ts";
import { count, type Reply, slicesOf, underLoad } from "./support/load.ts";
import { withPortForwards } from "./support/portForwards.ts";
import { productUrl } from "./support/product.ts";
import { WeightedRules } from "./support/rules.ts";
import { withConfigSet } from "./support/settings.ts";

const weightOfV2 = "mesh:apps.product.product.versions.v2.weight";
const steps = [20, 40, 60, 80, 100];
/** Requests a second: of a client that sees who answers, and of fortio beside it. */
const rate = { seen: 100, counted: 50 };
const writes = 25;

const shifting: { -readonly [K in keyof Records["shifting"]]?: Records["shifting"][K] } = {};

beforeAll(async () => {
  await haveUp();
});

afterAll(async () => {
  const { marks = [], slices = [], requests = 0, failed = 0, convergence = [] } = shifting;
  if (requests > 0) await record("shifting", "make wire T=3-shifting", { marks, slices, requests, failed, convergence });
});

test("a written weight reaches the last proxy", async () => {
  const lasts: number[] = [];
  await withProxies(callersOf("product/product"), (proxies) =>
    withPortForwards([["proxy", "--port=0"]], async ([api]) => {
      if (!api) throw new Error("no way to the API server");
      // The mesh's rules and the gateways', which a change of one number writes together.
      const names = ["product", "product-exposed"];
      const rules = await Promise.all(names.map((name) => WeightedRules.read(api, "product", name)));
      try {
        for (let write = 0; write < writes; write++) {
          const weight = write % 2 === 0 ? 30 : 70;
          const before = await Promise.all(proxies.map((proxy) => proxy.routesTaken()));
          const taken = proxies.map((proxy, index) => takes(proxy, before[index] ?? "", weight));
          const [written = 0] = (
            await Promise.all(rules.map((rule) => rule.weigh("v2", weight).then(() => performance.now())))
          ).sort((a, b) => a - b);
          lasts.push(Math.max(...(await Promise.all(taken))) - written);
        }
      } finally {
        for (const rule of rules) await rule.restore();
      }
      saw(`proxies that know the routes: ${proxies.map(({ namespace, pod }) => `${namespace}/${pod}`).join(", ")}`);
    }),
  );
  const sorted = lasts.map(Math.round).sort((a, b) => a - b);
  const [p50, p99] = [quantile(sorted, 0.5), quantile(sorted, 0.99)];
  saw(`from the API server's answer to the last proxy, ${writes} writes: p50 ${p50} ms, p99 ${p99} ms`);
  shifting.convergence = sorted;
  expect(p50).toBeLessThan(1_000);
  expect(p99).toBeLessThan(5_000);
  expect((await pulumi("refresh", "--yes", "--expect-no-changes")).exitCode).toBe(0);
});

test("moved from 0 to 100 in five steps of `pulumi up`, and back by `make up`, under load: no request fails", async () => {
  const begun = Date.now();
  const marks: { at: number; what: string }[] = [];
  const settled: { weight: number; from: number; to: number }[] = [];
  let replies: Reply[] = [];
  const shift = async (proxies: readonly Envoy[], soFar: readonly Reply[]) => {
    await withConfigSet({ [weightOfV2]: "0" }, async () => {
      for (const weight of [0, ...steps]) {
        await pulumi("config", "set", "--path", weightOfV2, `${weight}`);
        const up = await pulumi("up", "--yes", "--skip-preview");
        expect(up.all).toMatch(/2 updated/);
        expect(up.exitCode).toBe(0);
        marks.push({ at: ((await lastWrite()) - begun) / 1_000, what: `${weight} %` });
        await eventually(`${weight} % at every gateway`, 10, async () => {
          const given = (await Promise.all(proxies.map((proxy) => proxy.weights(productVersion("v2"))))).flat();
          expect(new Set(given)).toEqual(new Set(weight > 0 ? [weight] : []));
        });
        const [from, seen] = [Date.now(), soFar.length];
        await eventually("some hundred answers", 20, async () => expect(soFar.length).toBeGreaterThan(seen + 3 * rate.seen));
        settled.push({ weight, from, to: Date.now() });
      }
    });
    marks.push({ at: ((await lastWrite()) - begun) / 1_000, what: "back" });
  };
  const counted = await fortioWhile(productUrl(), { qps: rate.counted }, async () => {
    replies = await atGateway((proxies) => underLoad(rate.seen, (soFar) => shift(proxies, soFar)));
  });
  for (const { weight, from, to } of settled) {
    // Half a second for the proxies' threads.
    const { of } = count(replies.filter(({ asked }) => asked > from + 500 && asked < to));
    const [v1, v2] = [of.v1 ?? 0, of.v2 ?? 0];
    // So wide that the shares of a hundred runs lie within them.
    const { least, most } = binomialBounds(v1 + v2, weight / 100, 100 * steps.length);
    saw(`${weight} %: v2 ${v2} of ${v1 + v2}, within ${least}–${most}`);
    expect(v1 + v2).toBeGreaterThan(rate.seen);
    expect(v2).toBeGreaterThanOrEqual(least);
    expect(v2).toBeLessThanOrEqual(most);
  }
  const requests = replies.length + counted.requests;
  const failed = count(replies).failed + counted.failed;
  saw(
    `${requests} requests in ${((Date.now() - begun) / 1_000).toFixed(0)} s, ${failed} failed; fortio: ${JSON.stringify(counted.codes)}`,
  );
  Object.assign(shifting, { marks, slices: slicesOf(replies, "version", begun, 1), requests, failed });
  expect(failed).toBe(0);
  expect(requests).toBeGreaterThan(5_000);
});

/** When the gateways' rules were written last, in ms since 1970: to the second, by the API server's clock. */
async function lastWrite(): Promise<number> {
  interface Managed {
    readonly metadata: { readonly managedFields: readonly { readonly operation: string; readonly time: string }[] };
  }
  const object = ["virtualservice", "product-exposed", "--namespace=product", "--show-managed-fields"];
  const { metadata } = await kubeGet<Managed>(...object);
  return Date.parse(metadata.managedFields.find(({ operation }) => operation === "Apply")?.time ?? "");
}

/** When a proxy has routes that give v2 a weight, by this process's clock. */
async function takes(proxy: Envoy, before: string, weight: number): Promise<number> {
  const end = performance.now() + 10_000;
  for (let last = before; performance.now() < end; ) {
    const now = await proxy.routesTaken();
    const at = performance.now();
    if (now !== last) {
      const weights = await proxy.weights(productVersion("v2"));
      if (weights.length > 0 && weights.every((share) => share === weight)) return at;
      last = now;
    }
    await pause(2);
  }
  throw new Error(`${proxy.namespace}/${proxy.pod} did not get ${weight} % within 10 s`);
}
