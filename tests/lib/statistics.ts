/** The sum of some numbers. 0 for none. */
export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** The middle one of some numbers, or the mean of the middle two. NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN;
  return (lower + upper) / 2;
}

/**
 * The value that a share of all values does not exceed, by the nearest rank: always one that was measured.
 *
 * @param share - 0–1.
 * @returns NaN where there are no values.
 */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** A straight line. */
export interface Line {
  /** How much y grows with each x. */
  readonly slope: number;
  /** y where x is 0. */
  readonly start: number;
}

/** The line with the least squared distances from some points; flat where all x are one. */
export function leastSquares(points: readonly (readonly [x: number, y: number])[]): Line {
  const meanX = sum(points.map(([x]) => x)) / points.length;
  const meanY = sum(points.map(([, y]) => y)) / points.length;
  const spread = sum(points.map(([x]) => (x - meanX) ** 2));
  const slope = spread === 0 ? 0 : sum(points.map(([x, y]) => (x - meanX) * (y - meanY))) / spread;
  return { slope, start: meanY - slope * meanX };
}
