import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ApplicationDeclaration } from "../../../model/application.ts";
import { type CheckContext, checkApplications } from "../../../model/checks/check.ts";
import { endOf, faultsOf, requestRules } from "../../../model/requestRules.ts";
import { noticesOf } from "../../../platform.ts";
import { factsOf, service } from "../../lib/shop.ts";
import { plan, problems as problemsOfStack, serviceOf } from "../support/config.ts";

/*
 * What becomes of requests by what is in them, as a service declares it, and what is refused of it. What proxies make of it is in
 * traffic.test.ts.
 */

const image = { registry: "registry", repository: "service", tag: "1" };
const until = "2027-01-31";
const grpc = { rpc: { port: 9090, protocol: "grpc" } };
const raw = { raw: { port: 5000, protocol: "tcp" } };

/** A service of two versions that nobody asks how it is. */
const web = (options: object) =>
  ({
    image,
    ports: { http: { port: 8080 } },
    probes: { ready: "none" },
    versions: { v1: {}, v2: { image: { tag: "2" }, weight: 0 } },
    ...options,
  }) as unknown as NonNullable<ApplicationDeclaration["services"]>[string];
const team = (options: object): ApplicationDeclaration => ({ namespace: "team", services: { web: web(options) } });

const check = (rules: unknown, more: object = {}, context: Partial<CheckContext> = {}) =>
  checkApplications([team({ rules, ...more })], { gateways: factsOf("istio", "kong"), ...context });
const declared = (...given: Parameters<typeof check>) => {
  const { applications, problems } = check(...given);
  expect(problems).toEqual([]);
  return applications[0]?.services[0];
};
/** What is wrong with rules, each without the words that begin it. */
const problems = (...given: Parameters<typeof check>) =>
  check(...given).problems.map((problem) => problem.replace(/^apps: team\/web (rules\.)?/, ""));

describe("what rules do not say", () => {
  test.each([
    ["is nothing", {}, { match: [] }],
    [
      "of a mirror is all of what may be made twice",
      { mirror: { version: "v2" } },
      { match: [], mirror: { version: "v2", percent: 100 } },
    ],
    [
      "of a fault is that all requests have it",
      { fault: { abort: 503, until } },
      { match: [], fault: { abort: 503, percent: 100, until } },
    ],
    [
      "of affinity by a cookie is how long it is kept: until the browser is closed",
      { affinity: { cookie: "cart" } },
      { match: [], affinity: { cookie: "cart", ttl: "none" } },
    ],
  ])("%s", (_what, given, rules) => {
    expect(declared(given)?.rules).toEqual(rules);
  });

  test("a service without rules has none", () => {
    const { applications } = checkApplications([team({})], { gateways: [] });
    expect(applications[0]?.services[0]).not.toHaveProperty("rules");
  });
});

test("all that can be said is taken as it is said", () => {
  const rules = {
    match: [
      { headers: { "end-user": "jason", "x-b": { prefix: "b" } }, cookie: { cart: { regex: "a|b" } }, version: "v2" },
      { query: { q: "1", r: { regex: "\\d+" } }, version: "v1" },
    ],
    affinity: { cookie: "cart", ttl: "10m" },
    mirror: { version: "v2", percent: 1, notIdempotent: true },
    fault: { delay: "7s", abort: 599, percent: 50, when: { headers: { "end-user": "jason" } }, until: "2027-01-31T12:00Z" },
  };
  expect(declared(rules)?.rules).toEqual(rules);
  for (const affinity of ["address", { header: "x-user" }])
    expect(declared({ affinity }, { exposed: { api: { path: "/", gateways: ["istio"] } } })?.rules?.affinity).toEqual(affinity);
});

const oneOf = "headers, cookie or query, at least one";
const text = "text of the signs that keyboards have, without a space at either end, at most 200";
const ofCookie = 'text without spaces and " , ; \\, at most 200 long';
const ofParameter = "text as it stands in a URL: letters, digits, . _ ~ - + and what is encoded, such as %20";
const textMatch = "text, or a mapping with prefix or regex";
const expression =
  "a regular expression of the whole, of literals, . | * + ? {n} [a-z] ( ) (?: ) and \\d \\w \\s, at most 200 long, no count above 99 or of a group";
const inCookie = `${expression}, and none of . [^ \\W \\D \\S ; which would go on into the next cookie`;
const moment = 'a day such as "2027-01-31", with which it ends, or a moment such as "2027-01-31T12:00Z", in quotes';
const known = "one of the versions v1, v2";
const noHeaders = "nothing where no port has protocol http, http2 or grpc: connections have no headers";
const noQuery = "nothing where no port has protocol http or http2: gRPC has headers alone";

describe("refused with one sentence", () => {
  const matching = (...match: object[]) => ({ match: match.map((one) => ({ version: "v2", ...one })) });
  const header = (given: unknown) => matching({ headers: { "x-a": given } });
  const fault = (given: object) => ({ fault: { abort: 503, until, ...given } });

  test.each<[string, object, string]>([
    ["another key", { matches: [] }, "matches is not a key; allowed: match, affinity, mirror, fault"],
    ["matches that are no list", { match: {} }, "match is {}; allowed: a list of matches"],
    ["a match of everything", { match: [{ version: "v2" }] }, `match[0] is {"version":"v2"}; allowed: ${oneOf}`],
    [
      "a match of no header",
      { match: [{ headers: {}, version: "v2" }] },
      `match[0] is {"headers":{},"version":"v2"}; allowed: ${oneOf}`,
    ],
    ["two cookies", matching({ cookie: { a: "1", b: "2" } }), 'match[0].cookie is {"a":"1","b":"2"}; allowed: one cookie'],
    [
      "a cookie beside the header of all cookies",
      matching({ cookie: { a: "1" }, headers: { cookie: "a=1" } }),
      'match[0].headers.cookie is "a=1"; allowed: nothing beside cookie, which is compared with the same header',
    ],
    [
      "a match twice",
      matching({ query: { a: "1" } }, { query: { a: "1" } }),
      'match[1] is {"version":"v2","query":{"a":"1"}}; allowed: what the list does not have already',
    ],
    ["a header with a space at its end", header("beta "), `match[0].headers.x-a is "beta "; allowed: ${text}`],
    ["a cookie that ends in it", matching({ cookie: { a: "b;c" } }), `match[0].cookie.a is "b;c"; allowed: ${ofCookie}`],
    [
      "a parameter as no URL has it",
      matching({ query: { a: { prefix: "b c" } } }),
      `match[0].query.a.prefix is "b c"; allowed: ${ofParameter}`,
    ],
    [
      "a match to no version",
      { match: [{ query: { a: "1" } }] },
      "match[0].version is not given; allowed: the name of one of the versions",
    ],
    [
      "a match to an unknown version",
      matching({ query: { a: "1" }, version: "v3" }),
      `match[0].version is "v3"; allowed: ${known}`,
    ],
    [
      "a header in upper case",
      matching({ headers: { "X-A": "1" } }),
      "match[0].headers.X-A is not a key; allowed: the name of a header, in lower case, at most 100 long",
    ],
    [
      "a cookie that none can be called",
      matching({ cookie: { "a b": "1" } }),
      "match[0].cookie.a b is not a key; allowed: the name of a cookie: letters, digits and . _ - alone",
    ],
    [
      "a parameter that would be encoded",
      matching({ query: { "a&b": "1" } }),
      "match[0].query.a&b is not a key; allowed: the name of a parameter: letters, digits and . _ ~ - alone",
    ],
    [
      "headers that are a list",
      matching({ headers: ["x-a"] }),
      'match[0].headers is ["x-a"]; allowed: a mapping of headers to text',
    ],
    ["an empty text", header(""), `match[0].headers.x-a is ""; allowed: ${text}`],
    ["a text that headers cannot have", header("ä"), `match[0].headers.x-a is "ä"; allowed: ${text}`],
    ["an empty beginning", header({ prefix: "" }), `match[0].headers.x-a.prefix is ""; allowed: ${text}`],
    ["what is no text", header(true), `match[0].headers.x-a is true; allowed: ${textMatch}`],
    ["nothing to compare with", header({}), `match[0].headers.x-a is {}; allowed: ${textMatch}`],
    [
      "two things to compare with",
      header({ prefix: "a", regex: "b" }),
      `match[0].headers.x-a is {"prefix":"a","regex":"b"}; allowed: ${textMatch}`,
    ],
    ["a mirror to no version", { mirror: {} }, "mirror.version is not given; allowed: the name of one of the versions"],
    ["a mirror to an unknown version", { mirror: { version: "v3" } }, `mirror.version is "v3"; allowed: ${known}`],
    [
      "a mirror of nothing",
      { mirror: { version: "v2", percent: 0 } },
      "mirror.percent is 0; allowed: a whole number from 1 to 100",
    ],
    ["a fault without an end", { fault: { abort: 503 } }, `fault.until is not given; allowed: ${moment}`],
    ["a fault that does nothing", { fault: { until } }, `fault is {"until":"${until}"}; allowed: delay, abort or both`],
    [
      "a fault of no time",
      { fault: { delay: "0s", until } },
      'fault.delay is "0s"; allowed: a duration from 1ms to 1440m in whole milliseconds, such as 250ms, 1.5s or 1m',
    ],
    ["a fault that is none", fault({ abort: 200 }), "fault.abort is 200; allowed: a whole number from 400 to 599"],
    ["a fault of more than all", fault({ percent: 101 }), "fault.percent is 101; allowed: a whole number from 1 to 100"],
    ["a fault for nobody in particular", fault({ when: {} }), `fault.when is {}; allowed: ${oneOf}`],
    [
      "a fault of a version",
      fault({ when: { version: "v1", query: { a: "1" } } }),
      "fault.when.version is not a key; allowed: headers, cookie, query",
    ],
    [
      "affinity by something else",
      { affinity: "cookie" },
      'affinity is "cookie"; allowed: address, or a mapping with cookie (and ttl) or header',
    ],
    [
      "affinity by two things",
      { affinity: { cookie: "a", header: "b" } },
      'affinity is {"cookie":"a","header":"b"}; allowed: address, or a mapping with cookie (and ttl) or header',
    ],
  ])("%s", (_what, rules, problem) => {
    expect(problems(rules)).toEqual([problem]);
  });

  test.each([
    "2027-02-29",
    "2027-13-01",
    "2027-01-31T24:00Z",
    "2027-01-31T12:00",
    "2027-01-31T12:00+01:00",
    "tomorrow",
    "2027",
    "",
  ])("a fault until %j", (until) => {
    expect(problems(fault({ until }))).toEqual([`fault.until is ${JSON.stringify(until)}; allowed: ${moment}`]);
  });

  test("a mirror to the only version", () => {
    expect(problems({ mirror: { version: "v1" } }, { versions: { v1: {} } })).toEqual([
      'mirror.version is "v1"; allowed: another version, of which there is none',
    ]);
  });

  test("a mirror of calls of gRPC that may not be made twice, unless it is said that they are", () => {
    const mirror = { version: "v2" };
    const refused = ["mirror.notIdempotent is not given; allowed: true, as no port of gRPC says that its calls are idempotent"];
    for (const ports of [grpc, { ...grpc, ...raw }]) expect(problems({ mirror }, { ports })).toEqual(refused);
    expect(problems({ mirror: { ...mirror, notIdempotent: false } }, { ports: grpc })).toHaveLength(1);
    expect(problems({ mirror: { ...mirror, notIdempotent: true } }, { ports: grpc })).toEqual([]);
    expect(problems({ mirror }, { ports: { rpc: { ...grpc.rpc, idempotent: true } } })).toEqual([]);
    expect(problems({ mirror }, { ports: { ...grpc, http: { port: 8080 } } })).toEqual([]);
  });

  test("whatever is of requests, where there are connections alone", () => {
    const match = [{ headers: { a: "b" }, version: "v2" }];
    const rules = { match, mirror: { version: "v2" }, fault: { abort: 503, until }, affinity: { header: "x-a" } };
    for (const protocol of ["tcp", "tls"]) {
      const told = problems(rules, { ports: { raw: { port: 5000, protocol } } });
      expect(told.map((problem) => problem.replace(/ is .*; allowed/, ""))).toEqual(
        ["match", "mirror", "fault", "affinity"].map((option) => `${option}: ${noHeaders}`),
      );
    }
    expect(problems(rules, { ports: { ...raw, http: { port: 8080 } } })).toEqual([]);
    expect(problems({ affinity: "address" }, { ports: raw })).toEqual([]);
  });

  test("cookies and parameters where gRPC alone is spoken", () => {
    const [cookie, query] = [{ a: "b" }, { c: "d" }];
    const rules = {
      match: [
        { cookie, version: "v2" },
        { query, version: "v2" },
      ],
      fault: { abort: 503, until, when: { cookie, query } },
      affinity: { cookie: "cart" },
    };
    expect(problems(rules, { ports: { ...grpc, ...raw } })).toEqual([
      `match[0].cookie is {"a":"b"}; allowed: ${noQuery}`,
      `fault.when.cookie is {"a":"b"}; allowed: ${noQuery}`,
      `match[1].query is {"c":"d"}; allowed: ${noQuery}`,
      `fault.when.query is {"c":"d"}; allowed: ${noQuery}`,
      `affinity.cookie is "cart"; allowed: ${noQuery}`,
    ]);
    expect(problems(rules, { ports: { ...grpc, http: { port: 80, protocol: "http2" } } })).toEqual([]);
    expect(problems({ match: [{ headers: { a: "b" }, version: "v2" }], affinity: { header: "x-a" } }, { ports: grpc })).toEqual(
      [],
    );
  });

  test("a balancing beside affinity, which would not be used", () => {
    expect(problems({ affinity: { cookie: "a" } }, { resilience: { balancing: "LEAST_REQUEST" } })).toEqual([
      'resilience.balancing is "LEAST_REQUEST"; allowed: ROUND_ROBIN with rules.affinity, which takes its place',
    ]);
    expect(problems({}, { resilience: { balancing: "LEAST_REQUEST" } })).toEqual([]);
    expect(problems({ affinity: { cookie: "a" } }, { resilience: { balancing: "ROUND_ROBIN" } })).toEqual([]);
  });

  test("headers that gateways strip, wherever rules read one", () => {
    const rules = {
      match: [
        { headers: { "x-own": "1" }, version: "v2" },
        { headers: { "x-forwarded-host": "a" }, version: "v2" },
      ],
      affinity: { header: "x-real-ip" },
      fault: { abort: 503, until, when: { headers: { "x-acme-id": "1" } } },
    };
    const allowed = "a header that gateways do not strip: none of mesh:edge.stripHeaders, nor of the list in docs/expose.md";
    expect(problems(rules, {}, { stripHeaders: ["x-acme-*"] })).toEqual([
      `match[1].headers.x-forwarded-host is "a"; allowed: ${allowed}`,
      `fault.when.headers.x-acme-id is "1"; allowed: ${allowed}`,
      `affinity.header is "x-real-ip"; allowed: ${allowed}`,
    ]);
    expect(problems(rules)).toHaveLength(2);
  });
});

describe("a fault compares nothing in another way than matches and the canary do", () => {
  const allowed = "allowed: what rules.match and the canary do not compare with something else";
  const both = (match: object, when: object, more: object = {}) =>
    problems({ match: [{ ...match, version: "v2" }], fault: { abort: 503, until, when } }, more);

  test.each<[object, object, string]>([
    [{ headers: { a: "b" } }, { headers: { a: "c" } }, 'headers.a is "c"'],
    [{ headers: { a: "b" } }, { headers: { a: { prefix: "b" } } }, 'headers.a is {"prefix":"b"}'],
    [{ query: { a: "b" } }, { query: { a: "c" } }, 'query.a is "c"'],
    [{ cookie: { a: "b" } }, { cookie: { a: "c" } }, 'cookie.a is "c"'],
    // Of cookies there is one header.
    [{ cookie: { a: "b" } }, { cookie: { c: "d" } }, 'cookie.c is "d"'],
    [{ cookie: { a: "b" } }, { headers: { cookie: "a=b" } }, 'headers.cookie is "a=b"'],
    [{ headers: { cookie: "a=b" } }, { cookie: { a: "b" } }, 'cookie.a is "b"'],
  ])("a match of %j and a fault of %j", (match, when, given) => {
    expect(both(match, when)).toEqual([`fault.when.${given}; ${allowed}`]);
  });

  test.each<[object, object]>([
    [{ headers: { a: "b" } }, { headers: { a: "b" } }],
    [{ headers: { a: "b" } }, { headers: { c: "d" } }],
    [{ headers: { a: "b" } }, { query: { a: "c" } }],
    [{ headers: { a: { prefix: "b" } } }, { headers: { a: { prefix: "b" } } }],
    [{ cookie: { a: "b" } }, { cookie: { a: "b" } }],
    [{ cookie: { a: "b" } }, { headers: { a: "c" } }],
  ])("but %j and %j go together", (match, when) => {
    expect(both(match, when)).toEqual([]);
  });

  test("the canary's value, which may be another than true", () => {
    const when = (value: string) => ({ fault: { abort: 503, until, when: { headers: { "x-canary": value } } } });
    expect(problems(when("false"), { canary: {} })).toEqual([`fault.when.headers.x-canary is "false"; ${allowed}`]);
    expect(problems(when("true"), { canary: {} })).toEqual([]);
    expect(problems(when("true"), { canary: { value: "on" } })).toHaveLength(1);
    expect(problems(when("on"), { canary: { value: "on" } })).toEqual([]);
    expect(problems(when("false"))).toEqual([]);
  });
});

describe("a regular expression", () => {
  const match = (regex: unknown) => ({ match: [{ headers: { "x-a": { regex } }, version: "v2" }] });
  const takes = (regex: string) => requestRules.safeParse(match(regex)).success;

  test.each([
    ...["jason", "a.b", "ja|jo", "(ja|jo)son", "(?:a)(b)?", "[a-z]{2,99}", "[^;]*", "\\d+\\.\\w\\s\\S\\D\\W", "a{3}?", "a+?b*?"],
    ...["[\\w-]+@[-\\w.]+", "[^-\\w]", "\\\\[+]\\_\\-", "x{", "{", "]", "", "x".repeat(200)].filter(Boolean),
  ])("%s is one", (regex) => {
    expect(problems(match(regex))).toEqual([]);
  });

  test.each([
    // What the engine of proxies does not have.
    ...["(?=a)", "(?!a)", "(?<=a)", "(?<!a)", "(?<n>a)", "(?i)a", "(a)\\1", "\\k<n>"],
    // What is said already, as the whole is compared.
    ...["^ja", "jo$", "a|^b", "(a$)", "\\ba", "a\\B"],
    // What it has and reads otherwise, or could.
    ...[
      "[[:alpha:]]",
      "[]a]",
      "[^]a]",
      "\\pL",
      "\\Qa",
      "\\x41",
      "\\u0041",
      "\\n",
      "\\z",
      "[\\b]",
      "[a\\B]",
      "[a-\\d]",
      "[\\w-?-)]",
      "[\\d-z]",
    ],
    // What would take too much of it.
    ...["a{100}", "a{1,100}", "a{100,}", "a{0100}", "(a{2}){2}", "(?:a|b){2}", "x".repeat(201)],
    // What is none at all.
    ...["(", ")", "[a", "*", "a**", "a{2}{3}", "a{3,2}", "[z-a]", "a\\", "ä", "a\tb", ""],
  ])("%j is none", (regex) => {
    expect(problems(match(regex))).toEqual([`match[0].headers.x-a.regex is ${shown(regex)}; allowed: ${expression}`]);
  });

  /** As messages show it, up to a length. */
  const shown = (regex: string) => (regex.length > 118 ? `${JSON.stringify(regex).slice(0, 120)}…` : JSON.stringify(regex));

  test("is the same wherever one is", () => {
    const regex = "(?=a)";
    const wrong = { headers: { "x-a": { regex } }, cookie: { a: { regex } }, query: { a: { regex } } };
    const rules = { match: [{ ...wrong, version: "v2" }], fault: { abort: 503, until, when: wrong } };
    expect(problems(rules).map((problem) => problem.split(" is ")[0])).toEqual(
      ["match[0]", "fault.when"].flatMap((place) => ["headers.x-a", "cookie.a", "query.a"].map((key) => `${place}.${key}.regex`)),
    );
  });

  test("of a cookie does not go on into the next one", () => {
    const cookie = (regex: string) => ({ match: [{ cookie: { a: { regex } }, version: "v2" }] });
    for (const regex of [".*admin", "a.", "[^a]", "\\W", "\\D+", "\\S", "a;b"])
      expect(problems(cookie(regex))).toEqual([`match[0].cookie.a.regex is ${JSON.stringify(regex)}; allowed: ${inCookie}`]);
    for (const regex of ["gold|silver", "\\d+\\.\\d+", "[a-z.]+", "\\w*"]) expect(problems(cookie(regex))).toEqual([]);
  });

  test("of any signs that is taken is one for RE2 too", () => {
    const members = fc.string({
      unit: fc.constantFrom(..."ab0-^$.[:,\\", "\\w", "\\d", "\\b", "\\-"),
      minLength: 1,
      maxLength: 5,
    });
    const signs = fc.constantFrom(..."ab0-^$.|*+?()[]{}\\,:=!dwsbBSnp", "(?:", "\\b", "{2}", "{99}");
    const drawn = fc.array(
      fc.oneof(
        signs,
        members.map((given) => `[${given}]`),
      ),
      { minLength: 1, maxLength: 6 },
    );
    fc.assert(
      fc.property(drawn, (parts) => {
        const regex = parts.join("");
        if (takes(regex)) expect([regex, re2Problem(regex)]).toEqual([regex, undefined]);
      }),
      { numRuns: 3_000 },
    );
  });
});

/** The part of an expression that RE2 refuses and JavaScript takes. Go's regexp took 300,000 expressions that the schema takes. */
function re2Problem(regex: string): string | undefined {
  const parts = regex.match(/\\.|\[\^?(?:\\.|[^\]\\])*\]|\(\?.|./g) ?? [];
  return parts.find((part) => (part.startsWith("[") ? isNoClass(part) : /^\\[^dDwWsSbB\W_]|^\(\?[^:]/.test(part)));
}

/** Reads `[…]` as RE2 does: a range is between two signs, and a class such as \d is neither. */
function isNoClass(given: string): boolean {
  const members = given.replace(/^\[\^?|\]$/g, "").match(/\\.|./g) ?? [];
  const isOther = (member: string) => /^\\[dDwWsS]$/.test(member);
  const code = (member: string) => member.replace(/^\\/, "").charCodeAt(0);
  for (let at = 0; at < members.length; at += 1) {
    const [first = "", hyphen, last] = members.slice(at);
    if (/^\\[^dDwWsS\W_]/.test(first) || (first === "[" && hyphen === ":")) return true;
    if (isOther(first) || hyphen !== "-" || last === undefined) continue;
    if (isOther(last) || code(first) > code(last)) return true;
    at += 2;
  }
  return members.length === 0;
}

describe("the end of a fault", () => {
  test.each([
    ["2027-01-31", "2027-02-01T00:00:00.000Z"],
    ["2028-02-29", "2028-03-01T00:00:00.000Z"],
    ["2027-01-31T12:00Z", "2027-01-31T12:00:00.000Z"],
    ["2027-01-31T12:00:30Z", "2027-01-31T12:00:30.000Z"],
    ["2027-01-31T00:00Z", "2027-01-31T00:00:00.000Z"],
  ])("until %s is %s", (until, end) => {
    expect(problems({ fault: { abort: 503, until } })).toEqual([]);
    expect(new Date(endOf({ until })).toISOString()).toBe(end);
  });
});

test("faults are told of by the names of their services", () => {
  const { applications } = checkApplications(
    [
      {
        namespace: "team",
        services: { web: web({ rules: { fault: { abort: 503, until } } }), api: web({ rules: {} }), old: web({}) },
      },
      { namespace: "other", services: { web: web({ rules: { fault: { delay: "1s", until: "2027-02-01T12:00Z" } } }) } },
    ],
    { gateways: [] },
  );
  expect(faultsOf(applications)).toEqual([
    { service: "team/web", until },
    { service: "other/web", until: "2027-02-01T12:00Z" },
  ]);
  expect(faultsOf([])).toEqual([]);
});

describe("affinity by address", () => {
  const affinity = "address";
  const exposed = (...gateways: string[]) => ({ exposed: { api: { path: "/", ...(gateways.length > 0 && { gateways }) } } });

  test("is refused where Kong offers the service: its proxies see Kong alone", () => {
    const refused = [
      'affinity is "address"; allowed: a cookie or a header while Kong offers the service, whose own pods are all that its proxies see',
    ];
    expect(problems({ affinity }, exposed())).toEqual(refused);
    expect(problems({ affinity }, exposed("kong"))).toEqual(refused);
    expect(problems({ affinity }, exposed("istio"))).toEqual([]);
    expect(problems({ affinity }, exposed(), { gateways: factsOf("istio") })).toEqual([]);
    expect(problems({ affinity })).toEqual([]);
    expect(problems({ affinity: { cookie: "a" } }, exposed())).toEqual([]);
  });

  test("is refused where callers' addresses are lost, if callers come through gateways", () => {
    expect(problems({ affinity }, exposed("istio"), { callerAddresses: "lost" })).toEqual([
      expect.stringContaining('affinity is "address"; allowed: nothing that judges addresses while callers\' do not arrive'),
    ]);
    expect(problems({ affinity }, {}, { callerAddresses: "lost" })).toEqual([]);
    expect(problems({ affinity: { header: "x-a" } }, exposed("istio"), { callerAddresses: "lost" })).toEqual([]);
  });

  test("is told of on kind, where every caller has one address", () => {
    const of = (changes: Parameters<typeof service>[1]) =>
      noticesOf({ notices: [], callerAddresses: "lost" }, [{ namespace: "team", services: [service("web", changes)] }]);
    const rules = requestRules.parse({ affinity });
    expect(of({ rules })).toEqual([]);
    expect(of({ rules, exposed: { api: { path: "/" } } })).toEqual([
      expect.stringMatching(/^team\/web rules\.affinity judges one address alone/),
    ]);
  });
});

describe("the value of the canary's header", () => {
  test("is true unless it is said", () => {
    expect(declared({}, { canary: {} })?.canary).toEqual({ header: "x-canary", value: "true", version: "v2" });
    expect(declared({}, { canary: { value: "on", version: "v1" } })?.canary).toEqual({
      header: "x-canary",
      value: "on",
      version: "v1",
    });
  });

  test("is text", () => {
    expect(problems({}, { canary: { value: "" } })).toEqual([`canary.value is ""; allowed: ${text}`]);
    expect(problems({}, { canary: { value: true } })).toEqual([`canary.value is true; allowed: ${text}`]);
  });
});

describe("a stack's file", () => {
  const rules = {
    match: [{ headers: { "end-user": "jason" }, version: "v2" }],
    affinity: { cookie: "cart" },
    fault: { delay: "7s", when: { headers: { "end-user": "jason" } }, until: "9999-12-31" },
  };
  const apps = (options: unknown) => ({ "mesh:apps": { team: { web: options } } });
  const rulesWith = (options: unknown, own: object = { rules }) =>
    serviceOf(plan(apps(options), undefined, [team(own)]), "web").rules;

  test("sets rules where none are declared", () => {
    expect(rulesWith({ rules: { mirror: { version: "v2" } } }, {})).toEqual({
      match: [],
      mirror: { version: "v2", percent: 100 },
    });
  });

  test("replaces the matches, and merges all else", () => {
    const match = [{ query: { beta: "1" }, version: "v1" }];
    expect(rulesWith({ rules: { match, fault: { percent: 5 }, affinity: { ttl: "5m" } } })).toEqual({
      match,
      affinity: { cookie: "cart", ttl: "5m" },
      fault: { ...rules.fault, percent: 5 },
    });
  });

  test("removes one of them with null, and all", () => {
    expect(rulesWith({ rules: { fault: null, affinity: null } })).toEqual({ match: rules.match });
    expect(rulesWith({ rules: { match: null } })?.match).toEqual([]);
    expect(rulesWith({ rules: null })).toBeUndefined();
  });

  test("is named where it is wrong", () => {
    const told = (options: unknown) => problemsOfStack(apps(options), undefined, [team({ rules })]);
    expect(told({ rules: { mirror: { version: "v9" } } })).toEqual([
      `mesh:apps.team.web.rules.mirror.version is "v9"; allowed: ${known}`,
    ]);
    expect(told({ rules: { fault: { until: null } } })).toEqual([
      `mesh:apps.team.web.rules.fault.until is not given; allowed: ${moment}`,
    ]);
  });
});
