import fc from "fast-check";
import { type Option, options } from "./settings.ts";

/** A stack's configuration, by its sections. */
export type Settings = Readonly<Record<string, unknown>>;

/** Settings with which any single option may be whatever its own rule allows. */
const base: readonly Choice[] = [
  ["apps.product.product.resilience.timeout", "1440m"],
  ["apps.product.product.resilience.retries.attempts", 0],
  ["apps.product.product.resilience.retries.perTryTimeout", "1ms"],
  ["apps.product.product.resilience.ejection.maxPercent", 100],
  ["apps.product.product.replicas", 1],
  // With a single one there is no canary, whose header would reach nobody.
  ["apps.product.product.versions", { v1: {}, v2: { weight: 10 } }],
  ["apps.product.product.exposed.products.methods", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]],
  ["apps.product.product.exposed.products.policies.rateLimit.requests", 1],
  ["apps.product.product.exposed.products.policies.rateLimit.per", "second"],
  ["apps.product.product.exposed.products.policies.cors.origins", ["https://example.com"]],
  ["apps.prod.frontend.exposed.page.gateways", ["istio"]],
  ["apps.prod.frontend.exposed.page.policies.jwt.issuer", "https://id.example.com"],
  ["apps.prod.frontend.exposed.page.policies.jwt.keys", options["apps.prod.frontend.exposed.page.policies.jwt.keys"].edges[0]],
  ["apps.prod.backend.exposed.api.gateways", ["kong"]],
  ["apps.prod.backend.exposed.api.policies.apiKeys.consumers", ["partner"]],
  ["tls.hosts", ["shop.example.com", "*.example.org"]],
];

type Choice = readonly [option: string, value: unknown];

/** What the rules take of each option's candidates, while the rest is as it may be with any. */
export function acceptedOf(accepts: (settings: Settings) => boolean): Readonly<Record<Option, readonly unknown[]>> {
  const accepted = Object.entries(options).map(([option, { edges, others }]) => {
    // The same ones in each run, so that what changed is judged and not luck.
    const all = [...edges, ...fc.sample(others, { numRuns: 8, seed: 10 })];
    const distinct = [...new Map(all.map((value) => [JSON.stringify(value), value])).values()];
    return [option, distinct.filter((value) => accepts(settingsOf([...base, [option, value]])))];
  });
  return Object.fromEntries(accepted) as Record<Option, unknown[]>;
}

/**
 * As few configurations as hold each of the accepted values once: each takes a further value of every option, unless it does not
 * go with those that it has already.
 */
export function samplesOf(
  accepted: Readonly<Record<Option, readonly unknown[]>>,
  accepts: (settings: Settings) => boolean,
): Settings[] {
  const left = new Map(Object.entries(accepted).map(([option, values]) => [option, [...values]]));
  const samples: Settings[] = [];
  while ([...left.values()].some(({ length }) => length > 0)) {
    let choices = base;
    for (const [option, values] of left) {
      const more = [...choices, [option, values[0]] as const];
      if (values.length === 0 || !accepts(settingsOf(more))) continue;
      choices = more;
      values.shift();
    }
    samples.push(settingsOf(choices));
  }
  return samples;
}

/** Options by their keys as the sections that hold them; of two values of an option the later one counts. */
function settingsOf(choices: readonly Choice[]): Settings {
  const settings: Record<string, unknown> = {};
  for (const [option, value] of choices) {
    const [last = "", ...above] = `mesh:${option}`.split(".").reverse();
    let at = settings;
    for (const key of above.reverse()) {
      at[key] = { ...(at[key] as object | undefined) };
      at = at[key] as Record<string, unknown>;
    }
    at[last] = value;
  }
  return settings;
}
