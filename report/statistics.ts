/*
 * What the report counts out of the records by itself.
 */

/**
 * The value that a share of all values does not exceed, by the nearest rank.
 *
 * @param share - 0–1.
 * @returns NaN where there are no values.
 */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** Where the line of least squares is at some x. */
export function lineAt(points: readonly (readonly [x: number, y: number])[], at: number): number {
  const mean = (values: readonly number[]) => sum(values) / values.length;
  return mean(points.map(([, y]) => y)) + slope(points) * (at - mean(points.map(([x]) => x)));
}

/** How much y grows with each x, by least squares; 0 where all x are one. */
export function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const meanX = sum(points.map(([x]) => x)) / points.length;
  const meanY = sum(points.map(([, y]) => y)) / points.length;
  const spread = sum(points.map(([x]) => (x - meanX) ** 2));
  return spread === 0 ? 0 : sum(points.map(([x, y]) => (x - meanX) * (y - meanY))) / spread;
}
