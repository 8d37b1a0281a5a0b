/** The part of Kong's declarative configuration that the tests read. */
export interface KongConfiguration {
  readonly services?: readonly KongService[];
  readonly upstreams?: readonly { readonly name: string; readonly targets?: readonly { readonly target: string }[] }[];
  readonly plugins?: readonly KongPlugin[];
  readonly consumers?: readonly KongConsumer[];
  readonly certificates?: readonly {
    readonly cert: string;
    readonly key: string;
    readonly snis?: readonly { readonly name: string }[];
  }[];
}

export interface KongService {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly protocol: string;
  readonly connect_timeout: number;
  readonly read_timeout: number;
  readonly write_timeout: number;
  readonly retries: number;
  readonly routes?: readonly KongRoute[];
}

export interface KongRoute {
  readonly name: string;
  readonly hosts?: readonly string[];
  readonly paths?: readonly string[];
  readonly methods?: readonly string[];
  readonly request_buffering?: boolean;
  readonly response_buffering?: boolean;
  readonly protocols: readonly string[];
  /** Undefined of gRPC. */
  readonly strip_path?: boolean;
  readonly preserve_host: boolean;
  readonly regex_priority?: number;
  readonly https_redirect_status_code: number;
}

export interface KongPlugin {
  readonly name: string;
  /** Name of the route whose requests it holds for; without one it holds for all. */
  readonly route?: string;
  readonly config: Readonly<Record<string, unknown>>;
}

export interface KongConsumer {
  readonly username?: string;
  readonly custom_id?: string;
  readonly keyauth_credentials?: readonly { readonly key: string }[];
  readonly jwt_secrets?: readonly { readonly key: string; readonly algorithm: string; readonly rsa_public_key?: string }[];
  readonly acls?: readonly { readonly group: string }[];
}

/** A request as far as Kong's routes look at it. */
export interface Asked {
  readonly path: string;
  /** @default one that no route names */
  readonly host?: string;
  /** @default GET */
  readonly method?: string;
}

/** What a request would be answered by: a route, and the service behind it. */
export interface Chosen {
  readonly service: KongService;
  readonly route: KongRoute;
}

/**
 * The route that Kong's `traditional` router would choose, by the rules of its documentation: a route that says more of host, path and method goes
 * before one that says less, a whole host before all below a name, a regular expression before a prefix, a higher priority before a lower
 * one, and a longer path before a shorter one. It is a model of Kong, and proves nothing about Kong itself.
 *
 * @see https://developer.konghq.com/gateway/traditional-router/
 */
export function choose(
  { services = [] }: KongConfiguration,
  { path, host = "localhost", method = "GET" }: Asked,
): Chosen | undefined {
  const matches = services.flatMap((service) =>
    (service.routes ?? [])
      .filter(({ hosts, methods }) => (!hosts || hosts.some((one) => isHost(one, host))) && (methods?.includes(method) ?? true))
      .flatMap((route) =>
        (route.paths ?? []).filter((pattern) => covers(pattern, path)).map((pattern) => ({ service, route, pattern })),
      ),
  );
  const rank = ({ route, pattern }: (typeof matches)[number]) => [
    (route.hosts ? 1 : 0) + (route.methods ? 1 : 0),
    route.hosts?.includes(host) ? 1 : 0,
    pattern.startsWith("~") ? 1 : 0,
    pattern.startsWith("~") ? (route.regex_priority ?? 0) : 0,
    pattern.length,
  ];
  return matches.sort((a, b) => compare(rank(b), rank(a)))[0];
}

const isHost = (pattern: string, host: string) => (pattern.startsWith("*") ? host.endsWith(pattern.slice(1)) : host === pattern);

function covers(pattern: string, path: string): boolean {
  return pattern.startsWith("~") ? new RegExp(`^${pattern.slice(1)}`).test(path) : path.startsWith(pattern);
}

function compare(a: readonly number[], b: readonly number[]): number {
  const first = a.findIndex((value, index) => value !== b[index]);
  return first < 0 ? 0 : (a[first] ?? 0) - (b[first] ?? 0);
}
