import { Agent, request } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { bringUp, eventually, haveUp, outputs, saw } from "../lib/runningStack.ts";
import { type Answer, exchange } from "./support/exchange.ts";
import { askSecurely, handshake } from "./support/https.ts";
import { everywhere, gatewayUrl } from "./support/product.ts";
import { deployWith, setOptions, withEdited } from "./support/settings.ts";
import { createIssuer } from "./support/tokens.ts";
import { startUp } from "./support/updates.ts";

/** A host that the stack serves over HTTPS, and the port where it does. */
let host: string;
let port: string;
let authority: string;
/** One that nobody redirects. */
const anyHost = "localhost";
const products = "/api/products";

beforeAll(async () => {
  await haveUp();
  const { urls, authority: own = "" } = outputs();
  ({ hostname: host, port } = new URL(String(urls.istioHttps)));
  authority = own;
});

afterAll(async () => {
  await bringUp();
});

describe("HTTPS", () => {
  test("product and shop answer under the host's name, with a certificate that its authority vouches for", async () => {
    const product = await askSecurely(host, products, authority);
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
    const { status, body } = await askSecurely(host, products, authority, undefined, "elsewhere.example.com");
    expect({ status, body }).toEqual({ status: 404, body: "" });
  });

  test.each(["TLSv1", "TLSv1.1"] as const)("%s is refused by the gateway, 1.2 is not", async (version) => {
    await expect(handshake(host, authority, { minVersion: version, maxVersion: version })).rejects.toThrow(
      /alert protocol version/,
    );
    expect((await handshake(host, authority, { minVersion: "TLSv1.2", maxVersion: "TLSv1.2" })).protocol).toBe("TLSv1.2");
  });

  test("plain HTTP to the host is redirected to where HTTPS is, however the host is written, and keeps its method", async () => {
    const spellings = [host, host.toUpperCase(), `${host}:80`, `${host}:8080`, `${host}.`, `${host}.:8080`];
    for (const [method, expected] of Object.entries({ GET: 301, HEAD: 301, POST: 308, DELETE: 308 })) {
      for (const written of spellings) {
        const { status, headers } = await askPlainly(`${products}?page=2`, { method, headers: { host: written } });
        expect({ method, written, status, location: headers.location }).toEqual({
          method,
          written,
          status: expected,
          location: `https://${host}:${port}${products}?page=2`,
        });
      }
    }
    // Nobody in front of this gateway is believed.
    const forged = await askPlainly(products, { headers: { host, "x-forwarded-proto": "https" } });
    expect(forged.status).toBe(301);
  });
});

describe("policies", () => {
  const issuer = createIssuer("wire");
  const stranger = createIssuer("wire");
  const name = "https://issuer.example.com";
  const hour = () => Math.floor(Date.now() / 1_000) + 3_600;
  const good = () => issuer.token({ iss: name, sub: "somebody", exp: hour() });
  const page = "https://pages.example.com";
  /** So few in so long a time that none comes back while they are counted. */
  const perHour = 15;
  /** So few that any machine asks for more. */
  const perMinute = 30;

  beforeAll(async () => {
    await deployWith((config) => {
      const cors = { origins: [page, "https://*.example.org"], headers: ["x-own"], maxAge: "5m" };
      const demand = (workload: string, exposure: string, policies: object) =>
        setOptions(config, workload, { exposed: { [exposure]: { policies } } });
      demand("product/product", "products", { jwt: { issuer: name, keys: [issuer.key] }, cors, maxBodyBytes: 10_000 });
      demand("prod/backend", "api", { rateLimit: { requests: perHour, per: "hour" }, cors });
      demand("prod/frontend", "page", { rateLimit: { requests: perMinute, per: "minute" } });
    });
    await everywhere("the policies", async () => {
      expect(await status({})).toBe(401);
      expect(await post(products, 10_001)).toBe(413);
      expect(await preflight(page)).not.toEqual({});
    });
  });

  test.each<[string, () => string | undefined, number]>([
    ["a good one", good, 200],
    ["none", () => undefined, 401],
    ["one without an end", () => issuer.token({ iss: name, sub: "somebody" }), 401],
    ["one whose time has not come", () => issuer.token({ iss: name, sub: "somebody", exp: hour(), nbf: hour() - 1_800 }), 401],
    ["one whose time has come", () => issuer.token({ iss: name, sub: "somebody", exp: hour(), nbf: hour() - 3_600 }), 200],
    ["one that has expired", () => issuer.token({ iss: name, sub: "somebody", exp: hour() - 7_200 }), 401],
    ["one of another issuer", () => issuer.token({ iss: "https://other.example.com", sub: "somebody", exp: hour() }), 401],
    ["one with another's signature", () => stranger.token({ iss: name, sub: "somebody", exp: hour() }), 401],
    ["no token at all", () => "not.a.token", 401],
  ])("a request with %s", async (_what, token, expected) => {
    const given = token();
    expect(await status(given === undefined ? {} : { authorization: `Bearer ${given}` })).toBe(expected);
  });

  test("a token is read where the standard has it, and nowhere else", async () => {
    const token = good();
    for (const scheme of ["bearer", "BEARER", "Bearer "]) expect(await status({ authorization: `${scheme} ${token}` })).toBe(200);
    for (const authorization of [token, `Basic ${token}`, `Basic x Bearer ${token}`, `Bearer ${token}, Bearer ${token}`]) {
      expect(await status({ authorization })).toBe(401);
    }
    expect(await status({ cookie: `access_token=${token}`, "x-access-token": token, "x-jwt-payload": token })).toBe(401);
    const { status: byUrl, headers } = await askPlainly(`${products}?access_token=${token}`);
    expect([byUrl, headers["www-authenticate"]]).toEqual([401, expect.stringMatching(/^Bearer realm="/)]);
    const { headers: bad } = await askPlainly(products, { headers: { authorization: "Bearer a.b.c" } });
    expect(bad["www-authenticate"]).toContain('error="invalid_token"');
  });

  test("where no token is demanded, whatever looks like one passes", async () => {
    for (const authorization of ["Bearer not-a-token", `Bearer ${stranger.token({ iss: name, exp: hour() })}`, "Basic dTpw"]) {
      for (const own of [{}, { host: "elsewhere.example.com" }]) {
        const answer = await askPlainly("/?access_token=1", { headers: { authorization, ...own } });
        expect([authorization, answer.status]).toEqual([authorization, 200]);
      }
    }
  });

  test("with a token too, requests with the canary's header go to the canary, all of them", async () => {
    const headers = { authorization: `Bearer ${good()}`, "x-canary": "true" };
    const versions = await Promise.all(
      Array.from({ length: 30 }, async () => JSON.parse((await askPlainly(products, { headers })).body).version),
    );
    expect(new Set(versions)).toEqual(new Set(["v2"]));
  });

  test("the token is asked for on every way to the service, and on no other", async () => {
    for (const path of ["/api/products/1", "/api/v2/products", "//api//products", "/api/%70roducts", "/api/x/../products"]) {
      const refused = await askPlainly(path);
      saw(`${path}: ${refused.status}`);
      expect(refused.status).toBe(401);
    }
    expect((await askPlainly("/")).status).toBe(200);
  });

  test("a body beyond the limit is refused, one within it is not, and other services know no such limit", async () => {
    expect(await post(products, 10_001)).toBe(413);
    // The service's own policy lets nobody POST; it is the limit that did not stop it.
    expect(await post(products, 9_000)).toBe(403);
    expect(await post("/", 50_000)).toBe(403);
  });

  test("a page of the origin may ask from a browser, others may not", async () => {
    expect(await preflight(page)).toMatchObject({
      "access-control-allow-origin": page,
      "access-control-allow-headers": "x-own",
      "access-control-max-age": "300",
    });
    expect(await preflight("https://a.b.example.org")).toHaveProperty("access-control-allow-origin", "https://a.b.example.org");
    for (const other of ["https://other.example.com", "https://example.org", "https://xexample.org", "http://a.example.org"]) {
      expect([other, await preflight(other)]).not.toHaveProperty("1.access-control-allow-origin");
    }
  });

  test("a page is told why it is refused, and caches that answers differ by origin", async () => {
    const asPage = { origin: page };
    const token = { authorization: `Bearer ${good()}` };
    const answers = {
      401: await askPlainly(products, { headers: asPage }),
      200: await askPlainly(products, { headers: { ...asPage, ...token } }),
      403: await askPlainly(products, { method: "DELETE", headers: { ...asPage, ...token } }),
      413: await askPlainly(products, { method: "POST", headers: { ...asPage, ...token }, body: "x".repeat(10_001) }),
    };
    for (const [expected, { status, headers }] of Object.entries(answers)) {
      expect([status, headers["access-control-allow-origin"], headers.vary]).toEqual([
        Number(expected),
        page,
        expect.stringMatching(/\bOrigin\b/i),
      ]);
    }
    for (const headers of [{}, { origin: "https://other.example.com" }]) {
      const { headers: answered } = await askPlainly(products, { headers: { ...headers, ...token } });
      expect(answered.vary).toMatch(/\bOrigin\b/i);
      expect(answered).not.toHaveProperty("access-control-allow-origin");
    }
  });

  test("a rate limit serves exactly as many as it says, and every answer says how many are left, and when there are more", async () => {
    const answers = await onOneConnection(async (ask) => {
      const all: Answer[] = [];
      while (all.length < perHour + 5) all.push(await ask("/api/catalog", { origin: page }));
      return all;
    });
    expect(answers.map(({ headers }) => headers["access-control-allow-origin"])).toEqual(Array(perHour + 5).fill(page));
    const headers = answers.map(({ headers }) =>
      ["limit", "remaining", "reset"].map((name) => Number(headers[`x-ratelimit-${name}`])),
    );
    saw(
      `status (left, reset): ${answers.map(({ status }, index) => `${status} (${headers[index]?.slice(1).join(", ")})`).join(", ")}`,
    );
    expect(answers.map(({ status }) => status)).toEqual([...Array(perHour).fill(200), ...Array(5).fill(429)]);
    expect(headers.map(([most]) => most)).toEqual(Array(perHour + 5).fill(perHour));
    expect(headers.map(([, left]) => left)).toEqual([
      ...Array.from({ length: perHour }, (_, served) => perHour - 1 - served),
      ...Array(5).fill(0),
    ]);
    // Where there are some left, that is now; else when the next one comes back.
    for (const [, left = 0, reset = Number.NaN] of headers) {
      expect(reset > 0).toBe(left === 0);
      expect(reset).toBeLessThanOrEqual(3_600 / perHour);
    }
    expect((await askPlainly("/")).status).toBe(200);
  });

  test("what is allowed comes back evenly over the time, and whoever was refused is served again", async () => {
    const perSecond = perMinute / 60;
    await onOneConnection(async (ask) => {
      const started = performance.now();
      const answers: Answer[] = [];
      do answers.push(await ask("/"));
      while (answers.at(-1)?.status === 200 && answers.length < 2 * perMinute);
      const meanwhile = (performance.now() - started) / 1_000;
      const served = answers.filter(({ status }) => status === 200).length;
      // Whoever asked just before took of it, so the first answer says what there was.
      const left = 1 + Number(answers[0]?.headers["x-ratelimit-remaining"]);
      expect(left).toBeLessThanOrEqual(perMinute);
      expect(served).toBeGreaterThanOrEqual(left);
      expect(served).toBeLessThanOrEqual(left + meanwhile * perSecond + 1);

      const again: number[] = [];
      await eventually("the page three times more", 30, async () => {
        if ((await ask("/")).status === 200) again.push(performance.now());
        expect(again).toHaveLength(3);
      });
      const [first = 0, , third = 0] = again;
      const apart = (third - first) / 1_000;
      saw(`${served} of ${left} served at once, and later three within ${apart.toFixed(1)} s`);
      // The first of them left less than one more.
      expect(apart * perSecond).toBeGreaterThan(1);
    });
  });

  async function status(headers: Record<string, string>): Promise<number> {
    return (await askPlainly(products, { headers })).status;
  }

  async function post(path: string, bytes: number): Promise<number> {
    const headers = { authorization: `Bearer ${good()}` };
    return (await askPlainly(path, { method: "POST", headers, body: "x".repeat(bytes) })).status;
  }

  /** What the gateway allows pages of an origin. */
  async function preflight(origin: string) {
    const headers = { origin, "access-control-request-method": "GET", "access-control-request-headers": "x-own" };
    const answer = await askPlainly(products, { method: "OPTIONS", headers });
    return Object.fromEntries(Object.entries(answer.headers).filter(([header]) => header.startsWith("access-control")));
  }
});

test("while a service's pods never become ready, what the file demands no more goes, and what it demands now holds", async () => {
  const status = async (path: string, headers = {}) => (await askPlainly(path, { headers })).status;
  const edit = (config: Record<string, unknown>) => {
    const cors = { origins: ["https://pages.example.com"] };
    setOptions(config, "prod/frontend", { exposed: { page: { policies: { addresses: { allow: ["203.0.113.0/24"] }, cors } } } });
    setOptions(config, "product/product", { versions: { v1: {}, v2: null }, canary: { version: "v1" } });
    setOptions(config, "prod/backend", { image: { registry: "nowhere.example.com", repository: "backend", tag: "none" } });
  };
  // What goes is there: else whatever is seen to be missing was never there.
  expect([await status(products), await status("/api/v2/products")]).toEqual([401, 401]);
  expect((await askPlainly("/api/catalog")).headers).toHaveProperty("x-ratelimit-limit");
  await withEdited(edit, async (file) => {
    const update = await startUp("--config-file", file);
    try {
      await update.says(/Deployment prod-backend-v1 updating/);
      await everywhere("a refusal", async () => expect(await status("/")).toBe(403));
      await everywhere("no demand for a token", async () => expect(await status(products)).toBe(200));
      await everywhere("no path to a version that is gone", async () => {
        expect(await status("/api/v2/products")).not.toBe(200);
      });
      await everywhere("no limit", async () => {
        const { headers } = await askPlainly("/api/catalog");
        expect(headers).not.toHaveProperty("x-ratelimit-limit");
      });
      // At that service alone, by the address that nobody can make up, and a page is told why.
      const allowed = "203.0.113.7";
      expect(await status("/", { "x-forwarded-for": allowed, "x-envoy-external-address": allowed })).toBe(403);
      await everywhere("a page's leave to read", async () => {
        const { headers } = await askPlainly("/", { headers: { origin: "https://pages.example.com" } });
        expect(headers["access-control-allow-origin"]).toBe("https://pages.example.com");
      });
      expect(await Promise.race([update.ended, "under way"])).toBe("under way");
    } finally {
      update.interrupt();
      await update.ended;
    }
  });
});

test("behind proxies that are trusted the address and the scheme are those that they say, and without plain HTTP every host is redirected", async () => {
  const asked = (headers: Record<string, string>) => askPlainly("/", { headers });
  const allowed = { "x-forwarded-for": "192.0.2.1, 203.0.113.7" };
  await deployWith((config) => {
    config["mesh:edge"] = { trustedProxies: { count: 1, addresses: ["0.0.0.0/0", "::/0"] } };
    config["mesh:tls"] = { ...(config["mesh:tls"] as object), plaintext: false };
    setOptions(config, "prod/frontend", { exposed: { page: { policies: { addresses: { allow: ["203.0.113.0/24"] } } } } });
  });
  await everywhere("the proxies in front", async () => {
    for (const name of [host, "elsewhere.example.com"]) {
      const { status, headers } = await asked({ host: name, ...allowed });
      expect([status, headers.location]).toEqual([301, `https://${host}:${port}/`]);
      expect((await asked({ host: name, ...allowed, "x-forwarded-proto": "https" })).status).toBe(200);
    }
  });
  const other = { "x-forwarded-proto": "https", "x-forwarded-for": "203.0.113.7, 192.0.2.1" };
  expect((await asked({ host, ...other })).status).toBe(403);
});

/** Asks for one path after the other on one connection: each proxy of the gateway counts for itself. */
async function onOneConnection<T>(
  use: (ask: (path: string, headers?: Readonly<Record<string, string>>) => Promise<Answer>) => Promise<T>,
): Promise<T> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    return await use((path, headers = {}) => askPlainly(path, { agent, headers }));
  } finally {
    agent.destroy();
  }
}

interface Asked {
  /** @default GET */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /**
   * @default none: over a connection of its own, as one that is open already is served once more as it was before a policy came
   */
  readonly agent?: Agent;
}

/** Asks plain HTTP with any path, just as it is written, and follows nothing. */
function askPlainly(path: string, { method = "GET", headers, body, agent }: Asked = {}): Promise<Answer> {
  const { hostname, port } = new URL(gatewayUrl());
  const to = { host: hostname, port: port || 80, path, method, agent: agent ?? false, timeout: 10_000 };
  return exchange((answered) => request({ ...to, headers: { host: anyHost, ...headers } }, answered), body);
}
