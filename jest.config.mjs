/** Packages that are published as ES modules only, and so pass through the transform as our own sources do. */
const esmPackages = ["@kubernetes-models", "execa", "zod", "is-plain-obj", "figures", "yaml"];

/** One transform, no type check: `make lint` checks the types once for the whole project. */
export default {
  testEnvironment: "node",
  roots: ["<rootDir>/tests/unit"],
  extensionsToTreatAsEsm: [".ts"],
  transform: {
    "^.+\\.[mc]?[jt]s$": ["@swc/jest", { jsc: { target: "es2022", parser: { syntax: "typescript" } }, module: { type: "es6" } }],
  },
  transformIgnorePatterns: [`/node_modules/(?!(${esmPackages.join("|")})/)`],
  maxWorkers: 2,
  // Far above what any test takes: a machine that is busy building must not fail one.
  testTimeout: 30_000,
};
