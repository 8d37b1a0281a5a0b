import common from "../jest.config.mjs";

/** Real programs on this machine, one file after the other: each brings up what it needs and takes it down again. */
export default {
  ...common,
  rootDir: "../..",
  roots: ["<rootDir>/tests/contract"],
  globalSetup: "<rootDir>/tests/contract/support/prepare.ts",
  // Starting a control plane takes seconds, on a busy machine many.
  testTimeout: 3 * 60_000,
};
