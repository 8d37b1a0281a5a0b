import { type Config, ConfigError, parseConfig } from "../../../../config.ts";

/** What every stack must say. */
const least = { "mesh:target": "kind", "mesh:sources": "built" };

/** A stack on Amazon's EKS that says no more than it must. */
export const eks = {
  "aws:region": "us-west-2",
  "mesh:target": "eks",
  "mesh:sources": "published",
  "mesh:eks": { publicAccess: [] },
  "mesh:tls": { hosts: ["shop.example.com"], issuer: "ca" },
};

/** A kubeconfig whose secret can be looked for in whatever is printed. */
export const kubeconfig = JSON.stringify({
  contexts: [{ name: "theirs", context: { cluster: "c", user: "u" } }],
  users: [{ name: "u", user: { token: "top-secret-token" } }],
});

/** A stack on a cluster that runs already. */
export const existing = {
  "mesh:target": "existing",
  "mesh:sources": "published",
  "mesh:existing": { kubeconfig, context: "theirs" },
};

/** Reads a configuration, given as Pulumi gives it: structured values as JSON. */
export function parse(changes: Readonly<Record<string, unknown>> = {}, from?: "file"): Config {
  const entries = Object.entries({ ...least, ...changes }).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, typeof value === "string" ? value : JSON.stringify(value)]],
  );
  return parseConfig(Object.fromEntries(entries), "local", from);
}

/** The problems of a configuration. */
export function problems(changes: Readonly<Record<string, unknown>>, from?: "file"): readonly string[] {
  try {
    parse(changes, from);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

/** The configuration of a stack of this target, for what is done with one. */
export function parseAs<T extends Config["target"]>(
  target: T,
  changes: Readonly<Record<string, unknown>>,
): Config & { target: T } {
  const config = parse(changes);
  if (config.target !== target) throw new Error(`The target is ${config.target}.`);
  return config as Config & { target: T };
}
