import * as pulumi from "@pulumi/pulumi";
import type { GatewayTls, TrustedProxies } from "../../../model/gatewaySettings.ts";
import type { Route } from "../../../model/route.ts";
import { tablesOf } from "../../../model/routeTable.ts";
import { customResource } from "../../support/customResource.ts";
import { envoyFilter, extension, inFront, type Patch } from "../../support/envoyFilter.ts";
import { requireSupported } from "../requireSupported.ts";
import { denyPolicy, markPatch, type Place, policiesName } from "./denyPolicy.ts";
import { istioFacts } from "./facts.ts";
import { forwardedHeaderFilter } from "./forwardedHeaderFilter.ts";
import { limitFilters } from "./limitFilters.ts";
import { requestAuthentication } from "./requestAuthentication.ts";

export interface IstioPoliciesArgs extends Place {
  /** All there are: a policy of one ends where another begins. Those that are not for this gateway have none here. */
  readonly routes: readonly Route[];
  readonly tls: GatewayTls;
  /** Headers that no caller from outside may send, besides `callerHeaders`, and written as those are. @default none */
  readonly stripHeaders?: readonly string[];
  /** The proxies in front, which are believed. @default none, and anybody may connect */
  readonly trustedProxies?: TrustedProxies | undefined;
}

/**
 * The policies of each route, which Istio's gateway applies before it lets a request in; CORS is answered by the services' own rules
 * (see `corsPolicy`). What this gateway does not support is refused. Whatever it lets in, it says itself what
 * only a proxy may say of a request. All of it but CORS is two objects, which are always there: an EnvoyFilter, and an
 * AuthorizationPolicy that refuses everybody while the EnvoyFilter is missing.
 *
 * - `rateLimit`: 429 beyond it, told in `x-ratelimit-…` headers. Each proxy counts for itself, HTTP and HTTPS apart, and begins
 *   anew when it starts. What is allowed comes back evenly over the time, not all at once at its end.
 * - `jwt`: 401 without a token or with one that does not hold, that has no end (`exp`) or has ended, or whose time has not come
 *   (`nbf`), give or take a minute; 403 with one for another audience. Tokens are read from `authorization: Bearer …` alone, and
 *   only at the paths of routes with this policy.
 * - `maxBodyBytes`: 413 beyond it, counted as the body passes: the service sees the beginning of one that is cut off.
 * - `addresses`: 403. The address is that of the connection: behind a node port it is a node's, behind a load balancer the
 *   caller's where that is set to keep it.
 *
 * @throws Error naming every policy that Istio's gateway cannot hold.
 */
export class IstioPolicies extends pulumi.ComponentResource {
  constructor(
    name: string,
    { routes, tls, stripHeaders = [], trustedProxies, ...place }: IstioPoliciesArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    const offered = routes.filter(({ gateways }) => gateways.includes(istioFacts.name));
    requireSupported(istioFacts, offered);
    super("mesh:gateway:IstioPolicies", name, {}, opts);

    const { namespace, selector } = place;
    const tables = tablesOf(offered, tls);
    // Filters come to be in front of those before them: forged headers go first, then pages are answered, then tokens are read.
    const inFront = [
      requestAuthentication(offered, tables),
      corsPatches(offered),
      forwardedHeaderFilter(stripHeaders, trustedProxies?.count),
      [markPatch()],
    ];
    const patches = [...inFront, limitFilters(offered, tables)].flat();
    const filters = customResource(name, envoyFilter({ name: policiesName, namespace }, patches, selector), { parent: this });
    customResource(`${name}-refusals`, denyPolicy(trustedProxies?.addresses ?? [], place), {
      parent: this,
      dependsOn: filters,
    });

    this.registerOutputs();
  }
}

/**
 * Asks for CORS before anything that may refuse a request, so that a page is told why: Istio asks for it last. It is answered by
 * what the rule of a route says.
 */
function corsPatches(routes: readonly Route[]): Patch[] {
  if (!routes.some(({ policies }) => policies.cors)) return [];
  // Under this name a route's own settings are found. Istio's filter stays where it is: asked again, it says the same.
  return [inFront("envoy.filters.http.cors", extension("filters.http.cors.v3.Cors"))];
}
