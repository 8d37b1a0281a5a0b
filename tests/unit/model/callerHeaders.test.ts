import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { callerHeaderPattern, callerHeaders, isCallerHeader } from "../../../model/callerHeaders.ts";
import { parse, problems, product } from "../support/config.ts";

const matches = (name: string, further?: string[]) => new RegExp(`^(${callerHeaderPattern(further)})$`).test(name);

test.each(callerHeaders.map((name) => name.replace("*", "any-thing")))("%s is stripped, however it is spelled", (name) => {
  const parts = name.split("-");
  const mixed = parts.slice(0, -1).reduce((text, part, index) => `${text}${part}${index % 2 ? "-" : "_"}`, "") + parts.at(-1);
  for (const spelling of [name, parts.join("_"), mixed]) expect([spelling, matches(spelling)]).toEqual([spelling, true]);
});

test("what comes near x-forwarded-proto is stripped, and not that, which the gateway writes", () => {
  expect(matches("x-forwarded-proto")).toBe(false);
  expect(isCallerHeader("x-forwarded-proto")).toBe(true);
  for (const name of ["x-forwarded-", "x-forwarded-pro", "x-forwarded-prot", "x-forwarded-protocol", "x_forwarded_proto"]) {
    expect([name, matches(name)]).toEqual([name, true]);
  }
  expect(matches("x-forwarded_proto")).toBe(true);
});

test("what requests need, and what only traces, is not", () => {
  const kept = [
    "host",
    "authorization",
    "cookie",
    "content-type",
    "x-request-id",
    "traceparent",
    "x-b3-traceid",
    "x-canary",
    "api_key",
  ];
  expect(kept.filter((name) => matches(name))).toEqual([]);
  // No beginning of a name and no end of one is the name.
  expect(["prox", "proxy-authorization", "my-x-real-ip", "remote-users"].filter((name) => matches(name))).toEqual([]);
});

test("docs/expose.md names all of them, and no other", () => {
  const page = readFileSync(new URL("../../../docs/expose.md", import.meta.url), "utf8");
  const [, section = ""] = page.split("## Headers that services can believe");
  const lists = section.split("\nThe gateway writes")[0]?.split("\n- ").slice(1).join("\n") ?? "";
  expect([...lists.matchAll(/`([^`]+)`/g)].map(([, name]) => name)).toEqual([...callerHeaders]);
});

describe("mesh:edge.stripHeaders", () => {
  test("adds to them, by names and by beginnings of names", () => {
    const { edge } = parse({ "mesh:edge": { stripHeaders: ["x-acme-user", "x-internal-*"] } });
    for (const name of ["x-acme-user", "x_acme_user", "x-internal-a-b"]) {
      expect([name, matches(name, [...edge.stripHeaders])]).toEqual([name, true]);
      expect(matches(name)).toBe(false);
    }
    expect(parse().edge).toEqual({ stripHeaders: [] });
  });

  const strip = (...stripHeaders: string[]) => ({ "mesh:edge": { stripHeaders } });
  test.each<[string, Record<string, unknown>, string]>([
    [
      "no name",
      strip("X-Acme"),
      'mesh:edge.stripHeaders[0] is "X-Acme"; allowed: the name of a header in lower case, or its beginning',
    ],
    ["everything", strip("*"), 'mesh:edge.stripHeaders[0] is "*"; allowed: the name of a header'],
    ["what requests need", strip("authorization"), "allowed: headers that requests can do without, unlike authorization"],
    ["what begins as they do", strip("content-*"), "unlike content-length, content-type, content-encoding"],
    [
      "the canary's header",
      { ...strip("x-acme", "x-canary"), ...product({ versions: { v2: { weight: 10 } } }) },
      'apps: product/product canary.header is "x-canary"; allowed: a header that gateways do not strip: none of mesh:edge.stripHeaders',
    ],
    [
      "the canary's header where the stack says it",
      { ...strip("x-mine"), ...product({ versions: { v2: { weight: 10 } }, canary: { header: "x-mine" } }) },
      'mesh:apps.product.product.canary.header is "x-mine"; allowed: a header that gateways do not strip: none of mesh:edge.stripHeaders',
    ],
    [
      "a canary's header that is always stripped",
      product({ versions: { v2: { weight: 10 } }, canary: { header: "x-forwarded-host" } }),
      'mesh:apps.product.product.canary.header is "x-forwarded-host"; allowed: a header that gateways do not strip',
    ],
    [
      "a header that pages may send",
      product({ exposed: { products: { policies: { cors: { origins: ["*"], headers: ["x-own", "x-real-ip"] } } } } }),
      'mesh:apps.product.product.exposed.products.policies.cors.headers[1] is "x-real-ip"; allowed: a header that gateways do not strip',
    ],
    [
      "the header of a key",
      {
        "mesh:sources": "published",
        ...product({
          exposed: { products: { gateways: ["kong"], policies: { apiKeys: { consumers: ["a"], header: "x-consumer-key" } } } },
        }),
      },
      'mesh:apps.product.product.exposed.products.policies.apiKeys.header is "x-consumer-key"; allowed: a header that gateways do not strip',
    ],
  ])("refuses %s", (_what, changes, sentence) => {
    expect(problems(changes)[0]).toContain(sentence);
  });
});
