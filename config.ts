import { z } from "zod";
import { UserError } from "./cli/support/errors.ts";
import { balancings, defaultResilience, leastEjection, milliseconds, missingTime } from "./components/app/resilience.ts";

/*
 * The whole configuration of a stack. Every refusal is here and happens before anything is registered: all problems of
 * a file at once, each with its key, what was given and what is allowed.
 */

/** Why a stack's configuration is refused. */
export class ConfigError extends UserError {
  constructor(
    stack: string,
    /** One sentence for each problem. */
    readonly problems: readonly string[],
  ) {
    super([`Pulumi.${stack}.yaml is refused:`, ...problems.map((problem) => `  - ${problem}`)].join("\n"));
  }
}

/** Where a rule says what it allows; `describe` turns a broken one into a sentence. */
const allowing = (text: string) => ({ error: text });

const whole = (least: number, most: number) => {
  const allowed = allowing(`a whole number from ${least} to ${most}`);
  return z.int(allowed).min(least, allowed).max(most, allowed);
};

const oneOf = <const T extends readonly [string, ...string[]]>(...values: T) =>
  z.enum(values, allowing(`one of ${values.join(", ")}`));

/** A name in Kubernetes and DNS: `most` leaves room for what is appended to it. */
const label = (most: number) => {
  const allowed = allowing(
    `lower-case letters, digits and hyphens, beginning with a letter, ending with a letter or digit, at most ${most} long`,
  );
  return z
    .string(allowed)
    .regex(/^[a-z]([a-z0-9-]*[a-z0-9])?$/, allowed)
    .max(most, allowed);
};

const duration = () => {
  const allowed = allowing("a duration above zero such as 250ms, 2s or 1m");
  return z.string(allowed).refine((text) => (milliseconds(text) ?? 0) > 0, allowed);
};

/** Refuses a value that its own rule allows and another setting does not. `given` tells a default, which no file says. */
function refuse(ctx: z.core.$RefinementCtx, path: PropertyKey[], allowed: string, given?: unknown): void {
  ctx.addIssue({ code: "custom", path, message: allowed, params: { given } });
}

/** What is wrong with the weights of all versions together. A weight that is wrong by itself, or none at all, is told elsewhere. */
function wrongShares(weights: readonly (number | undefined)[]): string | undefined {
  const given = weights.filter((weight) => weight !== undefined);
  if (weights.length === 0 || given.some((weight) => weight < 0 || weight > 100)) return undefined;
  const sum = given.reduce((total, weight) => total + weight, 0);
  const open = weights.length - given.length;
  if (open > 1) return "at most one version without a weight, which takes the rest";
  if (open === 1 ? sum <= 100 : sum === 100) return undefined;
  return `weights that sum to 100, not ${sum}; one version may leave its weight out and takes the rest`;
}

const text = (pattern: RegExp, meaning: string) => z.string(allowing(meaning)).regex(pattern, allowing(meaning));

/** A mapping that takes these keys and no others. */
const mapping = <T extends z.ZodRawShape>(shape: T) =>
  z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys" ? Object.keys(shape).join(", ") : `a mapping with ${Object.keys(shape).join(", ")}`,
  });

const port = () => whole(1, 65_535);

const cluster = mapping({
  // The longest container name is `<name>-control-plane`, which is a host name too.
  name: label(49).default("mesh-demo"),
  workers: whole(1, 9).default(2),
  ports: mapping({ http: port().default(80), https: port().default(443), istio: port().default(8080) })
    .superRefine((ports, ctx) => {
      const entries = Object.entries(ports);
      for (const [index, [key, given]] of entries.entries()) {
        const first = entries.slice(0, index).find(([, other]) => other === given)?.[0];
        if (first) refuse(ctx, [key], `a port that no other key has; ${first} has it already`, given);
      }
    })
    .prefault({}),
});

const istio = mapping({
  revision: label(40).optional(),
  tags: z.array(label(40), allowing("a list of tags")).default([]),
  accessLogs: z.boolean(allowing("true or false")).default(false),
}).superRefine(({ revision, tags }, ctx) => {
  if (tags.length > 0 && !revision) refuse(ctx, ["tags"], "no tags without mesh:istio.revision, for which they stand");
});

const resilience = mapping({
  timeout: duration().default(defaultResilience.timeout),
  retries: mapping({
    attempts: whole(0, 10).default(defaultResilience.retries.attempts),
    perTryTimeout: duration().default(defaultResilience.retries.perTryTimeout),
    on: text(/^[a-z0-9-]+(,[a-z0-9-]+)*$/, "Envoy's retry conditions, separated by commas").default(defaultResilience.retries.on),
  }).prefault({}),
  pool: mapping({
    maxConnections: whole(1, 1_000_000).default(defaultResilience.pool.maxConnections),
    maxPendingRequests: whole(1, 1_000_000).default(defaultResilience.pool.maxPendingRequests),
    maxRequestsPerConnection: whole(1, 1_000_000).default(defaultResilience.pool.maxRequestsPerConnection),
  }).prefault({}),
  ejection: mapping({
    consecutive5xx: whole(1, 1_000).default(defaultResilience.ejection.consecutive5xx),
    interval: duration().default(defaultResilience.ejection.interval),
    time: duration().default(defaultResilience.ejection.time),
    maxPercent: whole(1, 100).default(defaultResilience.ejection.maxPercent),
  }).prefault({}),
  balancing: oneOf(...balancings).default(defaultResilience.balancing),
}).superRefine(({ timeout, retries }, ctx) => {
  const needed = missingTime({ timeout, retries });
  if (!needed) return;
  const tries = `${retries.attempts + 1} tries of ${retries.perTryTimeout}`;
  refuse(ctx, ["timeout"], `at least ${needed}, which ${tries} take (retries.attempts + 1, retries.perTryTimeout)`, timeout);
});

const service = mapping({
  replicas: whole(1, 50).default(3),
  versions: z
    .array(
      mapping({ name: label(20), weight: whole(0, 100).optional(), replicas: whole(1, 50).optional() }),
      allowing("a list of versions"),
    )
    .min(1, allowing("at least one version"))
    .default([{ name: "v1" }]),
  canary: mapping({
    header: text(/^[a-z0-9]+(-[a-z0-9]+)*$/, "the name of a header, in lower case").default("x-canary"),
    version: z.string(allowing("the name of one of the versions")).optional(),
  }).prefault({}),
  resilience: resilience.prefault({}),
})
  .superRefine(({ versions, canary, replicas, resilience }, ctx) => {
    const names = versions.map(({ name }) => name);
    for (const [index, name] of names.entries()) {
      if (names.indexOf(name) < index) refuse(ctx, ["versions", index, "name"], "a name that no other version has");
    }
    const share = wrongShares(versions.map(({ weight }) => weight));
    if (share) refuse(ctx, ["versions"], share);
    if (canary.version !== undefined && !names.includes(canary.version)) {
      refuse(ctx, ["canary", "version"], `one of the versions ${names.join(", ")}`);
    }
    const { maxPercent } = resilience.ejection;
    const most = Math.max(...versions.map((version) => version.replicas ?? replicas));
    if (most > 1 && maxPercent < leastEjection(most)) {
      const allowed = `at least ${leastEjection(most)}, or none of ${most} pods is ever ejected`;
      refuse(ctx, ["resilience", "ejection", "maxPercent"], allowed, maxPercent);
    }
  })
  .transform(({ versions, canary, replicas, ...rest }) => {
    const given = versions.reduce((total, { weight = 0 }) => total + weight, 0);
    return {
      ...rest,
      versions: versions.map((version) => ({
        name: version.name,
        weight: version.weight ?? 100 - given,
        replicas: version.replicas ?? replicas,
      })),
      canary: { header: canary.header, version: canary.version ?? versions.at(-1)?.name ?? "" },
    };
  });

const schema = mapping({
  target: oneOf("kind", "eks", "existing").refine(
    (target) => target === "kind",
    allowing("kind; this version of the platform has no other target yet"),
  ),
  sources: oneOf("built", "published"),
  cluster: cluster.prefault({}),
  istio: istio.prefault({}),
  product: service.prefault({}),
});

/** The configuration of a stack, defaults filled in. */
export type Config = z.output<typeof schema>;

/** The namespace of the keys in a stack's file. Keys of others (`pulumi:`, a provider's) are theirs to judge. */
const namespace = "mesh:";

/**
 * Reads a stack's configuration.
 *
 * @param entries - full keys and values as Pulumi gives them: a structured value is JSON.
 * @param stack - the stack's name, for the message.
 * @throws ConfigError with every problem.
 */
export function parseConfig(entries: Readonly<Record<string, string>>, stack: string): Config {
  const given = Object.fromEntries(
    Object.entries(entries).flatMap(([key, value]) =>
      key.startsWith(namespace) ? [[key.slice(namespace.length), structured(value)]] : [],
    ),
  );
  const result = schema.safeParse(given, { reportInput: true });
  if (!result.success)
    throw new ConfigError(
      stack,
      result.error.issues.flatMap((issue) => describe(issue, given)),
    );
  return result.data;
}

/** A mapping or a list comes as JSON; anything else is the text itself. */
function structured(value: string): unknown {
  if (!/^\s*[{[]/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

function describe(issue: z.core.$ZodIssue, given: unknown): string[] {
  const at = (path: readonly PropertyKey[]) =>
    `${namespace}${path
      .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
      .join("")
      .slice(1)}`;
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => `${at([...issue.path, key])} is not a setting; allowed: ${issue.message}`);
  }
  const found = issue.path.reduce<unknown>((from, part) => (from as Record<PropertyKey, unknown> | undefined)?.[part], given);
  // A default that does not hold with what is given is named, although the file does not say it.
  const value = found ?? (issue.code === "custom" ? issue.params?.given : undefined);
  return [`${at(issue.path)} is ${value === undefined ? "not given" : JSON.stringify(value)}; allowed: ${issue.message}`];
}
