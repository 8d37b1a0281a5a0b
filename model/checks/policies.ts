import { isDeepStrictEqual } from "node:util";
import type { Application } from "../application.ts";
import { keepAddresses } from "../callerAddresses.ts";
import { isCallerHeader, notStripped } from "../callerHeaders.ts";
import { type GatewayFacts, type OfferedPolicies, type UnsupportedPolicy, unsupportedPolicies } from "../gateway.ts";
import type { GatewaySettings } from "../gatewaySettings.ts";
import { type Account, nameOf } from "../names.ts";
import type { Jwt, RoutePolicies } from "../policies.ts";
import type { RequestRules } from "../requestRules.ts";
import { defaultRetriedBytes, type Resilience } from "../resilience.ts";
import type { Problems } from "./problems.ts";

/** A service that gateways offer, and its policies. */
interface Offered {
  readonly service: Account;
  readonly policies: RoutePolicies;
  readonly resilience: Resilience;
  readonly rules?: RequestRules;
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
  const refuse = ({ service, policies }: Offered, gateway: GatewayFacts, { option, allowed }: UnsupportedPolicy) => {
    const other = gateways.find((one) => one !== gateway && unsupportedPolicies(one, policies).length === 0);
    const otherwise = other ? `; exposed.gateways: [${other.name}] leaves it to ${other.title}` : "";
    const why = `${allowed} while ${gateway.title} offers the service${otherwise}`;
    problems.refuse(service, ["exposed", "policies", ...option], why);
  };
  for (const one of offered) {
    const { service, policies, resilience, rules, offering } = one;
    for (const gateway of offering) {
      if (rules?.affinity === "address" && !gateway.showsAddresses) {
        const allowed = `a cookie or a header while ${gateway.title} offers the service, whose own pods are all that its proxies see`;
        problems.refuse(service, ["rules", "affinity"], allowed);
      }
      for (const problem of unsupportedPolicies(gateway, policies)) refuse(one, gateway, problem);
      const kept = settings && gateway.retriedBytes?.(settings);
      const most = Math.max(defaultRetriedBytes, kept?.most ?? Number.POSITIVE_INFINITY);
      const { maxBodyBytes } = resilience.retries;
      if (maxBodyBytes <= most) continue;
      const allowed = `at most ${most} while ${gateway.title} offers the service: ${kept?.why}`;
      problems.refuse(service, ["resilience", "retries", "maxBodyBytes"], allowed, maxBodyBytes);
    }
  }
  for (const { service, first, issuer } of conflictingKeys(offered)) {
    const allowed = `the keys that ${nameOf(first.service)} has for ${issuer}`;
    problems.refuse(service.service, ["exposed", "policies", "jwt", "keys"], allowed);
  }
  for (const gateway of gateways) {
    const own = offered.filter(({ offering }) => offering.includes(gateway));
    for (const { service, ...problem } of gateway.unsupportedTogether?.(own) ?? []) refuse(service, gateway, problem);
  }
}

function offeredBy(applications: readonly Application[], gateways: readonly GatewayFacts[]): Offered[] {
  return applications.flatMap(({ namespace, services }) =>
    services.flatMap(({ name, exposed, resilience, rules }) => {
      if (!exposed) return [];
      const offering = gateways.filter((gateway) => exposed.gateways?.includes(gateway.name) ?? true);
      return [{ service: { namespace, name }, policies: exposed.policies ?? {}, resilience, ...(rules && { rules }), offering }];
    }),
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
  for (const { name, canary, exposed, rules } of services) {
    const { apiKeys, cors } = exposed?.policies ?? {};
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
    judge(apiKeys?.header, "exposed", "policies", "apiKeys", "header");
    for (const [index, header] of (cors?.headers ?? []).entries()) judge(header, "exposed", "policies", "cors", "headers", index);
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
      const { addresses, rateLimit } = exposed?.policies ?? {};
      const policies = ["exposed", "policies"];
      const judging = [
        ...(addresses ? [[...policies, "addresses"]] : []),
        ...(rateLimit?.by === "address" ? [[...policies, "rateLimit", "by"]] : []),
        ...(exposed && rules?.affinity === "address" ? [["rules", "affinity"]] : []),
      ];
      return judging.map((path) => ({ service: { namespace, name }, path }));
    }),
  );
}
