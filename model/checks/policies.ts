import { isDeepStrictEqual } from "node:util";
import type { Application } from "../application.ts";
import { keepAddresses } from "../callerAddresses.ts";
import { isCallerHeader, notStripped } from "../callerHeaders.ts";
import { exposuresOf } from "../exposed.ts";
import { type GatewayFacts, type OfferedPolicies, type UnsupportedPolicy, unsupportedPolicies } from "../gateway.ts";
import type { GatewaySettings } from "../gatewaySettings.ts";
import { type Account, nameOf, same } from "../names.ts";
import type { Jwt, RoutePolicies } from "../policies.ts";
import { defaultRetriedBytes } from "../resilience.ts";
import type { Problems } from "./problems.ts";

/** An exposure, and its policies. */
interface Offered {
  readonly service: Account;
  readonly exposure: string;
  readonly policies: RoutePolicies;
  readonly offering: readonly GatewayFacts[];
}

/**
 * Policies that a gateway which offers the service does not support: what one gateway refuses and another lets in is not refused at
 * all.
 */
export function checkPolicies(
  applications: readonly Application[],
  gateways: readonly GatewayFacts[],
  settings: Pick<GatewaySettings, "istioGateway"> | undefined,
  problems: Problems,
): void {
  const offered = offeredBy(applications, gateways);
  const refusePolicy = ({ service, exposure }: Offered, option: readonly PropertyKey[], allowed: string) =>
    problems.refuse(service, ["exposed", exposure, "policies", ...option], allowed);
  const refuse = (one: Offered, gateway: GatewayFacts, { option, allowed }: UnsupportedPolicy) => {
    const other = gateways.find((each) => each !== gateway && unsupportedPolicies(each, one.policies).length === 0);
    const otherwise = other ? `; exposed.${one.exposure}.gateways: [${other.name}] leaves it to ${other.title}` : "";
    refusePolicy(one, option, `${allowed} while ${gateway.title} offers the service${otherwise}`);
  };
  for (const one of offered) {
    for (const gateway of one.offering)
      for (const problem of unsupportedPolicies(gateway, one.policies)) refuse(one, gateway, problem);
  }
  checkServices(applications, offered, settings, problems);
  for (const { service: one, first, issuer } of conflictingKeys(offered)) {
    refusePolicy(one, ["jwt", "keys"], `the keys that ${nameOf(first.service)} has for ${issuer}`);
  }
  for (const gateway of gateways) {
    const own = offered.filter(({ offering }) => offering.includes(gateway));
    for (const { service, ...problem } of gateway.unsupportedTogether?.(own) ?? []) refuse(service, gateway, problem);
  }
}

/** What a service says of all its requests, and a gateway that offers it in one way or another cannot do. */
function checkServices(
  applications: readonly Application[],
  offered: readonly Offered[],
  settings: Pick<GatewaySettings, "istioGateway"> | undefined,
  problems: Problems,
): void {
  for (const { namespace, services } of applications) {
    for (const { name, resilience, rules } of services) {
      const service = { namespace, name };
      const { maxBodyBytes } = resilience.retries;
      for (const gateway of new Set(offered.filter((one) => same(one.service, service)).flatMap(({ offering }) => offering))) {
        if (rules?.affinity === "address" && !gateway.showsAddresses) {
          const allowed = `a cookie or a header while ${gateway.title} offers the service, whose own pods are all that its proxies see`;
          problems.refuse(service, ["rules", "affinity"], allowed);
        }
        const kept = settings && gateway.retriedBytes?.(settings);
        const most = Math.max(defaultRetriedBytes, kept?.most ?? Number.POSITIVE_INFINITY);
        if (maxBodyBytes <= most) continue;
        const allowed = `at most ${most} while ${gateway.title} offers the service: ${kept?.why}`;
        problems.refuse(service, ["resilience", "retries", "maxBodyBytes"], allowed, maxBodyBytes);
      }
    }
  }
}

function offeredBy(applications: readonly Application[], gateways: readonly GatewayFacts[]): Offered[] {
  return applications.flatMap(({ namespace, services }) =>
    services.flatMap((service) =>
      exposuresOf(service).map(({ name, exposure: { policies = {}, ...exposure } }) => {
        const offering = gateways.filter((gateway) => exposure.gateways?.includes(gateway.name) ?? true);
        return { service: { namespace, name: service.name }, exposure: name, policies, offering };
      }),
    ),
  );
}

/** Services that trust an issuer of tokens by other keys than the first one does: a gateway knows an issuer once. */
export function conflictingKeys<T extends OfferedPolicies>(
  services: readonly T[],
): { readonly service: T; readonly first: T; readonly issuer: string }[] {
  const trusting = new Map<string, { readonly service: T; readonly jwt: Jwt }>();
  return services.flatMap((service) => {
    const { jwt } = service.policies;
    if (!jwt) return [];
    const first = trusting.get(jwt.issuer) ?? { service, jwt };
    trusting.set(jwt.issuer, first);
    return isDeepStrictEqual(first.jwt.keys, jwt.keys) ? [] : [{ service, first: first.service, issuer: jwt.issuer }];
  });
}

/** Headers that a service's rules or policies read and every gateway strips: a client that sends one would be treated as if it had not. */
export function checkStrippedHeaders(
  { namespace, services }: Application,
  stripHeaders: readonly string[],
  problems: Problems,
): void {
  for (const { name, canary, exposed = {}, rules } of services) {
    const judge = (header: string | undefined, ...option: (string | number)[]) => {
      if (header === undefined || !isCallerHeader(header, stripHeaders)) return;
      problems.refuse({ namespace, name }, option, notStripped, header);
    };
    judge(canary?.header, "canary", "header");
    for (const [index, { headers = {} }] of (rules?.match ?? []).entries())
      for (const header of Object.keys(headers)) judge(header, "rules", "match", index, "headers", header);
    for (const header of Object.keys(rules?.fault?.when?.headers ?? {}))
      judge(header, "rules", "fault", "when", "headers", header);
    const { affinity } = rules ?? {};
    if (typeof affinity === "object" && "header" in affinity) judge(affinity.header, "rules", "affinity", "header");
    for (const [exposure, { policies }] of Object.entries(exposed)) {
      judge(policies?.apiKeys?.header, "exposed", exposure, "policies", "apiKeys", "header");
      for (const [index, header] of (policies?.cors?.headers ?? []).entries())
        judge(header, "exposed", exposure, "policies", "cors", "headers", index);
    }
  }
}

/** Policies that judge callers' addresses, where these do not arrive. */
export function checkCallerAddresses(applications: readonly Application[], problems: Problems): void {
  for (const { service, path } of judgingAddresses(applications)) problems.refuse(service, path, keepAddresses);
}

/** Where applications say something of callers' addresses. */
export function judgingAddresses(applications: readonly Application[]): { service: Account; path: string[] }[] {
  return applications.flatMap(({ namespace, services }) =>
    services.flatMap(({ name, exposed, rules }) => {
      const policies = Object.entries(exposed ?? {}).flatMap(([exposure, { policies = {} }]) => [
        ...(policies.addresses ? [["exposed", exposure, "policies", "addresses"]] : []),
        ...(policies.rateLimit?.by === "address" ? [["exposed", exposure, "policies", "rateLimit", "by"]] : []),
      ]);
      const judging = [...policies, ...(exposed && rules?.affinity === "address" ? [["rules", "affinity"]] : [])];
      return judging.map((path) => ({ service: { namespace, name }, path }));
    }),
  );
}
