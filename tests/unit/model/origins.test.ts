import { describe, expect, test } from "vitest";
import { corsPolicy } from "../../../components/app/corsRule.ts";
import { isOrigin, originPattern } from "../../../model/origins.ts";
import { problems, product } from "../support/config.ts";

test.each([
  "https://example.com",
  "http://localhost:3000",
  "http://[::1]:3000",
  "https://*.example.com",
  "https://*.a.example.com:8443",
])("%s is an origin", (origin) => expect(isOrigin(origin)).toBe(true));

test.each([
  "example.com",
  "https://example.com/",
  "https://Example.com",
  "https://example.com:443",
  "ftp://example.com",
  "null",
  "https://*",
  "https://*.com",
  "https://x*.example.com",
  "https://a.*.example.com",
  "https://*.*.example.com",
  "https://*example.com",
  "*.example.com",
  "https://*.example.com/path",
])("%s is none, and refused", (origin) => {
  expect(isOrigin(origin)).toBe(false);
  const changes = {
    "mesh:sources": "published",
    ...product({ exposed: { products: { policies: { cors: { origins: [origin] } } } } }),
  };
  expect(problems(changes)).toEqual([expect.stringContaining("allowed: an origin such as https://example.com, without a path")]);
});

describe("https://*.example.com", () => {
  const pattern = new RegExp(originPattern("https://*.example.com"));

  test.each(["https://a.example.com", "https://a-b.c.example.com"])("is %s", (origin) => expect(origin).toMatch(pattern));

  test.each([
    "https://example.com",
    "https://xexample.com",
    "https://a.xexample.com",
    "https://a.exampleXcom",
    "http://a.example.com",
    "https://a.example.com:8443",
    "https://a.example.com.evil.com",
    "https://evil.com/a.example.com",
    "https://.example.com",
    "https://a..example.com",
    "https://evil.com#.example.com",
  ])("is not %s", (origin) => expect(origin).not.toMatch(pattern));

  test("is a pattern for the gateway, where one without * is not", () => {
    const { allowOrigins } = corsPolicy({ origins: ["https://*.example.com", "https://example.com"] });
    expect(allowOrigins).toEqual([{ regex: originPattern("https://*.example.com") }, { exact: "https://example.com" }]);
  });
});

test("each character of an origin means itself", () => {
  expect(originPattern("http://[::1]:3000")).toBe("^http://\\[::1\\]:3000$");
  expect("https://aXb.com").not.toMatch(new RegExp(originPattern("https://a.b.com")));
});
