import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { askSecurely, handshake } from "./support/https.ts";
import { ask, count } from "./support/load.ts";
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
  const catalogue = () => `${gatewayUrl()}/api/catalog`;

  beforeAll(async () => {
    await deployWith((config) => {
      const cors = { origins: ["https://pages.example.com"], headers: ["x-own"], maxAge: "5m" };
      const product = { jwt: { issuer: name, keys: [issuer.key] }, cors, maxBodyBytes: 10_000 };
      config["mesh:product"] = { ...(config["mesh:product"] as object), policies: product };
      const backend = { policies: { rateLimit: { requests: limit, per: "minute" } } };
      config["mesh:shop"] = { ...(config["mesh:shop"] as object), backend };
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

  test("beyond the rate limit it is 429, and every answer says how much is left", async () => {
    const first = await fetch(catalogue());
    await first.arrayBuffer();
    expect(Number(first.headers.get("x-ratelimit-limit"))).toBe(limit);
    const replies = await ask(catalogue(), 60, { concurrency: 1 });
    const served = replies.filter(({ status }) => status === 200).length;
    saw(`${served + 1} of 61 served, ${replies.filter(({ status }) => status === 429).length} refused`);
    expect(count(replies).failed).toBe(60 - served);
    // Whoever asked before us has used some; a minute may begin while we ask.
    expect(served).toBeGreaterThan(0);
    expect(served).toBeLessThan(2 * limit);
    expect(replies.at(-1)?.status).toBe(429);
    expect((await fetchAs(anyHost, "/")).status).toBe(200);
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
    expect((await fetchAs(anyHost, "/api/products")).status).toBe(200);
  } finally {
    await bringUp();
  }
  await eventually("the page again", 20, async () => expect(await page()).toBe(200));
});

/**
 * Asks plain HTTP under any host and with any path, just as it is written, and follows nothing. Over a connection of its
 * own: one that is open already is served once more as it was before a policy came.
 */
async function fetchAs(name: string, path: string): Promise<{ status: number; location?: string }> {
  const { request } = await import("node:http");
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(gatewayUrl());
    const to = { host: hostname, port: port || 80 };
    const sent = request({ ...to, path, headers: { host: name }, agent: false }, (response) => {
      response.resume();
      const { location } = response.headers;
      response.once("end", () => resolve({ status: response.statusCode ?? 0, ...(location !== undefined && { location }) }));
    });
    sent.once("error", reject);
    sent.end();
  });
}
