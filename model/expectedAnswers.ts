import type { Application } from "./application.ts";
import { exposedMethods } from "./exposed.ts";
import type { GatewayTls } from "./gatewaySettings.ts";
import type { RoutePolicies } from "./policies.ts";
import { routesOf } from "./route.ts";
import { type Table, tablesOf } from "./routeTable.ts";

/** What a gateway asks of requests for one service. */
export interface Offer {
  readonly policies: RoutePolicies;
  /** Methods that gateways may ask for. */
  readonly methods: readonly string[];
  /** The status that sends clients elsewhere. @default none: the service is asked */
  readonly redirect?: number;
}

/** What a stack offers first: the service that `make up` and `make status` ask, and that the output `url` shows. */
export interface Entry extends Offer {
  readonly path: string;
  /** Names of the gateways that offer it. */
  readonly gateways: readonly string[];
}

/**
 * The first exposure of HTTP that answers at its path wherever the stack's URLs lead: at the first host of TLS, and where plain HTTP is
 * served, at any other host; undefined where there is none.
 */
export function entryOf(
  applications: readonly Application[],
  gateways: readonly string[],
  { hosts: [host = ""], plaintext }: GatewayTls,
): Entry | undefined {
  const routes = applications.flatMap((application) => routesOf(application, gateways));
  const first = routes.find((route) => {
    if (route.service.protocol === "grpc") return false;
    const beside = routes.filter((other) => other.gateways.some((gateway) => route.gateways.includes(gateway)));
    const tables = tablesOf(beside, { hosts: [host], plaintext }).filter(({ hosts }) => hosts?.includes(host) ?? true);
    const answers = ({ rows }: Table) => rows.some((row) => row.route === route && row.name === route.delegate.name);
    return tables.every(answers) && tables.some(({ hosts }) => (hosts ? !plaintext : true));
  });
  if (!first) return undefined;
  const { path, policies, methods = exposedMethods, redirect } = first;
  return { path, policies, methods, gateways: first.gateways, ...(redirect && { redirect: redirect.code }) };
}

/** An answer that shows that a route works. */
export interface ExpectedAnswer {
  readonly status: number;
  /** Why it is right, to be read after "as"; undefined for 200. */
  readonly why?: string;
}

/**
 * The answers to a plain GET that show that a gateway, its route and its policies are as declared: 200, or the refusal that a policy
 * of the route gives. A route that lets no such request in is not expected to answer 200.
 */
export function expectedAnswers(offer: Offer | undefined): ExpectedAnswer[] {
  if (!offer) return [{ status: 404, why: "no service of HTTP is exposed wherever the stack's URLs lead" }];
  const { policies, methods, redirect } = offer;
  if (redirect !== undefined) return [{ status: redirect, why: "the route sends clients elsewhere" }];
  const { jwt, apiKeys, addresses, bots, rateLimit } = policies;
  const answers = (statuses: readonly number[], why: string) => statuses.map((status) => ({ status, why }));
  const always = [
    ...(jwt ? answers([401], `the route asks for a token of ${jwt.issuer}`) : []),
    ...(apiKeys ? answers([401], "the route asks for a key") : []),
    ...(methods.includes("GET") ? [] : answers([403, 405], `the route takes ${methods.join(", ")} alone`)),
  ];
  const sometimes = [
    ...(addresses ? answers([403], "the route takes requests of some addresses alone") : []),
    ...(bots ? answers([403], "the route refuses some user agents") : []),
    ...(rateLimit ? answers([429], `the route takes ${rateLimit.requests} requests a ${rateLimit.per}`) : []),
  ];
  return [...(always.length > 0 ? [] : [{ status: 200 }]), ...always, ...sometimes];
}

/** How often a route may be asked in a row without using up its limit. */
export function questionsAllowed(offer: Offer | undefined, most: number): number {
  const rateLimit = offer?.policies.rateLimit;
  return rateLimit ? Math.max(1, Math.min(most, Math.floor(rateLimit.requests / 10))) : most;
}

export interface CurlOptions extends Offer {
  readonly url: string;
  /** Where the gateway is reached, whatever the URL's host leads to. */
  readonly address?: string | undefined;
  /** Whether the stack has an authority that clients do not know by themselves. */
  readonly authority: boolean;
  readonly stack: string;
}

/** The command that asks a route by hand: with the method, the token or key, the address and the authority that it takes. */
export function curlCommand({ url, address, authority, stack, policies, methods }: CurlOptions): string {
  const { protocol, hostname, port } = new URL(url);
  const place = `${hostname}:${port || 443}`;
  const https = protocol === "https:";
  return [
    "curl -i",
    ...(methods.includes("GET") ? [] : [`-X ${methods[0]}`]),
    ...(policies.jwt ? [`-H 'authorization: Bearer <a token of ${policies.jwt.issuer}>'`] : []),
    ...(policies.apiKeys
      ? [`-H '${policies.apiKeys.header ?? "apikey"}: <one of pulumi stack output apiKeys --show-secrets --stack ${stack}>'`]
      : []),
    ...(https && address !== undefined ? [`--connect-to ${place}:${address}:${port || 443}`] : []),
    ...(https && authority ? [`--cacert <(pulumi stack output authority --stack ${stack})`] : []),
    url,
  ].join(" ");
}
