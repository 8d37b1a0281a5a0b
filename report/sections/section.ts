import type { Html } from "../html.ts";
import type { Records, Topic } from "../records.ts";

/** A part of the report, drawn from one record. */
export interface Section<T extends Topic> {
  readonly topic: T;
  readonly title: string;
  /** What is promised or asked, in one sentence. */
  readonly about: string;
  show(data: Records[T]): readonly Figure[];
}

/** A picture and what it says. */
export interface Figure {
  readonly title: string;
  /** One sentence with the picture's numbers. */
  readonly caption: string;
  readonly picture: Html;
  /** What the looks in the picture mean. */
  readonly legend?: Html;
  /** The same in numbers, for whoever wants them or does not see the picture. */
  readonly tables: readonly Table[];
}

export interface Table {
  readonly title: string;
  readonly columns: readonly Column[];
  /** Cells of each row, in the order of the columns. */
  readonly rows: readonly Row[];
  /** Further rows, each group under a heading of its own. */
  readonly groups?: readonly { readonly title: string; readonly rows: readonly Row[] }[];
}

export type Row = readonly string[];

export interface Column {
  readonly title: string;
  /** Numbers stand below each other by their last figures. */
  readonly numeric: boolean;
}

/** Columns of text. */
export const words = (...titles: string[]): Column[] => titles.map((title) => ({ title, numeric: false }));

/** Columns of numbers. */
export const numbers = (...titles: string[]): Column[] => titles.map((title) => ({ title, numeric: true }));

/** A section whose record's type is known by its topic. */
export function section<T extends Topic>(one: Section<T>): Section<T> {
  return one;
}
