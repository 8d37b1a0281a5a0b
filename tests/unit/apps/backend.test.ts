import { request } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Client, Pool } from "../../../apps/shop/backend/catalog.ts";
import { createService } from "../../../apps/shop/backend/server.ts";
import type { Service } from "../../../apps/support/service.ts";
import { type Ask, listen } from "../support/http.ts";

/** A database with at most one table, which keeps what it was asked. */
class FakeDatabase {
  away = false;
  table = false;
  readonly said: string[] = [];
  released: (Error | undefined)[] = [];
  ended = 0;

  query(text: string, values: readonly unknown[] = []): { rows: readonly unknown[] } {
    if (this.away) throw new Error("connect ECONNREFUSED");
    this.said.push(text);
    if (text.includes("to_regclass")) return { rows: [{ there: this.table }] };
    if (text.includes("current_database")) return { rows: [{ name: "shop", version: "15.14 (Debian 15.14-0+deb12u1)" }] };
    if (text.startsWith("CREATE TABLE")) this.table = true;
    if (!text.startsWith("SELECT id")) return { rows: [] };
    if (!this.table) throw Object.assign(new Error('relation "products" does not exist'), { code: "42P01" });
    const all = [1, 2].map((id) => ({ id, name: `Cup ${id}`, description: "A cup", price: "12.50", picture: "cup" }));
    return { rows: values.length === 0 ? all : all.filter(({ id }) => id === values[0]) };
  }

  pool(): Pool & { fail(error: Error): void } {
    const listeners: ((error: Error) => void)[] = [];
    const client: Client = {
      query: async (text) => this.query(text),
      release: (error) => void this.released.push(error),
    };
    return {
      query: async (text, values) => this.query(text, values),
      connect: async () => {
        if (this.away) throw new Error("connect ECONNREFUSED");
        return client;
      },
      end: async () => void this.ended++,
      on: (_event, listener) => listeners.push(listener),
      fail: (error) => {
        for (const listener of listeners) listener(error);
      },
    };
  }
}

let database: FakeDatabase;
let pool: ReturnType<FakeDatabase["pool"]>;
let service: Service;
let ask: Ask;
let lines: Readonly<Record<string, unknown>>[];

async function start(): Promise<void> {
  service = createService({ version: "v3", pod: "backend-v3-xyz", log: (line) => lines.push(line), pool });
  ({ ask } = await listen(service));
}

async function untilReady(): Promise<void> {
  while ((await ask("/ready")).status !== 200) await sleep(5);
}

beforeEach(async () => {
  lines = [];
  database = new FakeDatabase();
  pool = database.pool();
});
afterEach(() => service.stop(0, 0));

describe("the catalogue", () => {
  beforeEach(async () => {
    await start();
    await untilReady();
  });

  test("lists products with prices as numbers, and who answered", async () => {
    const { status, body } = await ask("/api/catalog");
    expect(status).toBe(200);
    expect(body).toEqual({
      version: "v3",
      pod: "backend-v3-xyz",
      database: { name: "shop", version: "15.14" },
      products: [expect.objectContaining({ id: 1, price: 12.5 }), expect.objectContaining({ id: 2, name: "Cup 2" })],
    });
  });

  test("shows one of them", async () => {
    expect((await ask("/api/catalog/2")).body).toMatchObject({ pod: "backend-v3-xyz", product: { id: 2 } });
  });

  test.each([
    ["/api/catalog/9", 404],
    ["/api/catalog/0", 404],
    ["/api/catalog/1;drop", 404],
    ["/api/catalog/99999999999", 404],
    ["/api/catalog/1/2", 404],
    ["/api/catalogs", 404],
    ["/", 404],
    ["/api/catalog/", 200],
  ])("%s: %i", async (path, status) => {
    expect((await ask(path)).status).toBe(status);
  });

  test("what is no number never reaches the database", async () => {
    database.said.length = 0;
    await ask("/api/catalog/1'--");
    expect(database.said).toEqual([]);
  });

  test("nothing but reading is served", async () => {
    expect(await ask("/api/catalog", { method: "POST" })).toMatchObject({ status: 405, headers: { allow: "GET, HEAD" } });
    expect(await ask("/api/catalog", { method: "HEAD" })).toMatchObject({ status: 200, text: "" });
  });

  test("faults on request, as the product service has them", async () => {
    expect((await ask("/api/catalog?status=500")).status).toBe(500);
    expect((await ask("/api/catalog", { headers: { "x-fault-status": "503" } })).status).toBe(503);
  });
});

describe("who has the page open", () => {
  /** What a stream of events has told so far. */
  function watch(port: number) {
    const told: unknown[] = [];
    const sent = request({ host: "127.0.0.1", port, path: "/api/events", agent: false });
    const ended = new Promise<void>((resolve) => {
      sent.on("response", (response) => {
        response.setEncoding("utf8").on("data", (text: string) => {
          for (const [, data = ""] of text.matchAll(/^data: (.*)$/gm)) told.push(JSON.parse(data));
        });
        response.on("end", resolve);
      });
    });
    sent.on("error", () => {}).end();
    return { told, ended, leave: () => sent.destroy() };
  }

  test("each is told of all, when one comes and when one goes, and all streams end when the pod does", async () => {
    await start();
    const { port } = service.server.address() as AddressInfo;
    const who = { version: "v3", pod: "backend-v3-xyz" };
    const first = watch(port);
    await vi.waitFor(() => expect(first.told).toEqual([{ ...who, watching: 1 }]));
    const second = watch(port);
    await vi.waitFor(() => expect(first.told.at(-1)).toEqual({ ...who, watching: 2 }));
    expect(second.told).toEqual([{ ...who, watching: 2 }]);
    second.leave();
    await vi.waitFor(() => expect(first.told.at(-1)).toEqual({ ...who, watching: 1 }));
    await Promise.all([service.stop(0, 5_000), first.ended]);
  });

  test("HEAD gets what says that it is a stream, and nothing of it", async () => {
    await start();
    const { status, headers, text } = await ask("/api/events", { method: "HEAD" });
    expect([status, headers["content-type"], text]).toEqual([200, "text/event-stream; charset=utf-8", ""]);
    expect((await ask("/api/events", { method: "POST" })).status).toBe(405);
  });
});

describe("a database that is away", () => {
  test("says so with 503, stays ready, and is fine again by itself", async () => {
    await start();
    await untilReady();
    database.away = true;
    const { status, body, headers } = await ask("/api/catalog");
    expect(status).toBe(503);
    expect(body).toEqual({ error: "the database does not answer", version: "v3", pod: "backend-v3-xyz" });
    expect(headers["retry-after"]).toBe("1");
    expect((await ask("/ready")).status).toBe(200);
    expect(lines).toContainEqual(expect.objectContaining({ level: "error", msg: "database failed" }));
    database.away = false;
    expect((await ask("/api/catalog")).status).toBe(200);
  });

  test("at the start: not ready, but healthy, until the table was made once", async () => {
    database.away = true;
    await start();
    await sleep(20);
    expect([(await ask("/ready")).status, (await ask("/health")).status]).toEqual([503, 200]);
    database.away = false;
    await untilReady();
    expect(database.table).toBe(true);
  });

  test("a connection lost in the pool ends no process", async () => {
    await start();
    pool.fail(new Error("terminating connection due to administrator command"));
    expect(lines).toContainEqual(expect.objectContaining({ msg: "database connection lost" }));
  });

  test("one that came back empty gets its table anew", async () => {
    await start();
    await untilReady();
    database.table = false;
    expect((await ask("/api/catalog")).status).toBe(200);
  });
});

describe("the table", () => {
  test("is made under a lock, in one transaction", async () => {
    await start();
    await untilReady();
    expect(database.said.map((text) => text.split(/[ (]/).slice(0, 2).join(" "))).toEqual([
      "BEGIN",
      "SELECT pg_advisory_xact_lock",
      "SELECT to_regclass",
      "CREATE TABLE",
      "INSERT INTO",
      "COMMIT",
    ]);
    expect(database.released).toEqual([undefined]);
  });

  test("is left as it is when it is there", async () => {
    database.table = true;
    await start();
    await untilReady();
    expect(database.said.filter((text) => /^(CREATE|INSERT)/.test(text))).toEqual([]);
  });

  test("a connection on which it failed is not used again", async () => {
    const failed = new Error("canceling statement due to statement timeout");
    const query = database.query.bind(database);
    let failures = 1;
    database.query = (text, values) => {
      if (text.startsWith("INSERT") && failures-- > 0) throw failed;
      return query(text, values);
    };
    await start();
    await untilReady();
    expect(database.released).toEqual([failed, undefined]);
  });
});

test("stopping ends its connections, and its waiting for the database", async () => {
  database.away = true;
  await start();
  await service.stop(0, 0);
  expect(database.ended).toBe(1);
  const said = lines.length;
  await sleep(400);
  expect(lines).toHaveLength(said);
  await start(); // for afterEach
});
