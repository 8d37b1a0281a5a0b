import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo, Server } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { issue } from "../../../cli/certificates/issue.ts";
import { ask, judge, questionOf, untilAnswered } from "../../../cli/support/url.ts";
import { curlCommand, expectedAnswers, questionsAllowed } from "../../../model/expectedAnswers.ts";
import { silentProgress } from "../../lib/silentProgress.ts";

const open: Server[] = [];

async function listen(server: Server): Promise<number> {
  open.push(server);
  await once(server.listen(0, "127.0.0.1"), "listening");
  return (server.address() as AddressInfo).port;
}

/** Answers with each status once, the last one for good. */
async function answering(...statuses: number[]): Promise<string> {
  const next = () => (statuses.length > 1 ? statuses.shift() : statuses[0]) ?? 500;
  return `http://127.0.0.1:${await listen(createServer((_request, response) => response.writeHead(next()).end()))}/`;
}

afterEach(() => {
  for (const server of open.splice(0)) server.close();
});

const jwt = { issuer: "https://issuer.example.com", keys: [] };
const get = ["GET", "HEAD"];
const statusesOf = (...args: Parameters<typeof expectedAnswers>) => expectedAnswers(...args).map(({ status }) => status);

describe("answers that show that a route works", () => {
  test.each([
    ["without policies 200 alone", {}, get, [200]],
    ["with a token demanded, a refusal alone: 200 would mean that the policy is not there yet", { jwt }, get, [401]],
    ["without GET, a refusal", {}, ["POST"], [403, 405]],
    ["with addresses, as it may be", { addresses: { allow: ["10.0.0.0/8"] } }, get, [200, 403]],
    ["with a limit, as it may be", { rateLimit: { requests: 3, per: "minute" } }, get, [200, 429]],
    ["with keys on Kong, a refusal", { apiKeys: { consumers: ["partner"] } }, get, [401]],
  ] as const)("%s", (_case, policies, methods, statuses) => {
    expect(statusesOf({ policies, methods })).toEqual(statuses);
  });

  test("a small limit is not used up by asking", () => {
    const limited = (requests: number) => ({ policies: { rateLimit: { requests, per: "minute" as const } }, methods: get });
    expect([3, 50, 1_000].map((requests) => questionsAllowed(limited(requests), 10))).toEqual([1, 5, 10]);
    expect(questionsAllowed({ policies: {}, methods: get }, 10)).toBe(10);
  });

  test("are told with their reason", () => {
    expect(judge("401", expectedAnswers({ policies: { jwt }, methods: get }))).toEqual({
      works: true,
      text: "401, as the route asks for a token of https://issuer.example.com",
    });
    expect(judge("200", expectedAnswers({ policies: {}, methods: get }))).toEqual({ works: true, text: "200" });
    expect(judge("404", expectedAnswers({ policies: { jwt }, methods: get })).works).toBe(false);
  });
});

describe("waiting for a URL", () => {
  const wait = (url: string, policies: object, timeout = 10) =>
    untilAnswered({ url, expected: expectedAnswers({ policies, methods: get }), times: 2 }, silentProgress, timeout, "local");

  test("goes on until it answers as its policies say", async () => {
    expect(await wait(await answering(404, 200, 503, 200), {})).toBe("200");
    expect(await wait(await answering(404, 200, 401), { jwt })).toBe(
      "401, as the route asks for a token of https://issuer.example.com",
    );
  });

  test("ends with the last answer and the expected ones", async () => {
    await expect(wait(await answering(404), { jwt }, 0)).rejects.toThrow(/ does not answer 401 but: 404\. `make status`/);
  });
});

test("a host that leads nowhere is asked for at the gateway's address, and trusted by the stack's own authority", async () => {
  const { authority, server } = await issue(["shop.example.com"], new Date());
  const hosts: (string | undefined)[] = [];
  const handler: RequestListener = ({ headers: { host } }, response) => {
    hosts.push(host);
    response.end("here");
  };
  const port = await listen(createHttpsServer({ cert: server.certificate, key: server.key }, handler));
  const url = `https://shop.example.com:${port}/api/products`;
  const way = { address: "127.0.0.1", authority: authority.certificate };
  expect(await ask(url, way)).toBe("200");
  expect(hosts).toEqual([`shop.example.com:${port}`]);
  expect(await ask(url, { address: "127.0.0.1" })).toMatch(/certificate|self.signed/i);
  expect(await ask(`https://other.example.com:${port}/`, way)).toMatch(/not match|altnames/i);
});

test("a port that nobody listens on is said so", async () => {
  expect(await ask("http://127.0.0.1:1/")).toMatch(/ECONNREFUSED/);
});

test("the question comes from the stack's outputs and its file; before the first deployment there is none", () => {
  const offer = { policies: {}, methods: get };
  expect(questionOf({}, offer)).toBeUndefined();
  expect(questionOf({ url: "https://a.example.com", address: "localhost", authority: "PEM" }, offer)).toEqual({
    url: "https://a.example.com",
    address: "localhost",
    authority: "PEM",
    expected: [{ status: 200 }],
    times: 10,
  });
});

describe("the command to try", () => {
  const curl = (more: object) =>
    curlCommand({
      url: "http://localhost:8080/api",
      address: "localhost",
      authority: true,
      stack: "local",
      policies: {},
      methods: get,
      ...more,
    });

  test("is plain where the route is", () => {
    expect(curl({})).toBe("curl -i http://localhost:8080/api");
  });

  test("has the method, the token and the key that the route asks for", () => {
    expect(curl({ methods: ["POST"], policies: { jwt } })).toBe(
      "curl -i -X POST -H 'authorization: Bearer <a token of https://issuer.example.com>' http://localhost:8080/api",
    );
    expect(curl({ policies: { apiKeys: { consumers: ["partner"] } } })).toBe(
      "curl -i -H 'apikey: <one of pulumi stack output apiKeys --show-secrets --stack local>' http://localhost:8080/api",
    );
  });

  test("leads a host to the gateway, and trusts the stack's authority where it has one", () => {
    const url = "https://shop.example.com:8443/api";
    expect(curl({ url })).toBe(
      `curl -i --connect-to shop.example.com:8443:localhost:8443 --cacert <(pulumi stack output authority --stack local) ${url}`,
    );
    expect(curl({ url: "https://shop.example.com/api", authority: false })).toBe(
      "curl -i --connect-to shop.example.com:443:localhost:443 https://shop.example.com/api",
    );
  });
});
