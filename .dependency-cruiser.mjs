/*
 * The directions in which the folders of this project may import each other; CONTRIBUTING.md has the picture. `make lint` checks them.
 */

/** What each part may import besides itself, as beginnings of paths. */
const directions = {
  lib: [],
  model: ["lib/"],
  config: ["model/", "lib/"],
  apps: ["model/"],
  components: ["model/", "lib/"],
  stacks: ["components/", "config", "model/", "lib/", "airgap/names\\.ts"],
  "plan.ts": [
    "apps/index\\.ts",
    "components/gateway/facts\\.ts",
    "config",
    "stacks/images\\.ts",
    "model/",
    "lib/",
    "airgap/names\\.ts",
  ],
  "platform.ts": ["components/", "config", "stacks/", "model/", "lib/"],
  "index.ts": ["config\\.ts", "plan\\.ts", "platform\\.ts", "stacks/", "model/", "lib/"],
  airgap: ["lib/"],
  provider: ["cli/", "model/", "lib/"],
  cli: ["plan\\.ts", "config", "stacks/", "airgap/index\\.ts", "model/", "lib/"],
};

/** The files of a part: a folder, with the file of its name beside it, or a file at the root. */
const filesOf = (part) => (part.endsWith(".ts") ? `^${part.replace(".", "\\.")}$` : `^${part}(/|\\.ts$)`);

const everything = `^(lib|model|config|config\\.ts|apps|components|stacks|plan\\.ts|platform\\.ts|index\\.ts|airgap|cli|provider|tests|bench|report)(/|$)`;

export default {
  forbidden: [
    ...Object.entries(directions).map(([part, allowed]) => ({
      name: `${part}-imports`,
      comment: `${part} may import ${allowed.length > 0 ? allowed.join(", ").replaceAll("\\", "") : "nothing of the project"}.`,
      severity: "error",
      from: { path: filesOf(part) },
      to: { path: everything, pathNot: [filesOf(part), ...allowed.map((path) => `^${path}`)] },
    })),
    {
      name: "no-cycle",
      comment: "Two modules that need each other are one, or need a third.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "one-folder-per-gateway",
      comment: "What is known of a gateway is in its folder: others take it from components/gateway/{facts,gateways}.ts.",
      severity: "error",
      from: { path: "^(?!tests/|bench/|components/gateway/(kong|istio)/|components/gateway/(facts|gateways)\\.ts)" },
      to: { path: "^components/gateway/(kong|istio)/" },
    },
    {
      name: "gateways-apart",
      comment: "A gateway knows nothing of another one.",
      severity: "error",
      from: { path: "^components/gateway/([^/]+)/" },
      to: { path: "^components/gateway/[^/]+/", pathNot: "^components/gateway/$1/" },
    },
    {
      name: "no-unresolvable",
      comment: "The file is not there.",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^(node_modules|report/node_modules|\\.state)/" },
    tsConfig: { fileName: "tsconfig.json" },
    // Imports of types count as well: they say what a part knows of another.
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "require", "node", "types", "default"],
      extensions: [".ts", ".mjs", ".cjs", ".js", ".json"],
    },
  },
};
