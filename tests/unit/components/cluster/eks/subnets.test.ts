import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { subnetRanges } from "../../../../../components/cluster/eks/subnets.ts";

describe("ranges of subnets", () => {
  /** First and last address of a range. */
  const bounds = (cidr: string): [number, number] => {
    const [address = "", prefix = ""] = cidr.split("/");
    const first = address.split(".").reduce((sum, byte) => sum * 256 + Number(byte), 0);
    return [first, first + 2 ** (32 - Number(prefix)) - 1];
  };
  const network = fc.tuple(fc.integer({ min: 16, max: 20 }), fc.nat(0xffff)).map(([prefix, index]) => {
    const first = (index % 2 ** prefix) * 2 ** (32 - prefix);
    return `${[24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256).join(".")}/${prefix}`;
  });

  test("are in their network, and never overlap", () => {
    fc.assert(
      fc.property(network, fc.integer({ min: 1, max: 4 }), (cidr, zones) => {
        const ranges = subnetRanges(cidr, zones);
        expect([ranges.private.length, ranges.public.length]).toEqual([zones, zones]);
        const [first, last] = bounds(cidr);
        const all = [...ranges.private, ...ranges.public].map(bounds).sort(([a], [b]) => a - b);
        for (const [index, [from, to]] of all.entries()) {
          expect(from).toBeGreaterThanOrEqual(first);
          expect(to).toBeLessThanOrEqual(last);
          expect(from).toBeGreaterThan(all[index - 1]?.[1] ?? -1);
        }
      }),
    );
  });

  test("stay what they are when a zone is added", () => {
    const two = subnetRanges("10.0.0.0/16", 2);
    const three = subnetRanges("10.0.0.0/16", 3);
    expect(three.private.slice(0, 2)).toEqual(two.private);
    expect(three.public.slice(0, 2)).toEqual(two.public);
  });

  test.each([
    ["10.0.0.0/15", 3],
    ["10.0.0.0/21", 3],
    ["10.0.0.1/16", 3],
    ["10.0.16.0/16", 3],
    ["10.256.0.0/16", 3],
    ["10.0.0/16", 3],
    ["2001:db8::/32", 3],
    ["", 3],
  ])("are refused for the network %j", (cidr, zones) => {
    expect(() => subnetRanges(cidr, zones)).toThrow(
      `the network ${JSON.stringify(cidr)} cannot be divided; allowed: an IPv4 range in CIDR notation from /16 to /20 that begins where it says, such as 10.0.0.0/16`,
    );
  });

  test.each([0, 5, 1.5, Number.NaN])("are refused for %d zones", (zones) => {
    expect(() => subnetRanges("10.0.0.0/16", zones)).toThrow(`${zones} zones; allowed: from 1 to 4`);
  });
});
