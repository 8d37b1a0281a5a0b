import { isDeepStrictEqual } from "node:util";
import type { GatewayName, Jwt } from "../components/gateway/route.ts";
import { availableGateways } from "./gateways.ts";
import type { Conflict } from "./problems.ts";
import type { Sections } from "./sections.ts";

/*
 * What services demand of the gateways that offer them, where one of those cannot do it: demanded at one door and not at
 * the other is not demanded at all.
 */

type Service = Sections["product"];
type Path = readonly string[];

/** Conflicts between the services' policies and the gateways that run. */
export function* demands({ sources, gateway, charts, images, product, shop }: Partial<Sections>): Iterable<Conflict> {
  if (!sources || !gateway || !charts || !images) return;
  const running = availableGateways({ sources, gateway, charts, images });
  if (running.length === 0) return;
  const services: readonly (readonly [Path, Service | undefined])[] = [
    [["product"], product],
    [["shop", "frontend"], shop?.frontend],
    [["shop", "backend"], shop?.backend],
  ];
  const issuers = new Map<string, Jwt>();
  for (const [path, service] of services) {
    if (!service) continue;
    const { gateways: offering = running } = service;
    for (const [index, name] of offering.entries()) {
      if (running.includes(name)) continue;
      yield { path: [...path, "gateways", index], allowed: `a gateway that runs: ${running.join(", ")}` };
    }
    if (offering.includes("istio")) yield* notByIstio(path, service, running);
    if (offering.includes("kong")) yield* notByKong(path, service, running);
    const { jwt } = service.policies;
    const first = jwt && issuers.get(jwt.issuer);
    if (first && !isDeepStrictEqual(first.keys, jwt.keys)) {
      yield { path: [...path, "policies", "jwt", "keys"], allowed: `the keys that ${jwt.issuer} has for other services` };
    }
    if (jwt && !first) issuers.set(jwt.issuer, jwt);
  }
}

function* notByIstio(path: Path, { policies }: Service, running: readonly GatewayName[]): Iterable<Conflict> {
  for (const policy of ["apiKeys", "bots"] as const) {
    if (policies[policy] === undefined) continue;
    yield {
      path: [...path, "policies", policy],
      allowed: `nothing while Istio's gateway offers the service, which cannot do it${only("kong", path, running)}`,
    };
  }
}

function* notByKong(path: Path, { policies: { jwt, apiKeys } }: Service, running: readonly GatewayName[]): Iterable<Conflict> {
  const otherwise = only("istio", path, running);
  if (jwt?.audiences) {
    yield {
      path: [...path, "policies", "jwt", "audiences"],
      allowed: `nothing while Kong offers the service, which cannot verify them${otherwise}`,
    };
  }
  if (jwt && jwt.keys.length > 1) {
    yield { path: [...path, "policies", "jwt", "keys"], allowed: `one key while Kong offers the service${otherwise}` };
  }
  if (jwt && apiKeys)
    yield { path: [...path, "policies", "jwt"], allowed: "jwt or apiKeys, not both: Kong tells who calls by one of them" };
}

/** The way out, where there is one. */
function only(name: GatewayName, path: Path, running: readonly GatewayName[]): string {
  return running.includes(name)
    ? `; mesh:${path.join(".")}.gateways: [${name}] leaves it to ${name === "kong" ? "Kong" : "Istio's"}`
    : "";
}
