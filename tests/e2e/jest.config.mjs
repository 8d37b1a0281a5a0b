import common from "../jest.config.mjs";

/** One file against one running stack, whichever `STACK` names. */
export default {
  ...common,
  rootDir: "../..",
  roots: ["<rootDir>/tests/e2e"],
  testTimeout: 5 * 60_000,
};
