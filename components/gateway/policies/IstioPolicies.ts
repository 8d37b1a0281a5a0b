import * as pulumi from "@pulumi/pulumi";
import { customResource } from "../../support/customResource.ts";
import { describeConflictingKeys } from "../policyProblems.ts";
import type { Route } from "../route.ts";
import { type Place, proxiesAlone, refusal } from "./access.ts";
import { corsFilter } from "./cors.ts";
import { trustworthyHeaders } from "./headers.ts";
import { istioProblems } from "./istioProblems.ts";
import { limits } from "./limits.ts";
import { tokenFilter } from "./tokens.ts";

export interface IstioPoliciesArgs extends Place {
  /** All there are: a policy of one ends where another begins. Those that are not for this gateway have none here. */
  readonly routes: readonly Route[];
  /** Headers that no caller from outside may send, besides `callerHeaders`, and written as those are. @default none */
  readonly stripHeaders?: readonly string[];
  /** Addresses of the proxies in front, in CIDR notation: who else connects is refused. @default anybody may connect */
  readonly trustedProxies?: readonly string[];
}

/**
 * What Istio's gateway demands of requests before it lets them in, by the policies of each route; CORS is answered by the
 * services' own rules (see `corsPolicy`). What this gateway cannot demand is refused. Whatever it lets in, it says itself what
 * only a proxy may say of a request.
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
    { routes, stripHeaders = [], trustedProxies = [], ...place }: IstioPoliciesArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    const offered = routes.filter(({ gateways }) => gateways.includes("istio"));
    const problems = [...offered.flatMap(istioProblems), ...describeConflictingKeys(offered)];
    if (problems.length > 0) throw new Error(problems.join("\n"));
    super("mesh:gateway:IstioPolicies", name, {}, opts);

    customResource(`${name}-headers`, trustworthyHeaders(place, stripHeaders), { parent: this });
    if (trustedProxies.length > 0) customResource(`${name}-proxies`, proxiesAlone(trustedProxies, place), { parent: this });
    const cors = corsFilter(offered, place);
    if (cors) customResource(`${name}-cors`, cors, { parent: this });
    const tokens = tokenFilter(offered, place);
    const reader = tokens && customResource(`${name}-tokens`, tokens, { parent: this });
    for (const route of offered) {
      const policy = refusal(route, offered, place);
      if (!policy) continue;
      const { service } = route;
      customResource(`${name}-${service.namespace}-${service.name}`, policy, {
        parent: this,
        ...(reader && { dependsOn: reader }),
      });
    }
    const filter = limits(offered, place);
    if (filter) customResource(`${name}-limits`, filter, { parent: this });

    this.registerOutputs();
  }
}
