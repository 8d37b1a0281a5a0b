import { z } from "zod";
import { nameOf } from "./names.ts";
import {
  addIssue,
  boolean,
  duration,
  durationOrNone,
  integer,
  isRegExp,
  judged,
  listOf,
  message,
  ownHeader,
  strictObject,
  text,
} from "./rules.ts";

/*
 * What becomes of requests by what is in them, and what is done with them besides answering.
 */

/**
 * A regular expression that Envoy (RE2) and Istio's own check read as it is meant here: without a look ahead, a reference back, and
 * counts of groups, which RE2 bounds by what they come to in all; and without anchors, as it is compared with the whole.
 */
const expression = (beyond?: { readonly pattern: RegExp; readonly said: string }) => {
  const allowed = message(
    `a regular expression of the whole, of literals, . | * + ? {n} [a-z] ( ) (?: ) and \\d \\w \\s, at most 200 long, no count above 99 or of a group${beyond?.said ?? ""}`,
  );
  return z
    .string(allowed)
    .min(1, allowed)
    .max(200, allowed)
    .refine((given) => isExpression(given) && !partsOf(given).some((part) => beyond?.pattern.test(part)), allowed);
};

const unknownToRe2 = /\\[^dDwWsS\W_]|\\$|\(\?[^:]|\[\^?\]|\[[:.=]|\{\d*,?\d{3}|\)\{|[^\x20-\x7e]/;
/** An anchor; or a class with a range from or to another one, which JavaScript reads otherwise. */
const unwanted = /^[\^$]$|^\[.*(\\[dDwWsS]-(?!\]$)|(?<!^\[\^?)-\\[dDwWsS])/;
/** What would go on into the next cookie. */
const beyondCookie = {
  pattern: /^\.$|^\[\^|\\[WDS]|;/,
  said: ", and none of . [^ \\W \\D \\S ; which would go on into the next cookie",
};

/** Signs, those with a backslash, and classes such as `[a-z]`. */
const partsOf = (given: string) => given.match(/\\.|\[(?:\\.|[^\]\\])*\]|./g) ?? [];

function isExpression(given: string): boolean {
  return !unknownToRe2.test(given) && !partsOf(given).some((part) => unwanted.test(part)) && isRegExp(given);
}

/** What a header may be compared with. */
export const plain = () =>
  text(
    /^[\x21-\x7e]([\x20-\x7e]{0,198}[\x21-\x7e])?$/,
    "text of the signs that keyboards have, without a space at either end, at most 200",
  );
/** Of a cookie, and of a parameter, which is compared as it stands in the URL. */
const cookieValue = () =>
  text(/^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]{1,200}$/, 'text without spaces and " , ; \\, at most 200 long');
const parameterValue = () =>
  text(/^[\w.~+%-]{1,200}$/, "text as it stands in a URL: letters, digits, . _ ~ - + and what is encoded, such as %20");

/** Exactly a text, what begins with one, or a regular expression of the whole. */
const textMatch = (value: () => z.ZodString, beyond?: Parameters<typeof expression>[0]) =>
  z.union(
    [value(), strictObject({ prefix: value() }), strictObject({ regex: expression(beyond) })],
    message("text, or a mapping with prefix or regex"),
  );
export type TextMatch = string | { readonly prefix: string } | { readonly regex: string };

const cookieName = () => text(/^[\w.-]{1,100}$/, "the name of a cookie: letters, digits and . _ - alone");
const parameterName = () => text(/^[\w.~-]{1,100}$/, "the name of a parameter: letters, digits and . _ ~ - alone");

/** What a request has; all of it together. */
const requestShape = {
  headers: z.record(ownHeader(), textMatch(plain), message("a mapping of headers to text")).exactOptional(),
  /** One cookie, by its name. Of HTTP alone, as `query`. */
  cookie: z.record(cookieName(), textMatch(cookieValue, beyondCookie), message("a mapping of a cookie to text")).exactOptional(),
  /** Parameters of the query, by their names, as they stand in the URL. */
  query: z.record(parameterName(), textMatch(parameterValue), message("a mapping of parameters to text")).exactOptional(),
} as const;

function requireRequest({ headers, cookie, query }: RequestMatch, ctx: z.core.$RefinementCtx): void {
  if (Object.keys({ ...headers, ...cookie, ...query }).length === 0) addIssue(ctx, [], "headers, cookie or query, at least one");
  if (cookie && Object.keys(cookie).length > 1) addIssue(ctx, ["cookie"], "one cookie");
  if (cookie && headers && Object.hasOwn(headers, "cookie"))
    addIssue(ctx, ["headers", "cookie"], "nothing beside cookie, which is compared with the same header");
}

export interface RequestMatch {
  readonly headers?: Readonly<Record<string, TextMatch>>;
  readonly cookie?: Readonly<Record<string, TextMatch>>;
  readonly query?: Readonly<Record<string, TextMatch>>;
}

const versionName = () => z.string(message("the name of one of the versions"));
const percent = () => integer(1, 100).default(100);

/** Who stays with a pod: whoever sends a cookie, which is given to whoever has none, or a header; or comes from one address. */
const affinity = z.union(
  [
    z.literal("address"),
    strictObject({
      cookie: cookieName(),
      /** How long a browser keeps it. @default none: until it is closed */
      ttl: durationOrNone().default("none"),
    }),
    strictObject({ header: ownHeader() }),
  ],
  message("address, or a mapping with cookie (and ttl) or header"),
);
export type Affinity = z.output<typeof affinity>;

/** A copy of requests for another version, whose answers nobody waits for. */
const mirror = strictObject({
  version: versionName(),
  /** Share of the requests that are copied. */
  percent: percent(),
  /** Whether requests are copied too that must not be made twice: POST and PATCH, and calls of gRPC that are not `idempotent`. @default false */
  notIdempotent: boolean().exactOptional(),
});
export type Mirror = z.output<typeof mirror>;

const moment = () =>
  judged((given) => {
    const isMoment = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?Z)?$/.test(given) && Number.isFinite(Date.parse(given));
    const isSame = isMoment && new Date(given).toISOString().startsWith(given.slice(0, 10));
    return isSame
      ? undefined
      : 'a day such as "2027-01-31", with which it ends, or a moment such as "2027-01-31T12:00Z", in quotes';
  });

/** A fault that proxies of callers make, to see what comes of it: a late answer, a failure, or both. */
const fault = strictObject({
  /** By how much answers are late. @default not at all */
  delay: duration().exactOptional(),
  /** Status of the failure. @default none */
  abort: integer(400, 599).exactOptional(),
  /** Share of the requests that have it; with both, each is drawn for by itself. */
  percent: percent(),
  /** Which requests have it. @default all */
  when: strictObject(requestShape).superRefine(requireRequest).exactOptional(),
  /** When it ends: the first `make up` after that leaves it out. */
  until: moment(),
}).superRefine(({ delay, abort }, ctx) => {
  if (delay === undefined && abort === undefined) addIssue(ctx, [], "delay, abort or both");
});
export type Fault = z.output<typeof fault>;

/**
 * @example
 * { match: [{ headers: { "end-user": "jason" }, version: "v2" }], affinity: { cookie: "session" } }
 */
export const requestRules = strictObject({
  /** Requests that go to a version, whatever the weights; the first that fits, before the canary. @default none */
  match: listOf(strictObject({ ...requestShape, version: versionName() }).superRefine(requireRequest), "matches").default([]),
  /** Within a version, in place of `resilience.balancing`. @default none */
  affinity: affinity.exactOptional(),
  mirror: mirror.exactOptional(),
  fault: fault.exactOptional(),
});
export type RequestRules = z.output<typeof requestRules>;

/** When a fault has ended, in milliseconds since 1970: a day ends with it. */
export function endOf({ until }: Pick<Fault, "until">): number {
  const day = until.length === "2027-01-31".length;
  return Date.parse(until) + (day ? 24 * 60 * 60_000 : 0);
}

/** A fault that was deployed. */
export interface DeployedFault {
  /** `namespace/name` of the service. */
  readonly service: string;
  readonly until: string;
}

/** The faults of services of applications. */
export function faultsOf(
  applications: readonly {
    readonly namespace: string;
    readonly services: readonly { readonly name: string; readonly rules?: RequestRules }[];
  }[],
): DeployedFault[] {
  return applications.flatMap(({ namespace, services }) =>
    services.flatMap(({ name, rules }) =>
      rules?.fault ? [{ service: nameOf({ namespace, name }), until: rules.fault.until }] : [],
    ),
  );
}

/** What is wrong at a place, as what is allowed there. */
type Refusal = [path: PropertyKey[], allowed: string];

/** What a service is said to do with requests that it could not do, by its versions, what its ports speak, and its canary. */
export function requestProblems(
  { match, affinity, mirror, fault }: RequestRules,
  versions: readonly string[],
  speaks: { readonly requests: boolean; readonly http: boolean; readonly repeatable: boolean },
  canary?: { readonly header: string; readonly value: string },
): Refusal[] {
  const ofRequests = { match: match.length > 0, mirror, fault, affinity: affinity !== "address" && affinity };
  if (!speaks.requests) {
    const none = "nothing where no port has protocol http, http2 or grpc: connections have no headers";
    return Object.entries(ofRequests).flatMap(([option, given]): Refusal[] => (given ? [[[option], none]] : []));
  }
  const compared = [...match, ...(canary ? [{ headers: { [canary.header]: canary.value } }] : [])];
  const refusals = comparedTwice(fault?.when ?? {}, compared);
  const refuse = (allowed: string, ...path: PropertyKey[]) => refusals.push([path, allowed]);

  const known = `one of the versions ${versions.join(", ")}`;
  for (const [index, { version }] of match.entries()) if (!versions.includes(version)) refuse(known, "match", index, "version");
  if (mirror && versions.length === 1) refuse("another version, of which there is none", "mirror", "version");
  else if (mirror && !versions.includes(mirror.version)) refuse(known, "mirror", "version");
  if (mirror && !speaks.repeatable && !mirror.notIdempotent)
    refuse("true, as no port of gRPC says that its calls are idempotent", "mirror", "notIdempotent");

  if (speaks.http) return refusals;
  const noQuery = "nothing where no port has protocol http or http2: gRPC has headers alone";
  for (const key of ["cookie", "query"] as const) {
    for (const [index, one] of match.entries()) if (one[key]) refuse(noQuery, "match", index, key);
    if (fault?.when?.[key]) refuse(noQuery, "fault", "when", key);
  }
  if (typeof affinity === "object" && "cookie" in affinity) refuse(noQuery, "affinity", "cookie");
  return refusals;
}

/** A proxy compares a header, the cookie or a parameter once for each rule, and the rule of a fault is that of a match as well. */
function comparedTwice(when: RequestMatch, compared: readonly RequestMatch[]): Refusal[] {
  const differs = (kind: keyof RequestMatch, name: string, value: TextMatch) =>
    compared.some((other) => {
      const theirs = other[kind] ?? {};
      if (kind === "cookie" && Object.hasOwn(other.headers ?? {}, "cookie")) return true;
      if (kind === "headers" && name === "cookie" && other.cookie) return true;
      if (kind === "cookie") return Object.keys(theirs).length > 0 && JSON.stringify(theirs) !== JSON.stringify(when.cookie);
      return Object.hasOwn(theirs, name) && JSON.stringify(theirs[name]) !== JSON.stringify(value);
    });
  return (["headers", "cookie", "query"] as const).flatMap((kind) =>
    Object.entries(when[kind] ?? {}).flatMap(([name, value]): Refusal[] =>
      differs(kind, name, value)
        ? [[["fault", "when", kind, name], "what rules.match and the canary do not compare with something else"]]
        : [],
    ),
  );
}
