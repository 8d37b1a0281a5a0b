import { isIPv4 } from "node:net";
import { z } from "zod";
import { cidr, listOfRanges } from "../model/addresses.ts";
import { message } from "../model/rules.ts";

/** Ranges that nobody has in the internet: private, shared, of one machine and of one network. */
const unroutable = [
  ...["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8"],
  ...["169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"],
];

/** Addresses of callers in the internet, as the public side of EKS takes them: IPv4 alone, and none that are reserved. */
export const publicCidr = () => {
  const allowed = message("public IPv4 addresses in CIDR notation, such as 203.0.113.0/24, or 0.0.0.0/0");
  const reserved = listOfRanges(unroutable);
  return cidr().refine((given) => {
    const [address = ""] = given.split("/");
    return given === "0.0.0.0/0" || (isIPv4(address) && !reserved.check(address));
  }, allowed);
};

/** The addresses of a network of one's own: private ones (RFC 1918), as large as AWS takes, beginning where their size says. */
export const privateNetwork = () => {
  const allowed = message(
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
