/*
 * Durations as text: a number with a unit, such as `250ms`, `1.5s` or `1m`.
 */

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 };

/** A duration in milliseconds; undefined when the text is none. */
export function milliseconds(duration: string): number | undefined {
  const [, digits, unit = ""] = /^(\d{1,6}(?:\.\d{1,3})?)(ms|s|m)$/.exec(duration) ?? [];
  // In thousandths first, which are whole: 1.005 times 60000 would not be.
  return digits === undefined ? undefined : (Math.round(Number(digits) * 1_000) * (units[unit] ?? Number.NaN)) / 1_000;
}

/**
 * A duration in seconds, the form in which Istio's API returns every duration.
 *
 * @throws Error when the text is no duration.
 */
export function seconds(duration: string): string {
  const ms = milliseconds(duration);
  if (ms === undefined) throw new Error(`${duration} is not a duration such as 250ms, 2s or 1m`);
  return inSeconds(ms);
}

/** Milliseconds as a text in seconds, such as `1.2s`. */
export const inSeconds = (ms: number) => `${Number((ms / 1_000).toFixed(6))}s`;

/** Kong counts milliseconds in 31 bits, which are 24 days. */
const longest = 24 * 60 * 60_000;

/**
 * Why a text is no duration that Istio, Envoy and Kong all accept; undefined when it is one. Istio accepts nothing below a millisecond
 * and no fraction of one.
 *
 * @param unit - `ms` for whole milliseconds from 1ms, `s` for whole seconds from 1s; up to 1440m.
 */
export function durationProblem(text: string, unit: "ms" | "s" = "ms"): string | undefined {
  const ms = milliseconds(text) ?? 0;
  if (ms > 0 && ms <= longest && ms % (units[unit] ?? 1) === 0) return undefined;
  return unit === "ms"
    ? "a duration from 1ms to 1440m in whole milliseconds, such as 250ms, 1.5s or 1m"
    : "a duration from 1s to 1440m in whole seconds, such as 30s or 10m";
}
