import { z } from "zod";
import { exposedMethods } from "../model/callGraph.ts";
import { method, policies } from "../model/policies.ts";
import { leastEjection } from "../model/resilience.ts";
import { gatewayNames } from "../model/route.ts";
import { allowing, label, listOf, mapping, oneOf, ownHeader, refuse, text, whole } from "../model/rules.ts";
import { resilience } from "./resilience.ts";

/** A service that gateways offer, with its versions, resilience and policies. */
export const service = (copies: number) =>
  mapping({
    replicas: whole(1, 50).default(copies),
    versions: z
      .array(
        mapping({ name: label(20), weight: whole(0, 100).exactOptional(), replicas: whole(1, 50).exactOptional() }),
        allowing("a list of versions"),
      )
      .min(1, allowing("at least one version"))
      .default([{ name: "v1" }]),
    canary: mapping({
      header: ownHeader().default("x-canary"),
      version: z.string(allowing("the name of one of the versions")).exactOptional(),
    }).prefault({}),
    resilience: resilience.prefault({}),
    // Every gateway there is, unless the service says otherwise.
    gateways: listOf(oneOf(...gatewayNames), `gateways, ${gatewayNames.join(" and ")}`, 1).exactOptional(),
    // What gateways may ask for.
    methods: listOf(method, "methods", 1).default([...exposedMethods]),
    policies: policies.prefault({}),
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

/** The shop of apps/shop.ts: `mesh:shop`. */
export const shop = mapping({
  frontend: service(2).prefault({}),
  backend: service(2).prefault({}),
  database: mapping({
    storage: text(/^[1-9]\d{0,4}(Mi|Gi|Ti)$/, "a size such as 500Mi or 1Gi").default("1Gi"),
  }).prefault({}),
});

/** Requests from inside the mesh: `mesh:load`. */
export const load = mapping({ qps: whole(0, 10_000).default(1) });
