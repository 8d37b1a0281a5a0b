import unit from "../../jest.config.mjs";

/** The wire tests share one cluster: one file at a time, in the order of their names, with time for a cluster to start. */
export default {
  ...unit,
  rootDir: "../..",
  roots: ["<rootDir>/tests/wire"],
  globalSetup: "<rootDir>/tests/wire/support/recordHost.ts",
  testSequencer: "<rootDir>/tests/wire/support/inOrder.cjs",
  testTimeout: 15 * 60_000,
  maxWorkers: 1,
};
