import { exposedMethods, nameOf } from "../callGraph.ts";
import type { GatewayName } from "../route.ts";
import type { ApplicationSpec, Exposed } from "../spec.ts";
import type { Problems } from "./Problems.ts";
import { method, path, someOrAbsent, versioned } from "./rules.ts";

/** What gateways offer: each path once on each gateway, and only on gateways that run. */
export function checkExposures(
  applications: readonly ApplicationSpec[],
  gateways: readonly GatewayName[],
  problems: Problems,
): void {
  const offered: Offer[] = [];
  for (const { namespace, services } of applications) {
    for (const { name, exposed, versions } of services) {
      if (!exposed) continue;
      const service = nameOf({ namespace, name });
      checkExposed(exposed, `${service} exposed`, gateways, problems);
      const on = exposed.gateways ?? gateways;
      const own = offers(
        exposed,
        versions.map((version) => version.name),
      ).map((offer) => ({ ...offer, service, on }));
      for (const offer of own) {
        const first = offered.find((other) => other.path === offer.path && other.on.some((gateway) => on.includes(gateway)));
        if (first)
          problems.refuse(
            `${service} exposed.${offer.key}`,
            offer.path,
            `a path that nobody else has; ${first.service} exposed.${first.key} has it already`,
          );
        offered.push(offer);
      }
    }
  }
}

interface Offer {
  readonly service: string;
  readonly key: "path" | "versioned";
  readonly path: string;
  readonly on: readonly GatewayName[];
}

function offers({ path, versioned }: Exposed, versions: readonly string[]): Pick<Offer, "key" | "path">[] {
  const byVersion =
    versioned === undefined ? [] : [...new Set(versions)].map((version) => versioned.replace("{version}", version));
  return [{ key: "path", path }, ...byVersion.map((path) => ({ key: "versioned" as const, path }))];
}

function checkExposed(exposed: Exposed, place: string, gateways: readonly GatewayName[], problems: Problems): void {
  problems.rule(`${place}.path`, exposed.path, path);
  if (exposed.versioned !== undefined) problems.rule(`${place}.versioned`, exposed.versioned, versioned);
  problems.rule(`${place}.methods`, exposed.methods, someOrAbsent("GET and HEAD"));
  for (const [index, value] of (exposed.methods ?? []).entries()) problems.rule(`${place}.methods[${index}]`, value, method);
  const { methods = exposedMethods, policies } = exposed;
  for (const [index, value] of (policies?.cors?.methods ?? []).entries()) {
    // A page would be told that it may, and then be refused by the service's proxy.
    const offered = [...methods].includes(value) || value === "OPTIONS";
    if (!offered)
      problems.refuse(`${place}.policies.cors.methods[${index}]`, value, `one of exposed.methods: ${methods.join(", ")}`);
  }
  problems.rule(`${place}.gateways`, exposed.gateways, someOrAbsent("every gateway there is"));
  for (const [index, gateway] of (exposed.gateways ?? []).entries()) {
    if (!gateways.includes(gateway))
      problems.refuse(`${place}.gateways[${index}]`, gateway, `one that runs: ${gateways.join(", ")}`);
  }
}
