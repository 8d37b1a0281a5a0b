/** Address ranges of a network's subnets, in the order of its zones. */
export interface SubnetRanges {
  /** Of nodes and pods: an eighth of the network for each zone. */
  readonly private: readonly string[];
  /** Of load balancers and NAT gateways: a sixty-fourth of the network for each zone. */
  readonly public: readonly string[];
}

/** What {@link subnetRanges} takes for a network. */
export const networkRule = "an IPv4 range in CIDR notation from /16 to /20 that begins where it says, such as 10.0.0.0/16";

/**
 * Divides a network among zones. Ranges do not depend on how many zones there are, so that a zone can be added later.
 *
 * @param cidr - see {@link networkRule}: AWS has no larger network, and a smaller one has no room for pods.
 * @param zones - from 1 to 4.
 * @throws RangeError for any other network or number.
 */
export function subnetRanges(cidr: string, zones: number): SubnetRanges {
  const network = parseNetwork(cidr);
  if (!network) throw new RangeError(`the network ${JSON.stringify(cidr)} cannot be divided; allowed: ${networkRule}`);
  if (!Number.isInteger(zones) || zones < 1 || zones > 4) throw new RangeError(`${zones} zones; allowed: from 1 to 4`);
  const block = (bits: number, index: number) => {
    const prefix = network.prefix + bits;
    return `${dotted(network.address + index * 2 ** (32 - prefix))}/${prefix}`;
  };
  const indices = Array.from({ length: zones }, (_, zone) => zone);
  // Private ranges fill the lower half of the network; the upper half begins with the public ones.
  return { private: indices.map((zone) => block(3, zone)), public: indices.map((zone) => block(6, 32 + zone)) };
}

/** A network's first address and the length of its prefix, unless it is not of the form that {@link networkRule} says. */
export function parseNetwork(cidr: string): { readonly address: number; readonly prefix: number } | undefined {
  const [, parts = "", length = ""] = /^(\d{1,3}(?:\.\d{1,3}){3})\/(\d{2})$/.exec(cidr) ?? [];
  const bytes = parts.split(".").map(Number);
  const prefix = Number(length);
  if (bytes.length !== 4 || bytes.some((byte) => byte > 255) || prefix < 16 || prefix > 20) return undefined;
  const address = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
  return address % 2 ** (32 - prefix) === 0 ? { address, prefix } : undefined;
}

function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");
}
