import unit from "../../jest.config.mjs";

/** Real programs on this machine: each file brings up what it needs and takes it down again. They wait more than they work. */
export default {
  ...unit,
  rootDir: "../..",
  roots: ["<rootDir>/tests/contract"],
  globalSetup: "<rootDir>/tests/contract/support/prepare.ts",
  // Starting a control plane takes seconds, on a busy machine many.
  testTimeout: 3 * 60_000,
  maxWorkers: 2,
};
