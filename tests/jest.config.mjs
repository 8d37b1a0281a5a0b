/** Packages that are published as ES modules only, and so pass through the transform as our own sources do. */
const esmPackages = ["@kubernetes-models", "execa", "zod", "is-plain-obj", "figures", "yaml"];

/**
 * What the tests against real programs have in common. One transform, no type check: `make lint` checks the types once for the
 * whole project.
 */
export default {
  testEnvironment: "node",
  extensionsToTreatAsEsm: [".ts"],
  transform: {
    "^.+\\.[mc]?[jt]s$": ["@swc/jest", { jsc: { target: "es2022", parser: { syntax: "typescript" } }, module: { type: "es6" } }],
  },
  transformIgnorePatterns: [`/node_modules/(?!(${esmPackages.join("|")})/)`],
  // In this process: what is started ends with it, where a worker would go on after a run that was killed.
  maxWorkers: 1,
};
