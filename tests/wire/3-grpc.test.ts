import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { binomialBounds } from "../lib/binomial.ts";
import { type Clients, grpcClients, listRecommended } from "../lib/grpc.ts";
import { haveUp, outputs, saw } from "../lib/runningStack.ts";
import { gatewayUrl } from "./support/product.ts";

/*
 * The shop's recommendations, asked by a client of gRPC from outside the cluster, through Istio's gateway.
 */

/** Of v2, in percent. */
const share = 20;
let clients: Clients;

beforeAll(async () => {
  await haveUp();
  const { urls, authority = "" } = outputs();
  clients = grpcClients(gatewayUrl(), urls.istioHttps ?? "", authority);
});

afterAll(() => {
  for (const client of [clients.plain, clients.tls]) client.close();
});

test.each(["plain", "tls"] as const)("a call is answered over HTTP/2 (%s)", async (way) => {
  const { products, version } = await listRecommended(clients[way]);
  saw(`${version}: ${products}`);
  expect({ version, products }).toEqual(
    version === "v1" ? { version, products: [2, 3, 4] } : { version: "v2", products: [6, 5, 4] },
  );
});

test("a stream comes message by message, past the time that an answer of HTTP may take", async () => {
  const began = Date.now();
  const times: number[] = [];
  const stream = clients.plain.Watch?.({ product: 1, times: 5, pause: 1_500 });
  await new Promise<void>((resolve, reject) => {
    stream.on("data", () => times.push(Date.now() - began));
    stream.on("end", resolve);
    stream.on("error", reject);
  });
  saw(`messages after ${times.join(", ")} ms`);
  expect(times).toHaveLength(5);
  // Neither kept back until the end, nor cut off.
  expect(times[0]).toBeLessThan(1_500);
  expect(times.at(-1)).toBeGreaterThan(5_500);
});

describe("two versions", () => {
  test("share the calls by weight, also of one connection", async () => {
    const answers = await Promise.all(Array.from({ length: 500 }, () => listRecommended(clients.plain)));
    const v2 = answers.filter(({ version }) => version === "v2").length;
    const { least, most } = binomialBounds(answers.length, share / 100);
    saw(`v2 ${v2} of ${answers.length}, within ${least}–${most}`);
    expect(v2).toBeGreaterThanOrEqual(least);
    expect(v2).toBeLessThanOrEqual(most);
  });

  test("the header of the canary goes before the weights", async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => listRecommended(clients.tls, { "x-canary": "true" })));
    expect(new Set(answers.map(({ version }) => version))).toEqual(new Set(["v2"]));
  });
});
