import type { Rounds } from "./records.ts";

/*
 * Numbers as a person reads them: three figures where there are that many, and a unit beside each.
 */

const grouped = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });
const figures = new Intl.NumberFormat("en-GB", { maximumSignificantDigits: 3 });
const days = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeStyle: "short", timeZone: "UTC" });

/** A count: `20,000`. */
export const count = (value: number): string => grouped.format(value);

/** Any other number, to three figures: `0.0423`, `12.3`, and whole from 1,000 on. */
export const number = (value: number): string => (Math.abs(value) >= 1_000 ? grouped : figures).format(value);

/** A length of time of so many milliseconds, in seconds from a thousand on. */
export const milliseconds = (value: number): string =>
  Math.abs(value) >= 1_000 ? seconds(value / 1_000) : `${number(value)} ms`;

export const seconds = (value: number): string => `${number(value)} s`;

/** Memory of so many megabytes, in gigabytes from a thousand on. */
export const megabytes = (value: number): string =>
  Math.abs(value) >= 1_000 ? `${number(value / 1_000)} GB` : `${number(value)} MB`;

/** A share (0–1) in percent, to a tenth. */
export const percent = (share: number): string => `${(share * 100).toFixed(1).replace(/\.0$/, "")} %`;

/** One or many of something: `1 probe`, `20 probes`. */
export const many = (value: number, one: string, more = `${one}s`): string => `${count(value)} ${value === 1 ? one : more}`;

/** What came of several rounds: `0.42 ms (0.40–0.51)`. */
export function rounds({ median, least, most }: Rounds, unit: (value: number) => string): string {
  return `${unit(median)} (${number(least)}–${number(most)})`;
}

/** A moment: `22 November 2026 at 08:31 UTC`. */
export const moment = (date: string): string => `${days.format(new Date(date))} UTC`;

/** Words in a row: `a, b and c`. */
export function list(words: readonly string[]): string {
  const last = words.at(-1) ?? "";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} and ${last}`;
}
