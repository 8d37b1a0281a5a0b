/*
 * Ranges of addresses as numbers, apart from what the program does with them. IPv6 is written in hexadecimal digits alone.
 */

const known = new Map<string, Ends>();

interface Ends {
  readonly family: 4 | 6;
  readonly first: bigint;
  readonly last: bigint;
}

/** The first and the last address of a range in CIDR notation. An address is a range of one. */
export function endsOf(range: string): Ends {
  const found = known.get(range);
  if (found) return found;
  const [address = "", bits] = range.split("/");
  const family = address.includes(":") ? 6 : 4;
  const size = family === 6 ? 128 : 32;
  const span = 1n << BigInt(size - Number(bits ?? size));
  const value = numberOf(address);
  const first = value - (value % span);
  const ends = { family, first, last: first + span - 1n } as const;
  known.set(range, ends);
  return ends;
}

function numberOf(address: string): bigint {
  if (!address.includes(":")) return address.split(".").reduce((sum, part) => sum * 256n + BigInt(part), 0n);
  const [head, tail] = address.split("::").map((side) => side.split(":").filter(Boolean));
  const missing = 8 - (head?.length ?? 0) - (tail?.length ?? 0);
  const groups = [...(head ?? []), ...Array<string>(missing).fill("0"), ...(tail ?? [])];
  return groups.reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n);
}

/** Whether two ranges have an address in common. */
export function overlap(range: string, other: string): boolean {
  const [a, b] = [endsOf(range), endsOf(other)];
  return a.family === b.family && a.first <= b.last && b.first <= a.last;
}
