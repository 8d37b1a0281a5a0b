import { Agent, request } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type Answer, exchange } from "./support/exchange.ts";
import { askSecurely, handshake } from "./support/https.ts";
import { gatewayUrl, productUrl } from "./support/product.ts";
import { deployWith } from "./support/settings.ts";
import { bringUp, eventually, outputs, saw } from "./support/stack.ts";
import { createIssuer } from "./support/tokens.ts";

/** A host that the stack serves over HTTPS, and the port where it does. */
let host: string;
let port: string;
let authority: string;
/** One that nobody redirects. */
const anyHost = "localhost";

beforeAll(async () => {
  await bringUp();
  const { urls, authority: own = "" } = outputs();
  ({ hostname: host, port } = new URL(String(urls.istioHttps)));
  authority = own;
});

describe("HTTPS", () => {
  test("product and shop answer under the host's name, with a certificate that its authority vouches for", async () => {
    const product = await askSecurely(host, "/api/products", authority);
    expect(product.status).toBe(200);
    expect(JSON.parse(product.body).products.length).toBeGreaterThan(0);
    expect(await askSecurely(host, "/", authority)).toMatchObject({ status: 200, body: expect.stringContaining("Espresso cup") });
    const { protocol, names, issuer } = await handshake(host, authority);
    saw(`${protocol}, ${names}, by ${issuer}`);
    expect(names).toBe(`DNS:${host}`);
    expect(protocol).toBe("TLSv1.3");
  });

  test("nobody else vouches for it", async () => {
    const { rootCertificates } = await import("node:tls");
    await expect(handshake(host, rootCertificates[0] ?? "")).rejects.toThrow(/unable to|self.signed|issuer/i);
  });

  test("another host gets no handshake", async () => {
    await expect(handshake("elsewhere.example.com", authority)).rejects.toThrow(/ECONNRESET|disconnected|socket hang up/);
  });

  test("whoever shook hands for one host is told nothing of another", async () => {
    const { status, body } = await askSecurely(host, "/api/products", authority, undefined, "elsewhere.example.com");
    expect({ status, body }).toEqual({ status: 404, body: "" });
  });

  test.each(["TLSv1", "TLSv1.1"] as const)("%s is refused by the gateway, 1.2 is not", async (version) => {
    await expect(handshake(host, authority, { minVersion: version, maxVersion: version })).rejects.toThrow(
      /alert protocol version/,
    );
    expect((await handshake(host, authority, { minVersion: "TLSv1.2", maxVersion: "TLSv1.2" })).protocol).toBe("TLSv1.2");
  });

  test("plain HTTP to the host is redirected to where HTTPS is", async () => {
    const response = await fetchAs(host, "/api/products?page=2");
    expect(response).toEqual({ status: 301, location: `https://${host}:${port}/api/products?page=2` });
  });
});

describe("policies", () => {
  const issuer = createIssuer("wire");
  const stranger = createIssuer("wire");
  const name = "https://issuer.example.com";
  const hour = () => Math.floor(Date.now() / 1_000) + 3_600;
  const good = () => issuer.token({ iss: name, sub: "somebody", exp: hour() });
  const limit = 15;
  const perSecond = 10;

  beforeAll(async () => {
    await deployWith((config) => {
      const cors = { origins: ["https://pages.example.com"], headers: ["x-own"], maxAge: "5m" };
      const product = { jwt: { issuer: name, keys: [issuer.key] }, cors, maxBodyBytes: 10_000 };
      config["mesh:product"] = { ...(config["mesh:product"] as object), policies: product };
      const backend = { policies: { rateLimit: { requests: limit, per: "minute" } } };
      const frontend = { policies: { rateLimit: { requests: perSecond, per: "second" } } };
      config["mesh:shop"] = { ...(config["mesh:shop"] as object), backend, frontend };
    });
    await eventually("the policies at the gateway", 20, async () => expect(await status({})).toBe(403));
  });

  afterAll(async () => {
    await bringUp();
    await eventually("no policy any more", 20, async () => expect(await status({})).toBe(200));
  });

  test.each<[string, () => string | undefined, number]>([
    ["a good one", good, 200],
    ["none", () => undefined, 403],
    ["one that has expired", () => issuer.token({ iss: name, sub: "somebody", exp: hour() - 7_200 }), 401],
    ["one of another issuer", () => issuer.token({ iss: "https://other.example.com", sub: "somebody", exp: hour() }), 401],
    ["one with another's signature", () => stranger.token({ iss: name, sub: "somebody", exp: hour() }), 401],
    ["no token at all", () => "not.a.token", 401],
  ])("a request with %s", async (_what, token, expected) => {
    const given = token();
    expect(await status(given === undefined ? {} : { authorization: `Bearer ${given}` })).toBe(expected);
  });

  test("the token is asked for on every way to the service, and on no other", async () => {
    for (const path of ["/api/products/1", "/api/v2/products", "//api//products", "/api/%70roducts", "/api/x/../products"]) {
      const refused = await fetchAs(anyHost, path);
      saw(`${path}: ${refused.status}`);
      expect(refused.status).toBe(403);
    }
    expect((await fetchAs(anyHost, "/")).status).toBe(200);
  });

  test("a body beyond the limit is refused, one within it is not, and other services know no such limit", async () => {
    const post = async (path: string, bytes: number) => {
      const headers = { authorization: `Bearer ${good()}` };
      const response = await fetch(`${gatewayUrl()}${path}`, { method: "POST", headers, body: "x".repeat(bytes) });
      await response.arrayBuffer();
      return response.status;
    };
    expect(await post("/api/products", 10_001)).toBe(413);
    // The service's own policy lets nobody POST; it is the limit that did not stop it.
    expect(await post("/api/products", 9_000)).toBe(403);
    expect(await post("/", 50_000)).toBe(403);
  });

  test("a page of the origin may ask from a browser, others may not", async () => {
    const preflight = async (origin: string) => {
      const asked = { origin, "access-control-request-method": "GET", "access-control-request-headers": "x-own" };
      const response = await fetch(productUrl(), { method: "OPTIONS", headers: asked });
      await response.arrayBuffer();
      return Object.fromEntries([...response.headers].filter(([header]) => header.startsWith("access-control")));
    };
    expect(await preflight("https://pages.example.com")).toMatchObject({
      "access-control-allow-origin": "https://pages.example.com",
      "access-control-allow-headers": "x-own",
      "access-control-max-age": "300",
    });
    expect(await preflight("https://other.example.com")).toEqual({});
  });

  test("a rate limit serves exactly as many as it says, and every answer says how many are left, and when there are more", async () => {
    // On one connection, as each proxy of the gateway counts for itself.
    const answers = await askInARow("/api/catalog", limit + 5);
    const headers = answers.map(({ headers }) =>
      ["limit", "remaining", "reset"].map((name) => Number(headers[`x-ratelimit-${name}`])),
    );
    saw(
      `status (left, reset): ${answers.map(({ status }, index) => `${status} (${headers[index]?.slice(1).join(", ")})`).join(", ")}`,
    );
    expect(answers.map(({ status }) => status)).toEqual([...Array(limit).fill(200), ...Array(5).fill(429)]);
    expect(headers.map(([most]) => most)).toEqual(Array(limit + 5).fill(limit));
    expect(headers.map(([, left]) => left)).toEqual([
      ...Array.from({ length: limit }, (_, served) => limit - 1 - served),
      0,
      0,
      0,
      0,
      0,
    ]);
    for (const [, , reset = Number.NaN] of headers) {
      expect(reset).toBeGreaterThanOrEqual(0);
      expect(reset).toBeLessThanOrEqual(60);
    }
    expect((await fetchAs(anyHost, "/")).status).toBe(200);
  });

  test("what is allowed comes back evenly over the time, and whoever was refused is served again", async () => {
    const started = performance.now();
    const answers = await askInARow("/", 5 * perSecond);
    const statuses = answers.map(({ status }) => status);
    const meanwhile = ((performance.now() - started) / 1_000) * perSecond;
    const served = statuses.filter((status) => status === 200).length;
    // Whoever asked just before took of it, so the first answer says what there was.
    const left = 1 + Number(answers[0]?.headers["x-ratelimit-remaining"]);
    saw(`${served} of ${statuses.length} served, ${left} at once`);
    expect(statuses[0]).toBe(200);
    expect(new Set(statuses)).toEqual(new Set([200, 429]));
    expect(left).toBeLessThanOrEqual(perSecond);
    expect(served).toBeGreaterThanOrEqual(left);
    expect(served).toBeLessThanOrEqual(left + meanwhile + 1);
    await eventually("the page again", 2, async () => expect((await askInARow("/", 1))[0]?.status).toBe(200));
  });

  async function status(headers: Record<string, string>): Promise<number> {
    const response = await fetch(productUrl(), { headers });
    await response.arrayBuffer();
    return response.status;
  }
});

test("callers of other addresses than the allowed ones are refused, at that service alone", async () => {
  const page = async () => (await fetchAs(anyHost, "/")).status;
  try {
    await deployWith((config) => {
      const frontend = { policies: { addresses: { allow: ["203.0.113.0/24"] } } };
      config["mesh:shop"] = { ...(config["mesh:shop"] as object), frontend };
    });
    await eventually("a refusal", 20, async () => expect(await page()).toBe(403));
    expect(
      (await fetchAs(anyHost, "/", { "x-forwarded-for": "203.0.113.7", "x-envoy-external-address": "203.0.113.7" })).status,
    ).toBe(403);
    expect((await fetchAs(anyHost, "/api/products")).status).toBe(200);
  } finally {
    await bringUp();
  }
  await eventually("the page again", 20, async () => expect(await page()).toBe(200));
});

/** Asks for a path so many times, one after the other, on one connection. */
async function askInARow(path: string, times: number): Promise<Answer[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const answers = [];
    while (answers.length < times) {
      answers.push(await exchange((answered) => request(`${gatewayUrl()}${path}`, { agent }, answered)));
    }
    return answers;
  } finally {
    agent.destroy();
  }
}

/**
 * Asks plain HTTP under any host and with any path, just as it is written, and follows nothing. Over a connection of its
 * own: one that is open already is served once more as it was before a policy came.
 */
async function fetchAs(
  name: string,
  path: string,
  forged: Record<string, string> = {},
): Promise<{ status: number; location?: string }> {
  const { hostname, port } = new URL(gatewayUrl());
  const options = { host: hostname, port: port || 80, path, headers: { host: name, ...forged }, agent: false } as const;
  const { status, headers } = await exchange((answered) => request(options, answered));
  return { status, ...(headers.location !== undefined && { location: headers.location }) };
}
