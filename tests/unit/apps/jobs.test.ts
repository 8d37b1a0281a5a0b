import { createServer, type ServerResponse } from "node:http";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { listen } from "../support/http.ts";
import { start } from "../support/programs.ts";

/*
 * The shop's jobs as processes: what they log, and what they end with.
 */

const run = async (words: readonly string[], env: Readonly<Record<string, string>> = {}) => {
  const program = start("apps/shop/jobs/main.ts", words, env);
  const [code] = await program.ended();
  return { code, lines: program.lines.map(({ time, ...line }) => ({ ...line, timed: /^\d{4}-/.test(String(time)) })) };
};

describe("a report", () => {
  const backend = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    answer(response);
  });
  let answer: (response: ServerResponse) => void;
  let asked: string[];
  let env: Record<string, string>;

  beforeEach(async () => {
    asked = [];
    const { port } = await listen({ server: backend });
    env = { BACKEND_URL: `http://127.0.0.1:${port}` };
  });
  afterEach(() => {
    backend.closeAllConnections();
    backend.close();
  });

  test("says how many products there are, and what they come to", async () => {
    const products = [12.5, 34, 0.1, 0.2].map((price, id) => ({ id, price }));
    answer = (response) => void response.end(JSON.stringify({ products }));
    const line = { level: "info", msg: "report", products: 4, total: 46.8, timed: true };
    expect(await run(["report"], env)).toEqual({ code: 0, lines: [line] });
    expect(asked).toEqual(["GET /api/catalog"]);
  });

  test("has failed where the backend has, and says with which status", async () => {
    answer = (response) => void response.writeHead(503).end();
    const line = { level: "error", msg: "report failed", error: "Error: the backend answered 503", timed: true };
    expect(await run(["report"], env)).toEqual({ code: 1, lines: [line] });
  });

  test("has failed where the backend says what is no catalogue", async () => {
    answer = (response) => void response.end("no JSON");
    expect(await run(["report"], env)).toMatchObject({ code: 1, lines: [{ msg: "report failed" }] });
  });
});

test("a migration has failed without a database, and says why", async () => {
  const { code, lines } = await run(["migrate"], { PGHOST: "127.0.0.1", PGPORT: "1" });
  expect(code).toBe(1);
  expect(lines).toEqual([{ level: "error", msg: "migrate failed", error: expect.stringContaining("ECONNREFUSED"), timed: true }]);
});

test.each([
  ["a word that is none", ["clean"], "clean"],
  ["a word that every object knows", ["constructor"], "constructor"],
  ["no word", [], "nothing"],
])("%s is told, with those that there are", async (_what, words, named) => {
  const error = `Error: ${named} is no task; there are migrate, report`;
  expect(await run(words)).toEqual({ code: 1, lines: [{ level: "error", msg: `${named} failed`, error, timed: true }] });
});
