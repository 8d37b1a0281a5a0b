import process from "node:process";

/** Numbers from 0 to 1, 1 excluded. The same seed gives the same ones. */
export interface Fractions {
  readonly seed: number;
  next(): number;
}

/** Fractions of a seed that the variable SEED gives, or of another one each time. */
export function fractions(seed = Number(process.env.SEED ?? Date.now() % 1_000_000)): Fractions {
  let state = seed;
  return {
    seed,
    // Mulberry32.
    next() {
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    },
  };
}
