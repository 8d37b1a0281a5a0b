/**
 * The bounds in which a share of n requests lies with 99.9 % probability when each of them goes that way with probability p:
 * the normal approximation, with half a request for continuity.
 */
export function binomialBounds(n: number, p: number): { readonly least: number; readonly most: number } {
  const z = 3.2905;
  const spread = z * Math.sqrt(n * p * (1 - p)) + 0.5;
  return { least: Math.max(0, Math.ceil(n * p - spread)), most: Math.min(n, Math.floor(n * p + spread)) };
}
