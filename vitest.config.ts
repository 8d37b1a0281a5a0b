import { configDefaults, defineConfig } from "vitest/config";

/** Files that name another cache, which modules of the project read once, when they are loaded. */
const ownProcess = ["tests/unit/airgap/plugins.test.ts", "tests/unit/airgap/toolchain.test.ts"];

/** Starting a control plane takes seconds, on a busy machine many. */
const patience = 3 * 60_000;

/*
 * The unit and contract tests. Node itself loads the modules, as it does for the program, and once for all files of a process: what tests
 * wait for most is the loading of Pulumi's packages. Vitest's own loader would also rewrite functions that Pulumi stores as text.
 */
export default defineConfig({
  test: {
    pool: "forks",
    // Room for what a recording throws away: collecting it costs a tenth of the time otherwise. And Pulumi as lean as it runs.
    execArgv: ["--max-semi-space-size=32", "--import", "tsx/esm", "--require", "./lib/lean.cjs"],
    experimental: { viteModuleRunner: false, nodeLoader: false },
    // One more than the cores of a small machine: many tests wait for programs that they start.
    maxWorkers: 3,
    // Far above what any test takes: a machine that is busy building must not fail one.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          isolate: false,
          include: ["tests/unit/**/*.test.ts"],
          exclude: [...configDefaults.exclude, ...ownProcess],
        },
      },
      { extends: true, test: { name: "own process", include: ownProcess } },
      {
        extends: true,
        test: {
          name: "contract",
          isolate: false,
          include: ["tests/contract/**/*.test.ts"],
          globalSetup: "tests/contract/support/prepare.ts",
          setupFiles: "tests/contract/support/endWithRun.ts",
          testTimeout: patience,
          hookTimeout: patience,
          // Each file has a control plane or a browser of its own.
          maxWorkers: 2,
        },
      },
    ],
  },
});
