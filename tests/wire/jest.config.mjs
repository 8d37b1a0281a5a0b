import process from "node:process";
import common from "../jest.config.mjs";

/**
 * The wire tests share one cluster: one file at a time, in the order of their names, with time for a cluster to start. On
 * another stack than `local` those run that need nothing but what the stack says of itself.
 */
export default {
  ...common,
  rootDir: "../..",
  roots: ["<rootDir>/tests/wire"],
  ...((process.env.MESH_STACK ?? "local") !== "local" && { testMatch: ["**/3-*.test.ts"] }),
  globalSetup: "<rootDir>/tests/wire/support/recordHost.ts",
  reporters: ["default", "<rootDir>/tests/wire/support/forgetUp.cjs"],
  testSequencer: "<rootDir>/tests/wire/support/inOrder.cjs",
  testTimeout: 15 * 60_000,
};
