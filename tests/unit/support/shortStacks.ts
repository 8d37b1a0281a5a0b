import { createRequire } from "node:module";

/*
 * Pulumi writes down the stack of every promise that it waits for, for a message about promises that never end. With source
 * maps that takes half of the time of tests of components, and no test reads it. Each process of the runner loads this once.
 */

interface Debuggable {
  debuggablePromise<T>(promise: Promise<T>, context: unknown): Promise<T>;
}

const debuggable = createRequire(import.meta.url)("@pulumi/pulumi/runtime/debuggable.js") as Debuggable;
const { debuggablePromise } = debuggable;

debuggable.debuggablePromise = (promise, context) => {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return debuggablePromise(promise, context);
  } finally {
    Error.stackTraceLimit = limit;
  }
};
