import type { z } from "zod";
import { balancings, defaultResilience, defaultRetriedBytes, missingTime, mostRetriedBytes } from "../model/resilience.ts";
import { duration, mapping, oneOf, refuse, retryOn, whole } from "../model/rules.ts";

/*
 * How callers' proxies treat a service: the rules of single values once, for settings, where each has a default, and for
 * applications, which say all of them.
 */

const retries = { attempts: whole(0, 10), perTryTimeout: duration(), on: retryOn() };
/** The largest body that any pool lets be sent again, in bytes. */
const retriedBytes = whole(1, 134_217_728);
const pool = {
  connectTimeout: duration(),
  maxConnections: whole(1, 1_000_000),
  maxPendingRequests: whole(1, 1_000_000),
  maxRequestsPerConnection: whole(1, 1_000_000),
};
const ejection = { consecutive5xx: whole(1, 1_000), interval: duration(), time: duration(), maxPercent: whole(1, 100) };
const rules = { timeout: duration(), balancing: oneOf(...balancings) };

/** All of it, as an application says it. */
export const completeResilience = mapping({
  ...rules,
  retries: mapping({ ...retries, maxBodyBytes: retriedBytes.exactOptional() }),
  pool: mapping(pool),
  ejection: mapping(ejection),
});

/** As much of it as a stack's file says; the rest is the default. */
export const resilience = mapping({
  ...withDefaults(rules, defaultResilience),
  retries: mapping({
    ...withDefaults(retries, defaultResilience.retries),
    maxBodyBytes: retriedBytes.default(defaultRetriedBytes),
  }).prefault({}),
  pool: mapping(withDefaults(pool, defaultResilience.pool)).prefault({}),
  ejection: mapping(withDefaults(ejection, defaultResilience.ejection)).prefault({}),
}).superRefine(({ timeout, retries, pool }, ctx) => {
  const most = mostRetriedBytes(pool);
  if (retries.maxBodyBytes > most) {
    const why = `of which pool.maxConnections (${pool.maxConnections}) fit into a proxy's memory`;
    refuse(ctx, ["retries", "maxBodyBytes"], `at most ${most}, ${why}`);
  }
  const needed = missingTime({ timeout, retries });
  if (!needed) return;
  const tries = `${retries.attempts + 1} tries of ${retries.perTryTimeout}`;
  refuse(ctx, ["timeout"], `at least ${needed}, which ${tries} take (retries.attempts + 1, retries.perTryTimeout)`, timeout);
});

type Defaulted<S extends z.ZodRawShape> = { [K in keyof S]: z.ZodDefault<S[K]> };

function withDefaults<S extends z.ZodRawShape>(shape: S, defaults: { readonly [K in keyof S]: z.output<S[K]> }): Defaulted<S> {
  const entries = Object.keys(shape).map((key) => [key, (shape[key] as z.ZodType).default(defaults[key as keyof S])]);
  return Object.fromEntries(entries) as Defaulted<S>;
}
