import unit from "../../jest.config.mjs";

/** Real programs on this machine, one file after the other: each brings up what it needs and takes it down again. */
export default {
  ...unit,
  rootDir: "../..",
  roots: ["<rootDir>/tests/contract"],
  globalSetup: "<rootDir>/tests/contract/support/prepare.ts",
  // Starting a control plane takes seconds, on a busy machine many.
  testTimeout: 3 * 60_000,
  // In this process: what is started ends with it, where a worker would go on after a run that was killed.
  maxWorkers: 1,
};
