import { BlockList, isIPv4, isIPv6 } from "node:net";
import { z } from "zod";
import { message } from "./rules.ts";

/** A range of addresses: IPv4 or IPv6. */
export const cidr = () => {
  const allowed = message("addresses in CIDR notation, such as 10.0.0.0/8 or 2001:db8::/32");
  return z.string(allowed).refine((given) => {
    const [address = "", bits = "", ...rest] = given.split("/");
    if (rest.length > 0 || !/^(0|[1-9]\d{0,2})$/.test(bits)) return false;
    return (isIPv4(address) && Number(bits) <= 32) || (isPlainIPv6(address) && Number(bits) <= 128);
  }, allowed);
};

/** Neither with the zone of one machine's network card, nor an IPv4 address written as IPv6: not all who read it accept those. */
function isPlainIPv6(address: string): boolean {
  return isIPv6(address) && !address.includes("%") && !new URL(`http://[${address}]`).hostname.startsWith("[::ffff:");
}

/** A range in its parts. What is none is told by {@link cidr}. */
export function partsOf(range: string) {
  const [address = "", bits] = range.split("/");
  return { address, bits: Number(bits), family: range.includes(":") ? "ipv6" : "ipv4" } as const;
}

/** Answers whether addresses are in one of these ranges. */
export function listOfRanges(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const { address, bits, family } of ranges.map(partsOf)) list.addSubnet(address, bits, family);
  return list;
}
