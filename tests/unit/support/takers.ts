import type { HeaderMatcher, Region } from "../../../components/gateway/istio/regions.ts";
import type { IngressPath } from "../../../components/gateway/kong/paths.ts";
import { at, type Recording } from "../../lib/mocks.ts";
import { types } from "./kong.ts";

/*
 * Whose a request is, as gateways read what is registered for them.
 */

export interface Request {
  readonly path: string;
  /** @default GET */
  readonly method?: string;
  /** @default some.where */
  readonly host?: string;
}

/** A request as Istio's gateway gets it. */
export interface IstioRequest extends Request {
  /** The port of the Gateway. @default HTTPS */
  readonly port?: 80 | 443;
  /** @default ns/door */
  readonly gateway?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Match {
  readonly uri: { readonly exact?: string; readonly prefix?: string };
  readonly gateways?: readonly string[];
  readonly port?: number;
  readonly headers?: Readonly<Record<string, { readonly exact?: string; readonly regex?: string }>>;
}

export interface Rule {
  readonly name: string;
  readonly match: readonly Match[];
  readonly delegate?: { readonly name: string; readonly namespace: string };
  readonly redirect?: object;
}

export interface Table {
  readonly hosts: readonly string[];
  readonly gateways: readonly string[];
  readonly http: readonly Rule[];
}

/** The rule that decides, as Envoy finds it: of all tables on a port that of the longest host that fits, and of that the first one. */
export function istioTaker(tables: readonly Table[], request: IstioRequest): string | undefined {
  const { path, method = "GET", host = "some.where", port = 443, gateway = "ns/door" } = request;
  const headers: IstioRequest["headers"] = { ...request.headers, ":method": method };
  const fits = ({ exact, regex = "" }: { exact?: string; regex?: string }, text = "") =>
    exact === undefined ? new RegExp(`^(?:${regex})$`).test(text) : exact === text;
  const isOnPort = (match: Match) => (match.port ?? port) === port && (match.gateways ?? [gateway]).includes(gateway);
  const listening = tables.filter(
    ({ gateways, http }) => gateways.includes(gateway) && http.some((rule) => rule.match.some(isOnPort)),
  );
  const patterns = listening.flatMap((table) => table.hosts.map((pattern) => ({ pattern, table })));
  const [best] = patterns
    .filter(({ pattern }) => pattern === host || (pattern.startsWith("*") && host.endsWith(pattern.slice(1))))
    .toSorted(
      (a, b) => Number(a.pattern.startsWith("*")) - Number(b.pattern.startsWith("*")) || b.pattern.length - a.pattern.length,
    );
  const takes = (match: Match) =>
    isOnPort(match) &&
    (match.uri.exact === path || (match.uri.prefix !== undefined && path.startsWith(match.uri.prefix))) &&
    Object.entries(match.headers ?? {}).every(([name, text]) => fits(text, headers?.[name]));
  return best?.table.http.find(({ match }) => match.some(takes))?.name;
}

/** Whether a request is of a region, as Envoy reads it: a regular expression is that of the whole. */
export function holds(region: Region, { path, method = "GET", host = "some.where" }: Request): boolean {
  const sent: Record<string, string> = { ":path": path, ":method": method, ":authority": host };
  return region.every(({ name, string_match, invert_match }: HeaderMatcher) => {
    const { regex } = string_match.safe_regex;
    // JavaScript has no flags for a part of an expression.
    const [, letters, rest = ""] = /^\(\?i:(.*)\)(\(:\[0-9\]\+\)\?)$/.exec(regex) ?? [];
    const whole = letters === undefined ? new RegExp(`^(?:${regex})$`) : new RegExp(`^(?:${letters})${rest}$`, "i");
    return whole.test(sent[name] ?? "") !== (invert_match ?? false);
  });
}

/** A request as Kong gets it. */
export interface KongRequest extends Request {
  /** @default https */
  readonly scheme?: "http" | "https";
}

/**
 * The Ingress that decides, as Kong orders its routes: those first that ask for more, of these those with a whole host, then those with a
 * regular expression, then those with a longer path.
 */
export function kongTaker(
  { all }: Recording,
  { path, method = "GET", host = "some.where", scheme = "https" }: KongRequest,
): string | undefined {
  const routes = all(types.ingress).flatMap(({ inputs }) => {
    const { name, annotations = {} } = at<{ name: string; annotations?: Record<string, string> }>(inputs, "metadata");
    const methods = annotations["konghq.com/methods"]?.split(",");
    const protocols = annotations["konghq.com/protocols"]?.split(",") ?? [];
    if (!protocols.includes(scheme) || (methods && !methods.includes(method))) return [];
    const rules = at<{ host?: string; http: { paths: readonly IngressPath[] } }[]>(inputs, "spec.rules");
    return rules.flatMap((rule) => {
      const isWhole = rule.host === host;
      if (rule.host !== undefined && !isWhole && !(rule.host.startsWith("*") && host.endsWith(rule.host.slice(1)))) return [];
      const asked = [methods, rule.host].filter((one) => one !== undefined).length;
      return rule.http.paths.flatMap(patternsOf).flatMap(({ text, regex }) => {
        const isMeant = regex ? new RegExp(`^${text}`).test(path) : path.startsWith(text);
        return isMeant ? [{ name, rank: [asked, Number(isWhole), Number(regex), text.length] }] : [];
      });
    });
  });
  const before = (a: readonly number[], b: readonly number[]) => {
    const index = a.findIndex((one, at) => one !== b[at]);
    return (b[index] ?? 0) - (a[index] ?? 0);
  };
  return routes.toSorted((a, b) => before(a.rank, b.rank))[0]?.name;
}

/** What Kong's controller makes of a path: of a prefix what is below it, and an expression for itself. */
function patternsOf({ path, pathType }: IngressPath): { readonly text: string; readonly regex: boolean }[] {
  if (path.startsWith("/~")) return [{ text: path.slice(2), regex: true }];
  if (pathType === "ImplementationSpecific" || path === "/") return [{ text: path, regex: false }];
  return [
    { text: `${path}/`, regex: false },
    { text: `${path}$`, regex: true },
  ];
}
