const Module = require("node:module");

/*
 * Loaded before Pulumi's runtime (Pulumi.yaml's nodeargs), which then does less that this program has no use for: modules are loaded when
 * something touches them, and details are told to who asks for them.
 */

/** Modules, by who asks for them: parts of a path, and what is asked for. */
const untilTouched = [
  // Functions are serialised by the TypeScript compiler and by what reads a tree of packages. None is serialised here.
  { from: /\/@pulumi\/pulumi\//, request: /^(typescript|@npmcli\/arborist)$/ },
  // Runs Pulumi from within a program.
  { from: /\/@pulumi\/pulumi\/index\.js$/, request: /^\.\/automation$/ },
  // The groups of Kubernetes' kinds, of which a program uses a few.
  { from: /\/@pulumi\/kubernetes\/index\.js$/, request: /^\.\/(?!utilities$|provider$)/ },
];

/** Modules whose functions and classes the runtime takes at once, to use them where Pulumi is told to trace what it does. */
const untilCalled = { from: /\/@pulumi\/pulumi\/cmd\/run\//, request: /^@opentelemetry\/(?!api$)/ };

// The air gap's language host knows nothing of Pulumi.yaml's options, and would have the runtime set the compiler up.
process.env.PULUMI_NODEJS_TYPESCRIPT = "false";

/** Whoever looks into the runtime itself sets this variable of Pulumi's. */
const isLookedInto = Boolean(process.env.PULUMI_DEBUG_PROMISE_LEAKS);

const load = Module._load;
Module._load = (request, parent, ...rest) => {
  const all = () => load(request, parent, ...rest);
  const from = parent?.filename ?? "";
  if (!from.includes("/@pulumi/")) return all();
  const is = (rule) => rule.from.test(from) && rule.request.test(request);
  if (untilTouched.some(is)) return standIn(all);
  if (is(untilCalled)) return standIn(all, partStandIn);
  if (isLookedInto) return all();
  if (request.endsWith("/v8Hooks") && from.includes("/cmd/run/")) return withoutDebugger;
  if (request.endsWith("/log") && from.includes("/@pulumi/pulumi/runtime/")) return withoutDetails(all());
  return request.endsWith("/debuggable") ? withoutStacks(all()) : all();
};

/** Stands for a module and loads it when something of it is asked for, or later where something stands for that as well. */
function standIn(all, partOf = (get) => get()) {
  return new Proxy({}, { get: (_, name) => (name === "__esModule" ? true : partOf(() => all()[name])) });
}

/** Stands for a function or a class of a module. */
function partStandIn(get) {
  return new Proxy(class {}, {
    apply: (_, self, values) => Reflect.apply(get(), self, values),
    construct: (_, values) => Reflect.construct(get(), values),
  });
}

/** To serialise functions, a debugger follows each script that is loaded. It starts when the first is serialised. */
const withoutDebugger = { isInitializedAsync: async () => {} };

/** Of each resource the runtime tells Pulumi some five times what it is at, for `--debug` alone. */
function withoutDetails(log) {
  return { ...log, debug: () => Promise.resolve() };
}

/** The stack of each promise that the runtime waits for is written down, for a message about those that never end. */
function withoutStacks(debuggable) {
  const { debuggablePromise } = debuggable;
  if (debuggablePromise.short) return debuggable;
  debuggable.debuggablePromise = (promise, context) => {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    try {
      return debuggablePromise(promise, context);
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
  };
  debuggable.debuggablePromise.short = true;
  return debuggable;
}
