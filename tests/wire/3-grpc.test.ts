import { credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { Recommendations, type Recommended } from "../../apps/shop/recommendations/protocol.ts";
import { binomialBounds } from "../lib/binomial.ts";
import { haveUp, outputs, saw } from "../lib/runningStack.ts";
import { gatewayUrl } from "./support/product.ts";

/*
 * The shop's recommendations, asked by a client of gRPC from outside the cluster, through Istio's gateway.
 */

type Client = InstanceType<typeof Recommendations>;

/** Of v2, in percent. */
const share = 20;
let clients: Readonly<Record<"plain" | "tls", Client>>;

beforeAll(async () => {
  await haveUp();
  const { urls, authority = "" } = outputs();
  const { host } = new URL(gatewayUrl());
  const secure = new URL(urls.istioHttps ?? "");
  const trusted = credentials.createSsl(Buffer.from(authority));
  clients = {
    plain: new Recommendations(host, credentials.createInsecure()),
    // The name leads nowhere: whoever the certificate is for listens on this machine.
    tls: new Recommendations(`localhost:${secure.port}`, trusted, {
      "grpc.ssl_target_name_override": secure.hostname,
      "grpc.default_authority": secure.hostname,
    }),
  };
});

afterAll(() => {
  for (const client of Object.values(clients)) client.close();
});

function list(client: Client, headers: Readonly<Record<string, string>> = {}): Promise<Recommended> {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  return new Promise((resolve, reject) => {
    const answer = (error: ServiceError | null, recommended: Recommended) => (error ? reject(error) : resolve(recommended));
    client.List?.({ product: 1 }, metadata, { deadline: Date.now() + 10_000 }, answer);
  });
}

test.each(["plain", "tls"] as const)("a call is answered over HTTP/2 (%s)", async (way) => {
  const { products, version } = await list(clients[way]);
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
    const answers = await Promise.all(Array.from({ length: 500 }, () => list(clients.plain)));
    const v2 = answers.filter(({ version }) => version === "v2").length;
    const { least, most } = binomialBounds(answers.length, share / 100);
    saw(`v2 ${v2} of ${answers.length}, within ${least}–${most}`);
    expect(v2).toBeGreaterThanOrEqual(least);
    expect(v2).toBeLessThanOrEqual(most);
  });

  test("the header of the canary goes before the weights", async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => list(clients.tls, { "x-canary": "true" })));
    expect(new Set(answers.map(({ version }) => version))).toEqual(new Set(["v2"]));
  });
});
