const Module = require("node:module");

/*
 * Loaded before Pulumi's runtime (Pulumi.yaml's nodeargs), which then does less that this program has no use for.
 */

/**
 * To serialise functions, the runtime loads the TypeScript compiler and what reads a tree of packages, at each start. No function is
 * serialised here, so these are loaded when something touches them.
 */
const untilTouched = ["typescript", "@npmcli/arborist"];

// The air gap's language host knows nothing of Pulumi.yaml's options, and would have the runtime set the compiler up.
process.env.PULUMI_NODEJS_TYPESCRIPT = "false";

const load = Module._load;
Module._load = (request, parent, ...rest) => {
  const all = () => load(request, parent, ...rest);
  if (!parent?.filename?.includes("/@pulumi/pulumi/")) return all();
  if (untilTouched.includes(request)) return standIn(all);
  return request.endsWith("/debuggable") ? withoutStacks(all()) : all();
};

/** Stands for a module and loads it when something of it is asked for. */
function standIn(all) {
  return new Proxy({}, { get: (_, name) => (name === "__esModule" ? true : all()[name]) });
}

/**
 * The stack of each promise that the runtime waits for is written down, for a message about those that never end. Who has to find one
 * sets Pulumi's own variable for that.
 */
function withoutStacks(debuggable) {
  const { debuggablePromise } = debuggable;
  if (process.env.PULUMI_DEBUG_PROMISE_LEAKS || debuggablePromise.short) return debuggable;
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
