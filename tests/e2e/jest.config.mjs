import unit from "../../jest.config.mjs";

/** One file against one running stack, whichever `STACK` names. */
export default {
  ...unit,
  rootDir: "../..",
  roots: ["<rootDir>/tests/e2e"],
  testTimeout: 5 * 60_000,
  maxWorkers: 1,
};
