import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Script } from "node:vm";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Advice } from "../../../apps/shop/frontend/recommendations.ts";
import { createService } from "../../../apps/shop/frontend/server.ts";
import type { Service } from "../../../apps/support/service.ts";
import { type Ask, listen } from "../support/http.ts";

const catalogue = {
  version: "v7",
  pod: "backend-v7-abc",
  database: { name: "shop", version: "15.14" },
  products: [
    { id: 1, name: "Cup & saucer", description: "For <two>", price: 12.5, picture: "cup" },
    { id: 2, name: "Mystery", description: "No drawing", price: 3, picture: "constructor" },
  ],
};

let backend: Server;
let backendUrl: string;
/** What the backend does, and what it was asked. */
let answer: (response: ServerResponse) => void;
let asked: IncomingMessage[];
/** What the recommendations service says, and what it was asked. */
let advice: Advice;
let advised: [product: number, headers: Readonly<Record<string, string>>][];
let service: Service;
let ask: Ask;
let lines: Readonly<Record<string, unknown>>[];

const json = (status: number, body: unknown) => (response: ServerResponse) =>
  void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));

beforeEach(async () => {
  answer = json(200, catalogue);
  asked = [];
  advice = { recommended: { products: [2], version: "v5", pod: "recommendations-v5-abc" } };
  advised = [];
  lines = [];
  backend = createServer((request, response) => {
    asked.push(request);
    answer(response);
  });
  const { port } = await listen({ server: backend });
  backendUrl = `http://127.0.0.1:${port}`;
  await start(10_000);
});

/** @param backendTimeout - with the backend, in milliseconds. */
async function start(backendTimeout: number): Promise<void> {
  const log = (line: Readonly<Record<string, unknown>>) => lines.push(line);
  const advise = async (...question: (typeof advised)[number]) => {
    advised.push(question);
    return advice;
  };
  service = createService({ version: "v2", pod: "frontend-v2-xyz", log, backendUrl, backendTimeout, advise });
  ({ ask } = await listen(service));
}

afterEach(async () => {
  backend.closeAllConnections();
  backend.close();
  await service.stop(0, 0);
});

describe("the page", () => {
  test("lists the products, and says which versions and pods answered", async () => {
    const { status, headers, text } = await ask("/");
    expect([status, headers["content-type"], headers["x-backend-status"]]).toEqual([200, "text/html; charset=utf-8", "200"]);
    for (const shown of ["€12.50", "€3.00", "frontend-v2-xyz", "backend-v7-abc", ">v2<", ">v7<", ">15.14<"])
      expect(text).toContain(shown);
    expect(asked.map(({ method, url }) => [method, url])).toEqual([["GET", "/api/catalog"]]);
  });

  test("shows everything as text, whatever is in it", async () => {
    const { text } = await ask("/");
    expect(text).toContain("Cup &#38; saucer");
    expect(text).toContain("For &#60;two&#62;");
    expect((await ask("/<script>x</script>")).text).not.toContain("<script>x");
  });

  test("has a drawing for each product, also for one it does not know", async () => {
    const { text } = await ask("/");
    expect(text.match(/<svg viewBox="0 0 96 96"/g)).toHaveLength(catalogue.products.length);
    expect(text).not.toMatch(/undefined|native code/);
  });

  test("is in a language, has one heading of the first order, landmarks, and a name for each section and field", async () => {
    const { text } = await ask("/");
    expect(text).toMatch(/^<!doctype html>\n<html lang="en">/);
    for (const [one, count] of [
      ["<h1", 1],
      ["<main", 1],
      ["<header", 1],
      ["<footer", 1],
      ["<nav aria-label", 1],
    ] as const) {
      expect(text.split(one)).toHaveLength(count + 1);
    }
    const ids = [...text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, id] of text.matchAll(/aria-labelledby="([^"]+)"/g)) expect(ids).toContain(id);
    expect(text).toMatch(/<label>[^<]+\n?<select/);
  });

  test("HEAD has the headers alone, and nothing but reading is served", async () => {
    expect(await ask("/", { method: "HEAD" })).toMatchObject({ status: 200, text: "" });
    expect((await ask("/", { method: "POST" })).status).toBe(405);
  });

  test.each(["/nothing", "/favicon.ico", "/api/unknown"])("%s is not there, and the backend is not asked", async (path) => {
    const { status, headers, text } = await ask(path);
    expect([status, headers["content-type"]]).toEqual([404, "text/html; charset=utf-8"]);
    expect(text).toContain(path);
    expect(text).not.toContain("<script");
    expect(asked).toEqual([]);
  });
});

describe("what the browser may do", () => {
  test("is what is in the page word for word, and requests to where it came from", async () => {
    const { headers, text } = await ask("/");
    const policy = String(headers["content-security-policy"]);
    expect(policy).toMatch(/^default-src 'none'; /);
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
    for (const tag of ["style", "script"]) {
      const [, inside = ""] = new RegExp(`<${tag}>(.*?)</${tag}>`, "s").exec(text) ?? [];
      expect(inside.length).toBeGreaterThan(500);
      expect(policy).toContain(`${tag}-src 'sha256-${createHash("sha256").update(inside).digest("base64")}'`);
    }
    // An attribute would be a style or a script that no hash allows.
    expect(text).not.toMatch(/ style="| on[a-z]+="/);
    expect(text).not.toMatch(/(src|href)="https?:/);
  });

  test("the script is one that a browser can read", async () => {
    const [, script = ""] = /<script>(.*?)<\/script>/s.exec((await ask("/")).text) ?? [];
    expect(() => new Script(script)).not.toThrow();
  });
});

describe("what goes well with a product", () => {
  const section = (text: string) => /<section id="recommended".*?<\/section>/s.exec(text)?.[0];
  const hop = (text: string) =>
    /<h3>Recommendations <span class="badge">([^<]*)<\/span><\/h3>(?:<code>([^<]*)<\/code>)?/.exec(text);

  test("is told by the names that the backend has, beside who said so", async () => {
    advice = { recommended: { products: [2, 9, 1], version: "v5", pod: "recommendations-v5-abc" } };
    const { status, text } = await ask("/");
    expect(status).toBe(200);
    expect(section(text)).toContain('<h2 id="recommended-title">Goes well with the Cup &#38; saucer</h2>');
    // There is no product 9.
    expect(section(text)).toContain("<p>Mystery, Cup &#38; saucer</p>");
    expect(hop(text)?.slice(1)).toEqual(["v5", "recommendations-v5-abc"]);
    expect(lines).not.toContainEqual(expect.objectContaining({ msg: "no recommendations" }));
  });

  test("is asked for once, with the headers that belong to the request", async () => {
    await ask("/", { headers: { "x-canary": "true", cookie: "a=b" } });
    expect(advised).toEqual([[1, { "x-canary": "true" }]]);
  });

  test("may be missing on a page that is whole without it, and why is told as text", async () => {
    advice = { missing: "no answer <yet>" };
    const { status, headers, text } = await ask("/");
    expect([status, headers["x-backend-status"]]).toEqual([200, "200"]);
    expect(section(text)).toContain("<p>Nobody says so at the moment: <code>no answer &#60;yet&#62;</code></p>");
    expect(text).toContain("€12.50");
    expect(hop(text)?.slice(1)).toEqual(["no answer", undefined]);
    expect(lines).toContainEqual(
      expect.objectContaining({ level: "warn", msg: "no recommendations", reason: "no answer <yet>" }),
    );
  });

  test("is of nothing where the backend has no products, and no question of a page that is not there", async () => {
    answer = json(503, {});
    expect(section((await ask("/")).text)).toBeUndefined();
    answer = json(200, { ...catalogue, products: [] });
    expect(section((await ask("/")).text)).toContain("Goes well with the rest");
    advised.length = 0;
    await ask("/nothing");
    expect(advised).toEqual([]);
  });
});

describe("a backend that fails", () => {
  const panel = async () => {
    const { status, headers, text } = await ask("/");
    const [, title, reason] = /role="alert"><h3>([^<]*)<\/h3>\s*<p>It said: <code>([^<]*)<\/code>/.exec(text) ?? [];
    return { status, backend: headers["x-backend-status"], title, reason };
  };

  test("is told with its status and its reason, on a page that is fine itself", async () => {
    answer = json(503, { error: "the database does not answer" });
    expect(await panel()).toEqual({
      status: 200,
      backend: "503",
      title: "The backend answered 503",
      reason: "the database does not answer",
    });
    expect(lines).toContainEqual(expect.objectContaining({ level: "warn", msg: "backend failed", status: 503 }));
  });

  test("also in the words of a proxy on the way", async () => {
    answer = (response) => void response.writeHead(503).end("no healthy upstream");
    expect(await panel()).toMatchObject({ title: "The backend answered 503", reason: "no healthy upstream" });
  });

  test("that takes too long is not waited for", async () => {
    answer = () => {};
    await service.stop(0, 0);
    await start(200);
    const started = performance.now();
    expect(await panel()).toMatchObject({
      backend: "none",
      title: "The backend does not answer",
      reason: "no answer within 200 ms",
    });
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  test("that is not there", async () => {
    backend.closeAllConnections();
    await new Promise((resolve) => backend.close(resolve));
    expect((await panel()).reason).toMatch(/ECONNREFUSED/);
  });

  test.each([
    ["no JSON", (response: ServerResponse) => void response.end("hello")],
    ["another thing", json(200, { products: "none" })],
    ["nothing", json(200, null)],
  ])("that answers with %s", async (_what, doing) => {
    answer = doing;
    expect(await panel()).toMatchObject({ title: "The backend answered 200", reason: "the answer is no catalogue" });
  });

  test("does not make the page unready", async () => {
    answer = json(503, {});
    await ask("/");
    expect((await ask("/ready")).status).toBe(200);
  });
});

describe("what goes on to the backend", () => {
  test("the headers that belong to the request through all services, and no others", async () => {
    const carried = {
      "x-request-id": "r1",
      traceparent: "00-ab-cd-01",
      "x-b3-traceid": "t1",
      "x-canary": "true",
      baggage: "a=b",
    };
    await ask("/", { headers: { ...carried, authorization: "Bearer secret", cookie: "a=b", "x-fault-pod": "nobody" } });
    expect(asked[0]?.headers).toMatchObject(carried);
    for (const name of ["authorization", "cookie", "x-fault-pod"]) expect(asked[0]?.headers).not.toHaveProperty(name);
  });

  test("faults that are asked for it", async () => {
    await ask("/?backend-status=503&backend-delay=5&status-of=x");
    expect(asked[0]?.url).toBe("/api/catalog?status=503&delay=5");
  });
});

test("faults on request of its own, as the product service has them", async () => {
  expect((await ask("/?status=503")).status).toBe(503);
  expect(asked).toEqual([]);
});
