import { expect, test } from "vitest";
import { covers, isBelow } from "../../../model/hosts.ts";

test.each<[pattern: string, host: string, covered: boolean]>([
  ["shop.example.com", "shop.example.com", true],
  ["shop.example.com", "www.shop.example.com", false],
  ["shop.example.com", "*.shop.example.com", false],
  ["*.example.com", "shop.example.com", true],
  ["*.example.com", "*.example.com", true],
  // As certificates have it: right below, and not the name itself.
  ["*.example.com", "www.shop.example.com", false],
  ["*.example.com", "*.shop.example.com", false],
  ["*.example.com", "example.com", false],
  ["*.example.com", "shop.example.org", false],
  ["*.example.com", "shopexample.com", false],
])("%s stands for %s: %j", (pattern, host, covered) => {
  expect(covers(pattern, host)).toBe(covered);
});

test("what begins with a star is all hosts below a name", () => {
  expect(["*.example.com", "shop.example.com"].map(isBelow)).toEqual([true, false]);
});
