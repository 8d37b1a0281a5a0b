/**
 * The bounds in which a share of n requests lies when each of them goes that way with probability p.
 *
 * @param shares - how many there are to look at: all of them together lie within their bounds.
 * @param outside - the probability that they do not.
 */
export function binomialBounds(
  n: number,
  p: number,
  shares = 1,
  outside = 0.001,
): { readonly least: number; readonly most: number } {
  if (p <= 0 || p >= 1) return { least: n * p, most: n * p };
  const beyond = outside / 2 / shares;
  let least: number | undefined;
  // The logarithm, as the probability itself can be smaller than any number.
  let log = n * Math.log1p(-p);
  for (let k = 0, below = 0; k < n; k++) {
    below += Math.exp(log);
    if (below > beyond) least ??= k;
    if (below >= 1 - beyond) return { least: least ?? k, most: k };
    log += Math.log(((n - k) / (k + 1)) * (p / (1 - p)));
  }
  return { least: least ?? n, most: n };
}
