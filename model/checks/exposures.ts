import type { Application } from "../application.ts";
import type { Exposed } from "../exposed.ts";
import type { GatewayFacts } from "../gateway.ts";
import { type Account, nameOf } from "../names.ts";
import type { Problems } from "./problems.ts";

/** What gateways offer: each path once on each gateway, and only on gateways that run. */
export function checkExposures(applications: readonly Application[], running: readonly GatewayFacts[], problems: Problems): void {
  const gateways: readonly string[] = running.map(({ name }) => name);
  const offered: Offer[] = [];
  for (const { namespace, services } of applications) {
    for (const { name, exposed, versions } of services) {
      if (!exposed) continue;
      const service = { namespace, name };
      for (const [index, gateway] of (exposed.gateways ?? []).entries()) {
        if (!gateways.includes(gateway))
          problems.refuse(service, ["exposed", "gateways", index], `a gateway that runs: ${gateways.join(", ")}`);
      }
      const on = exposed.gateways ?? gateways;
      for (const offer of offers(exposed, versions)) {
        const first = offered.find((other) => other.path === offer.path && other.on.some((gateway) => on.includes(gateway)));
        if (first) {
          const allowed = `a path that nobody else has; ${nameOf(first.service)} exposed.${first.key} has ${offer.path} already`;
          problems.refuse(service, ["exposed", offer.key], allowed);
        }
        offered.push({ ...offer, service, on });
      }
    }
  }
}

interface Offer {
  readonly service: Account;
  readonly key: "path" | "versioned";
  readonly path: string;
  readonly on: readonly string[];
}

function offers({ path, versioned }: Exposed, versions: readonly { readonly name: string }[]): Pick<Offer, "key" | "path">[] {
  const byVersion = versioned === undefined ? [] : versions.map(({ name }) => versioned.replace("{version}", name));
  return [{ key: "path", path }, ...byVersion.map((path) => ({ key: "versioned" as const, path }))];
}
