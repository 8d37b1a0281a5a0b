import { beyondIstio } from "../components/gateway/istio/unsupported.ts";
import { beyondKong, sharedKeyIds } from "../components/gateway/kong/unsupported.ts";
import { conflictingKeys } from "../model/checks/policyProblems.ts";
import { mostRetriedBytesOf } from "../model/gatewayBounds.ts";
import { defaultRetriedBytes } from "../model/resilience.ts";
import type { GatewayName, RoutePolicies } from "../model/route.ts";
import { availableGateways } from "./gateways.ts";
import type { Conflict } from "./problems.ts";
import type { Sections } from "./sections.ts";

/*
 * What services demand of the gateways that offer them, where one of those cannot do it: demanded at one door and not at
 * the other is not demanded at all.
 */

const known = {
  kong: { called: "Kong", problemsOf: beyondKong },
  istio: { called: "Istio's gateway", problemsOf: beyondIstio },
} as const;

/** Conflicts between the services' policies and the gateways that run. */
export function* demands({
  sources,
  gateway,
  charts,
  images,
  product,
  shop,
  istioGateway,
}: Partial<Sections>): Iterable<Conflict> {
  if (!sources || !gateway || !charts || !images) return;
  const running = availableGateways({ sources, gateway, charts, images });
  if (running.length === 0) return;
  const services = [
    ...(product ? [{ path: ["product"], ...product }] : []),
    ...(shop ? [{ path: ["shop", "frontend"], ...shop.frontend }] : []),
    ...(shop ? [{ path: ["shop", "backend"], ...shop.backend }] : []),
  ];
  const kept = istioGateway ? mostRetriedBytesOf(istioGateway) : Number.POSITIVE_INFINITY;
  for (const { path, policies, resilience, gateways: offering = running } of services) {
    const { maxBodyBytes } = resilience.retries;
    const most = Math.max(defaultRetriedBytes, kept);
    if (offering.includes("istio") && maxBodyBytes > most) {
      const why = `a larger one has to fit into mesh:istioGateway.memory for each of its maxConnections, for which ${kept} are left`;
      yield {
        path: [...path, "resilience", "retries", "maxBodyBytes"],
        allowed: `at most ${most} while Istio's gateway offers the service: ${why}`,
      };
    }
    for (const [index, name] of offering.entries()) {
      if (running.includes(name)) continue;
      yield { path: [...path, "gateways", index], allowed: `a gateway that runs: ${running.join(", ")}` };
    }
    for (const name of offering) yield* beyond(name, path, policies, running);
  }
  for (const { service, issuer } of conflictingKeys(services)) {
    yield { path: [...service.path, "policies", "jwt", "keys"], allowed: `the keys that ${issuer} has for other services` };
  }
  const behindKong = services.filter(({ gateways: offering = running }) => offering.includes("kong"));
  for (const { service, index, kid, issuer } of running.includes("kong") ? sharedKeyIds(behindKong) : []) {
    const allowed = `a key whose kid no other issuer has, while Kong offers the service: ${kid} is one of ${issuer}`;
    yield { path: [...service.path, "policies", "jwt", "keys", index], allowed };
  }
}

/** What one of the gateways that offer a service cannot hold, with the way out where there is one. */
function* beyond(
  name: GatewayName,
  path: readonly string[],
  policies: RoutePolicies,
  running: readonly GatewayName[],
): Iterable<Conflict> {
  const { called, problemsOf } = known[name];
  for (const { option, allowed, instead } of problemsOf(policies)) {
    const isThere = instead !== undefined && running.includes(instead);
    const otherwise = isThere ? `; mesh:${path.join(".")}.gateways: [${instead}] leaves it to ${known[instead].called}` : "";
    yield { path: [...path, "policies", ...option], allowed: `${allowed} while ${called} offers the service${otherwise}` };
  }
}
