import { type Config, RefusedError, readConfig } from "../../../config.ts";
import { type Plan, planStack } from "../../../plan.ts";

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

/** Settings as Pulumi gives them, structured values as JSON, besides what every stack must say. */
function entriesOf(changes: Readonly<Record<string, unknown>>): Record<string, string> {
  const entries = Object.entries({ ...least, ...changes }).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, typeof value === "string" ? value : JSON.stringify(value)]],
  );
  return Object.fromEntries(entries);
}

/** A configuration without a look at applications. */
export function parseConfig(entries: Readonly<Record<string, string>>, stack: string, from?: "file"): Config {
  const { config, problems } = readConfig(entries, from);
  if (!config || problems.length > 0) throw new RefusedError(stack, problems);
  return config;
}

/** The same of settings that are given structured. */
export function parse(changes: Readonly<Record<string, unknown>> = {}, from?: "file"): Config {
  return parseConfig(entriesOf(changes), "local", from);
}

/** Plans a stack: its configuration, with the applications of apps/ or with others. */
export function plan(
  changes: Readonly<Record<string, unknown>> = {},
  from?: "file",
  declared?: Parameters<typeof planStack>[3],
): Plan {
  return planStack(entriesOf(changes), "local", from, declared);
}

/** The problems of a stack, with its configuration and with its applications. */
export function problems(...stack: Parameters<typeof plan>): readonly string[] {
  try {
    plan(...stack);
    return [];
  } catch (error) {
    if (error instanceof RefusedError) return error.problems;
    throw error;
  }
}

/** Settings of the product service. */
export const product = (settings: unknown) => ({ "mesh:apps": { product: { product: settings } } });

/** Settings of the shop's workloads. */
export const shop = (settings: Readonly<Record<string, unknown>>) => ({ "mesh:apps": { prod: settings } });

/** A service of a plan. */
export function serviceOf({ applications }: Plan, name: string): Plan["applications"][number]["services"][number] {
  const service = applications.flatMap(({ services }) => services).find((one) => one.name === name);
  if (!service) throw new Error(`There is no service ${name}.`);
  return service;
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
