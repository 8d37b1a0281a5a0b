import type { IVirtualService } from "@kubernetes-models/istio/networking.istio.io/v1";
import type { GatewayTls } from "../../../model/gatewaySettings.ts";
import { isBelow } from "../../../model/hosts.ts";
import { authorityOf } from "../urls.ts";

type Rules = NonNullable<NonNullable<IVirtualService["spec"]>["http"]>;

/** A host of HTTP, and where requests to it are sent. */
export interface Redirect {
  /** `*` is every host that has no redirect of its own. */
  readonly host: string;
  readonly http: Rules;
}

/**
 * Which hosts are redirected from HTTP to HTTPS: those of TLS to themselves, and where nothing is served in plain every other one
 * to the first of them. The target is written out, as a Gateway's own redirect would repeat whatever host and port the caller sent; of
 * hosts below a name the host is what was asked for.
 *
 * @param port - the one that clients use for HTTPS.
 * @param trustsProxies - whether proxies in front say by `x-forwarded-proto` that a caller has used HTTPS already.
 */
export function redirectsOf({ hosts, plaintext }: GatewayTls, port: number, trustsProxies: boolean): Redirect[] {
  const to = (target: string) =>
    rules(isBelow(target) ? { port } : { authority: authorityOf("https", target, port) }, trustsProxies);
  const [first = ""] = hosts;
  const others = plaintext ? [] : [{ host: "*", http: to(first) }];
  return [...hosts.map((host) => ({ host, http: to(host) })), ...others];
}

/** GET and HEAD as every client knows it; after 301 many would ask with GET whatever they asked with before. */
function rules(target: { readonly authority: string } | { readonly port: number }, trustsProxies: boolean): Rules {
  const plain = trustsProxies ? { withoutHeaders: usedHttps } : {};
  const redirect = { scheme: "https", ...target };
  return [
    { name: "to-https", match: [{ method: { regex: "GET|HEAD" }, ...plain }], redirect: { ...redirect, redirectCode: 301 } },
    { name: "to-https-as-it-is", ...(trustsProxies && { match: [plain] }), redirect: { ...redirect, redirectCode: 308 } },
  ];
}

/** What proxies in front say of a caller who has used HTTPS: a request that is not redirected. */
export const usedHttps = { "x-forwarded-proto": { exact: "https" } } as const;
