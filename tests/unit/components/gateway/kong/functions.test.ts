import { describe, expect, test } from "vitest";
import { pluginsOf } from "../../../../../components/gateway/kong/plugins.ts";
import { redirectFunction } from "../../../../../components/gateway/kong/redirectFunction.ts";
import { type RequestFunctionsArgs, requestFunctions } from "../../../../../components/gateway/kong/requestFunctions.ts";
import { verifyToken } from "../../../../../components/gateway/kong/tokenFunction.ts";
import type { Redirect } from "../../../../../model/exposed.ts";
import { keys } from "../../../support/kong.ts";
import { runLua, type Seen } from "../../../support/kongLua.ts";

const tls = { hosts: ["shop.example.com", "www.example.com"], plaintext: true };
const args: RequestFunctionsArgs = { tls, httpsPort: 443, routes: [] };

/** What becomes of a request in a phase of Kong's. */
const run = (phase: string, seen: Seen, changes: Partial<RequestFunctionsArgs> = {}) =>
  runLua((requestFunctions({ ...args, ...changes }).config[phase] as readonly string[] | undefined) ?? [], seen);
const http = (host: string, uri = "/a?b=1") => ({ var: { host, https: "", request_uri: uri } });

describe("headers that only a proxy may say", () => {
  const cleared = (headers: Seen["headers"], changes: Partial<RequestFunctionsArgs> = {}) =>
    run("rewrite", { ...http("localhost"), headers: headers ?? {} }, changes).cleared;

  test.each([
    "x-forwarded-for",
    "X_Forwarded_For",
    "Forwarded",
    "x-original-url",
    "x-rewrite-url",
    "x-envoy-external-address",
    "x-envoy-original-path",
    "X-Envoy-Peer-Metadata-Id",
    "x-consumer-username",
    "X_Consumer-ID",
    "x-credential-identifier",
    "x-authenticated-groups",
    "x-anonymous-consumer",
    "x-real-ip",
  ])("are removed before any plugin of Kong's says its own: %s", (name) => {
    expect(cleared({ [name]: "forged" })).toEqual([name]);
    expect(cleared({ [name]: ["forged", "twice"] })).toEqual([name]);
  });

  test("are those that a stack adds too", () => {
    expect(cleared({ "X-Acme-Tenant": "1", "x-acmes": "2" }, { stripHeaders: ["x-acme-*"] })).toEqual(["X-Acme-Tenant"]);
  });

  test("are no others", () => {
    const common = {
      accept: "*/*",
      authorization: "Bearer a",
      apikey: "k",
      "x-canary": "true",
      "x-request-id": "1",
      cookie: "a=b",
    };
    expect(cleared({ ...common, "x-forwarded-proto": "http", traceparent: "00" })).toEqual([]);
  });

  test("stand among a hundred at most, as plugins see no more", () => {
    const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`a${index}`, "1"]));
    expect(run("rewrite", { ...http("localhost"), headers: many(100) }).answer).toBeUndefined();
    expect(run("rewrite", { ...http("localhost"), headers: many(101) }).answer).toEqual({ status: "431" });
    expect(run("rewrite", { ...http("localhost"), headers: { a: Array(101).fill("1") } }).answer).toEqual({ status: "431" });
  });
});

describe("HTTP", () => {
  test("to a host of TLS is redirected with all of the request, to the port that clients use", () => {
    const answer = (httpsPort: number) => run("rewrite", http("www.example.com"), { httpsPort }).answer;
    expect(answer(443)).toEqual({ status: "301", location: "https://www.example.com/a?b=1" });
    expect(answer(9443)).toEqual({ status: "301", location: "https://www.example.com:9443/a?b=1" });
  });

  test.each([
    ["HEAD", "301"],
    ["POST", "308"],
    ["PUT", "308"],
    ["OPTIONS", "308"],
  ])("with %s is redirected with %s, which keeps method and body", (method, status) => {
    expect(run("rewrite", { ...http("www.example.com"), method }).answer?.status).toBe(status);
  });

  test("to another host is served, or without plaintext redirected to the first host: what a caller says is in no Location", () => {
    expect(run("rewrite", http("forged.example.net")).answer).toBeUndefined();
    const without = run("rewrite", http("forged.example.net"), { tls: { ...tls, plaintext: false } }).answer;
    expect(without).toEqual({ status: "301", location: "https://shop.example.com/a?b=1" });
  });
});

describe("HTTPS", () => {
  test.each([
    ["shop.example.com", undefined],
    ["Shop.Example.Com", undefined],
    ["other.example.com", { status: "refused" }],
    [undefined, { status: "refused" }],
  ])("with the name %s in the handshake", (serverName, answer) => {
    expect(run("certificate", serverName === undefined ? {} : { serverName }).answer).toEqual(answer);
  });

  test.each([
    ["shop.example.com", undefined],
    ["other.example.com", { status: "404" }],
  ])("for the host %s", (host, answer) => {
    expect(run("rewrite", { var: { host, https: "on", request_uri: "/" } }).answer).toEqual(answer);
  });
});

describe("hosts below a name", () => {
  const below = { tls: { hosts: ["shop.example.com", "*.example.com", "*.example.org"], plaintext: true }, httpsPort: 8443 };
  const hosts: [string, boolean][] = [
    ["a.example.com", true],
    ["a-b.example.org", true],
    ["shop.example.com", true],
    // A certificate is for those right below.
    ["a.b.example.com", false],
    ["example.org", false],
    [".example.org", false],
    ["aXexample.org", false],
    ["a.example.org.example.net", false],
    ["com", false],
  ];

  test.each(hosts)("%s is one of them: %s", (host, isServed) => {
    const seen = { host, request_uri: "/a?b=1" };
    const certificate = (serverName: string) => run("certificate", { serverName }, below).answer;
    expect(certificate(host)).toEqual(isServed ? undefined : { status: "refused" });
    expect(certificate(host.toUpperCase())).toEqual(certificate(host));
    expect(run("rewrite", { var: { ...seen, https: "on" } }, below).answer).toEqual(isServed ? undefined : { status: "404" });
    const location = `https://${host}:8443/a?b=1`;
    expect(run("rewrite", http(host), below).answer).toEqual(isServed ? { status: "301", location } : undefined);
    const without = { ...below, tls: { ...below.tls, plaintext: false } };
    const first = "https://shop.example.com:8443/a?b=1";
    expect(run("rewrite", http(host), without).answer).toEqual({ status: "301", location: isServed ? location : first });
  });
});

describe("a redirect of an exposure", () => {
  const tls = { hosts: ["shop.example.com"], httpsPort: 8443 };
  const answer = (redirect: Redirect, uri: string) => {
    const args = uri.includes("?") ? uri.slice(uri.indexOf("?") + 1) : undefined;
    const variables = { request_uri: uri, is_args: args ? "?" : "", ...(args && { args }) };
    return runLua(redirectFunction(redirect, tls).config.access as readonly string[], { var: variables }).answer;
  };

  test.each<[Redirect, string, string, string]>([
    [{ path: "/new", code: 301 }, "/old/a", "301", "/new"],
    [{ path: "/new", code: 302 }, "/old/a?b=1&c", "302", "/new?b=1&c"],
    [{ host: "shop.example.com", code: 308 }, "/old/a?b=1", "308", "https://shop.example.com:8443/old/a?b=1"],
    [{ host: "other.example.com", code: 307 }, "/old", "307", "https://other.example.com/old"],
    [{ host: "other.example.com", path: "/", code: 303 }, "/old?b=/c?d", "303", "https://other.example.com/?b=/c?d"],
  ])("of %j sends who asks for %s away with %s to %s", (redirect, uri, status, location) => {
    expect(answer(redirect, uri)).toEqual({ status, location });
  });
});

describe("a key in the log", () => {
  const logged = (seen: Seen, changes: Partial<RequestFunctionsArgs> = {}) => run("log", seen, changes).logged;

  test("is hidden in a header, however it is written and wherever it is sent", () => {
    expect(logged({ headers: { ApiKey: "secret", accept: "*/*" } })).toEqual({ "request.headers.apikey": "REDACTED" });
    expect(logged({ headers: { apikey: ["one", "two"] } })).toEqual({ "request.headers.apikey": "REDACTED" });
  });

  test("is hidden in the headers that services wait for", () => {
    const routes = [
      { policies: {} },
      { policies: keys("partner") },
      { policies: { apiKeys: { consumers: ["a"], header: "x-key" } } },
    ];
    const headers = { "X-Key": "secret", x_key: "secret", apikey: "secret", "x-keys": "no secret" };
    expect(logged({ headers }, { routes })).toEqual({
      "request.headers.x-key": "REDACTED",
      "request.headers.x_key": "REDACTED",
      "request.headers.apikey": "REDACTED",
    });
  });

  test("is hidden in the query, with all that repeats it", () => {
    const query = { apikey: "secret", page: "2" };
    const variables = { scheme: "http", host: "localhost", server_port: "8000", request_uri: "/a?apikey=secret&page=2" };
    const hidden = "apikey=REDACTED&page=2";
    expect(logged({ query, var: { ...variables, upstream_uri: "/a?apikey=secret&page=2" } })).toEqual({
      "request.querystring": hidden,
      "request.uri": `/a?${hidden}`,
      "request.url": `http://localhost:8000/a?${hidden}`,
      upstream_uri: `/a?${hidden}`,
    });
    expect(logged({ query, var: variables })).not.toHaveProperty("upstream_uri");
  });

  test("leaves what is none", () => {
    expect(logged({ headers: { accept: "*/*", authorization: "x" }, query: { page: "2" } })).toEqual({});
  });
});

describe("a token whose signature is good", () => {
  const issuer = 'https://issuer.example.com/"quoted"\n';
  const now = 1_900_000_000;
  const functions = [verifyToken({ issuer })];
  const encoded = (part: unknown) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const answer = (claims: unknown) =>
    runLua(functions, { time: now, token: `${encoded({ alg: "RS256" })}.${encoded(claims)}.signature` }).answer;
  const refused = { status: "401", authenticate: 'Bearer error="invalid_token"' };

  test.each([
    ["holds", { exp: now + 10 }],
    ["holds from now on", { exp: now + 10, nbf: now }],
    ["ended less than a minute ago, as clocks differ", { exp: now - 60 }],
    ["begins in less than a minute", { exp: now + 100, nbf: now + 60 }],
    ["says much else, of whatever length", { exp: now + 10, name: "a".repeat(7), list: [{ nbf: now + 1_000 }] }],
  ])("is taken if it %s", (_, claims) => {
    expect(answer({ iss: issuer, ...claims })).toBeUndefined();
  });

  test.each([
    ["has ended", { exp: now - 61 }],
    ["does not say when it ends", {}],
    ["says so as text", { exp: `${now + 10}` }],
    ["does not hold yet", { exp: now + 100, nbf: now + 61 }],
    ["says that as text", { exp: now + 100, nbf: `${now}` }],
    ["is of another issuer, with whose key it is signed", { exp: now + 10, iss: "https://other.example.com" }],
  ])("is refused if it %s", (_, claims) => {
    expect(answer({ iss: issuer, ...claims })).toEqual(refused);
  });

  test("is refused if it is not there, or is no object", () => {
    expect(runLua(functions, { time: now }).answer).toEqual(refused);
    expect(answer("text")).toEqual(refused);
  });
});

test("of a guarded exposure other methods are refused, before a token is read", () => {
  const jwt = { issuer: "https://issuer.example.com", keys: [] };
  const guarded = { policies: {}, methods: ["GET", "HEAD"], isGuarded: true };
  const functionsOf = (route: Parameters<typeof pluginsOf>[0]) =>
    (pluginsOf(route, { hosts: [], httpsPort: 443 }).find(({ plugin }) => plugin === "post-function")?.config.access ??
      []) as string[];
  const answer = (method: string) => runLua(functionsOf(guarded), { method }).answer?.status;
  expect(["GET", "HEAD", "POST", "get", "DELETE"].map(answer)).toEqual([undefined, undefined, "403", "403", "403"]);
  expect(functionsOf({ ...guarded, isGuarded: false })).toEqual([]);
  expect(runLua(functionsOf({ ...guarded, policies: { jwt } }), { method: "POST" }).answer?.status).toBe("403");
  expect(runLua(functionsOf({ ...guarded, policies: { jwt } }), { method: "GET" }).answer?.status).toBe("401");
});
