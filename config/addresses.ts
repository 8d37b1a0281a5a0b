import { isIPv4, isIPv6 } from "node:net";
import { z } from "zod";
import { allowing } from "./rules.ts";

/** A range of addresses: IPv4 or IPv6. */
export const cidr = () => {
  const allowed = allowing("addresses in CIDR notation, such as 10.0.0.0/8 or 2001:db8::/32");
  return z.string(allowed).refine((given) => {
    const [address = "", bits = "", ...rest] = given.split("/");
    if (rest.length > 0 || !/^(0|[1-9]\d{0,2})$/.test(bits)) return false;
    return (isIPv4(address) && Number(bits) <= 32) || (isIPv6(address) && Number(bits) <= 128);
  }, allowed);
};

/** The addresses of a network of one's own: private ones (RFC 1918), as large as AWS takes, beginning where their size says. */
export const privateNetwork = () => {
  const allowed = allowing(
    "private IPv4 addresses in CIDR notation from /16 to /20 that begin at a multiple of their size, such as 10.0.0.0/16",
  );
  return z.string(allowed).refine((given) => {
    const [address = "", bits = ""] = given.split("/");
    if (!isIPv4(address) || !/^(1[6-9]|20)$/.test(bits)) return false;
    const [a = 0, b = 0, c = 0, d = 0] = address.split(".").map(Number);
    const isPrivate = a === 10 || (a === 172 && b >= 16 && b <= 31) || (a === 192 && b === 168);
    return isPrivate && d === 0 && c % 2 ** (24 - Number(bits)) === 0;
  }, allowed);
};
