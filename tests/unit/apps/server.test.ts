import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createService } from "../../../apps/product/product/server.ts";
import { createService as createSecond } from "../../../apps/product/product-v2/server.ts";
import type { Service } from "../../../apps/support/service.ts";
import { type Ask, listen } from "../support/http.ts";
import { start } from "../support/programs.ts";

let service: Service;
let ask: Ask;
let lines: Readonly<Record<string, unknown>>[];

beforeEach(async () => {
  lines = [];
  service = createService({ version: "v7", pod: "product-v7-abc", log: (line) => lines.push(line) });
  ({ ask } = await listen(service));
});

afterEach(async () => {
  await service.stop(0, 0);
});

const statuses = async (count: number, path: string) => {
  const seen = [];
  for (let i = 0; i < count; i++) seen.push((await ask(path)).status);
  return seen;
};

describe("answers", () => {
  test("lists products, with the version and the pod that answered", async () => {
    const { status, headers, body } = await ask("/api/products");
    expect(status).toBe(200);
    expect(headers["content-type"]).toMatch(/^application\/json/);
    expect(body).toMatchObject({ version: "v7", pod: "product-v7-abc" });
    expect(body.products).toContainEqual({ id: 2, name: "Teapot", price: 34 });
  });

  test("shows one of them", async () => {
    expect((await ask("/api/products/2")).body).toEqual({
      version: "v7",
      pod: "product-v7-abc",
      product: { id: 2, name: "Teapot", price: 34 },
    });
  });

  test.each([
    ["/api/products/99", 404],
    ["/api/products/2/parts", 404],
    ["/api/product", 404],
    ["/", 404],
    ["/api/products/", 200],
    ["/api/products?page=1", 200],
    ["/api/products/%ff", 404],
  ])("%s: %i", async (path, status) => {
    expect((await ask(path)).status).toBe(status);
  });

  test("HEAD has the headers alone", async () => {
    const [get, head] = [await ask("/api/products"), await ask("/api/products", { method: "HEAD" })];
    expect(head).toMatchObject({ status: 200, body: {} });
    expect(head.headers["content-length"]).toBe(get.headers["content-length"]);
  });

  test.each(["POST", "PATCH", "DELETE"])("%s is not served", async (method) => {
    const { status, headers } = await ask("/api/products", { method });
    expect([status, headers.allow]).toEqual([405, "GET, HEAD"]);
  });

  test("one line for each request, none for probes", async () => {
    await ask("/api/products?status=503");
    await ask("/health");
    await ask("/ready");
    await new Promise(setImmediate);
    expect(lines).toEqual([
      expect.objectContaining({ level: "info", msg: "request", method: "GET", path: "/api/products", status: 503, done: true }),
    ]);
  });
});

describe("faults on request", () => {
  test("an error, by query or by header", async () => {
    expect((await ask("/api/products?status=503")).status).toBe(503);
    expect((await ask("/api/products/1", { headers: { "x-fault-status": "429" } })).status).toBe(429);
    expect((await ask("/api/products?status=500")).body).toMatchObject({ version: "v7", pod: "product-v7-abc" });
  });

  test("other methods fail as well, so that it shows who tries them again", async () => {
    expect((await ask("/api/products?status=503", { method: "POST" })).status).toBe(503);
  });

  test("a delay", async () => {
    const { status, ms } = await ask("/api/products?delay=80");
    expect(status).toBe(200);
    expect(ms).toBeGreaterThanOrEqual(79);
  });

  test("the first n of a key", async () => {
    expect(await statuses(4, "/api/products?fail-first=2&key=a")).toEqual([503, 503, 200, 200]);
    expect(await statuses(2, "/api/products?fail-first=1&key=b&status=500")).toEqual([500, 200]);
    expect(await statuses(1, "/api/products?fail-first=2&key=a")).toEqual([200]);
  });

  test("only on the pods it names", async () => {
    expect(await statuses(1, "/api/products?status=503&pod=product-v7")).toEqual([503]);
    expect(await statuses(1, "/api/products?status=503&pod=product-v8")).toEqual([200]);
  });

  test.each([
    ["delay=30001", "delay is a whole number from 0 to 30000"],
    ["delay=-1", "delay is a whole number"],
    ["delay=soon", "delay is a whole number"],
    ["status=200", "status is a whole number from 400 to 599"],
    ["status=", "status is a whole number"],
    ["fail-first=101", "fail-first is a whole number from 0 to 100"],
    ["status=1&delay=x", "delay is a whole number from 0 to 30000; status is a whole number"],
  ])("%s is refused", async (query, sentence) => {
    const { status, body } = await ask(`/api/products?${query}`);
    expect(status).toBe(400);
    expect(body.error).toEqual(expect.stringContaining(sentence));
  });

  test("no number of keys fills the memory: the oldest is forgotten", async () => {
    expect(await statuses(2, "/api/products?fail-first=1&key=first")).toEqual([503, 200]);
    await Promise.all(Array.from({ length: 200 }, (_, i) => ask(`/api/products?fail-first=1&key=k${i}`)));
    expect(await statuses(1, "/api/products?fail-first=1&key=first")).toEqual([503]);
  });

  test("probes never fail on request", async () => {
    expect(await statuses(1, "/health?status=503")).toEqual([200]);
    expect(await statuses(1, "/ready?status=503")).toEqual([200]);
  });
});

describe("stopping", () => {
  test("lets requests under way finish, and says so to what would reuse their connection", async () => {
    const slow = ask("/api/products?delay=100", { headers: { connection: "keep-alive" } });
    await once(service.server, "request");
    const stopped = service.stop(0, 5_000);
    const { status, headers } = await slow;
    expect([status, headers.connection]).toEqual([200, "close"]);
    await stopped;
    await expect(ask("/api/products")).rejects.toThrow(/ECONNREFUSED/);
  });

  test("is not ready from that moment on, but healthy, and serves those who do not know yet", async () => {
    const stopped = service.stop(1_000, 5_000);
    expect(await statuses(1, "/ready")).toEqual([503]);
    expect(await statuses(1, "/health")).toEqual([200]);
    expect(await statuses(1, "/api/products")).toEqual([200]);
    await stopped;
  });

  test("gives up on a request that takes longer than it may", async () => {
    const slow = ask("/api/products?delay=20000");
    await once(service.server, "request");
    const started = performance.now();
    await Promise.all([service.stop(0, 50), expect(slow).rejects.toThrow(/socket hang up|ECONNRESET/)]);
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});

test("as a process: says where it listens, and ends by itself on SIGTERM", async () => {
  const env = { PORT: "0", LINGER_MS: "0", VERSION: "v3", POD_NAME: "pod-1" };
  const { child, lines, line, ended } = start("apps/product/product/server.ts", [], env);
  expect((await line("listening")).port).toBeGreaterThan(0);
  child.kill("SIGTERM");
  expect(await ended()).toEqual([0, null]);
  expect(lines.map(({ msg }) => msg)).toEqual(["listening", "stopping", "stopped"]);
  for (const one of lines) expect(one).toMatchObject({ version: "v3", pod: "pod-1", time: expect.stringMatching(/^\d{4}-/) });
});

test("the second version is another program, which says more of the same products, and has one more", async () => {
  const second = createSecond({ version: "v8", pod: "product-v8-abc", log: () => {} });
  const other = await listen(second);
  const [first, next] = [await ask("/api/products"), await other.ask("/api/products")];
  expect(next.body).toMatchObject({ version: "v8", pod: "product-v8-abc" });
  const [listed, more] = [first, next].map(({ body }) => body.products as Readonly<Record<string, unknown>>[]);
  expect(more?.slice(0, listed?.length).map(({ stock: _, ...product }) => product)).toEqual(listed);
  expect(more?.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5]);
  for (const { stock } of more ?? []) expect(stock).toBeTypeOf("number");
  for (const product of listed ?? []) expect(product).not.toHaveProperty("stock");
  expect((await other.ask("/api/products/5")).body).toMatchObject({ product: { id: 5, name: "Filter cone", stock: 25 } });
  expect((await ask("/api/products/5")).status).toBe(404);
  await second.stop(0, 0);
});
