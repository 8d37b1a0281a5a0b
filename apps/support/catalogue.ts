/*
 * What the backend tells and the frontend shows.
 */

/** What the shop sells. */
export interface Product {
  readonly id: number;
  readonly name: string;
  readonly description: string;
  readonly price: number;
  /** Which of the frontend's drawings shows it. */
  readonly picture: string;
}

/** Which database answered. */
export interface Source {
  readonly name: string;
  readonly version: string;
}

/** The products, who answered, and where they came from. */
export interface Catalogue {
  readonly version: string;
  readonly pod: string;
  readonly database: Source;
  readonly products: readonly Product[];
}
