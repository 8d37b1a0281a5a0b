import { X509Certificate } from "node:crypto";
import { z } from "zod";
import { cidr } from "./addresses.ts";
import { type JsonWebKey, verificationKey } from "./jsonWebKey.ts";
import { isOrigin } from "./origins.ts";
import {
  addIssue,
  boolean,
  duration,
  header,
  integer,
  isRegExp,
  label,
  listOf,
  message,
  method,
  oneOf,
  ownHeader,
  strictObject,
  text,
} from "./rules.ts";

/*
 * What a gateway asks of requests before it lets them in. Whatever is left out is not asked.
 */

/** Beyond the limit requests are answered with 429. Each proxy of a gateway counts for itself. */
const rateLimit = strictObject({
  requests: integer(1, 1_000_000),
  per: oneOf("second", "minute", "hour"),
  /**
   * Who shares one count: all callers, those of one address, or (Kong with API keys alone) one consumer.
   * @default everyone
   */
  by: oneOf("everyone", "address", "consumer").exactOptional(),
});
export type RateLimit = z.output<typeof rateLimit>;

/** What only the private half of a key has, or one that signs as well as it verifies. */
const privateMembers = ["d", "p", "q", "dp", "dq", "qi", "k"];

/** What a key may say of itself besides its numbers; Istio takes no other type for these. */
const described = z.object({
  ...{ kid: z.string().optional(), alg: z.string().optional(), use: z.string().optional() },
  ...{ key_ops: z.array(z.enum(["verify"])).optional(), x5t: z.string().optional(), "x5t#S256": z.string().optional() },
  ...{ x5u: z.url().optional(), x5c: z.array(z.string().refine(isCertificate)).optional() },
});

/** Whether a text is a certificate as RFC 7517 has it: DER in base64. */
function isCertificate(text: string): boolean {
  try {
    return Boolean(new X509Certificate(Buffer.from(text, "base64")));
  } catch {
    return false;
  }
}

const isKey = (given: unknown): given is JsonWebKey => typeof given === "object" && given !== null && "kty" in given;

const jsonWebKey = z.custom<JsonWebKey>(isKey, "a public key as JSON Web Key").superRefine((key, ctx) => {
  if (privateMembers.some((member) => member in key)) return addIssue(ctx, [], "the public half of a key of RSA or EC alone");
  const [wrong] = described.safeParse(key).error?.issues ?? [];
  if (wrong) return addIssue(ctx, wrong.path, `what RFC 7517 has as ${String(wrong.path[0])} of a public key, or nothing`);
  try {
    verificationKey(key);
  } catch (error) {
    addIssue(ctx, [], (error as Error).message);
  }
});

/** A text of a token that is compared as it is: policies of Istio take a star for anything. */
const claim = (name: string) =>
  text(/^[^\s*\p{C}]{1,1024}$/u, `what tokens have as \`${name}\`: text without spaces and stars, at most 1024 long`);

/** Callers must send a JSON Web Token, as `authorization: Bearer …`, that is signed, of this issuer, and has not expired. */
const jwt = strictObject({
  issuer: claim("iss"),
  /** Public keys of the issuer, as JSON Web Keys (RFC 7517). */
  keys: listOf(jsonWebKey, "public keys as JSON Web Keys", { least: 1 }),
  /** Istio's gateway alone. @default any */
  audiences: listOf(claim("aud"), "what tokens may have as `aud`", { least: 1 }).exactOptional(),
});
export type Jwt = z.output<typeof jwt>;

/** By how much the clocks of issuers and gateways may differ, in seconds, at every gateway; it is what Envoy allows by default. */
export const clockSkew = 60;

const origin = () => {
  const allowed = message("an origin such as https://example.com, without a path; https://*.example.com for all below it; or *");
  return z.string(allowed).refine((given) => given === "*" || isOrigin(given), allowed);
};

/** Which pages of other origins may call from a browser. */
const cors = strictObject({
  /** Such as `https://example.com`, or `https://*.example.com` for every host below that one; `*` alone is any. */
  origins: listOf(origin(), "origins", { least: 1 }),
  /** @default GET, HEAD */
  methods: listOf(method(), "methods", { least: 1 }).exactOptional(),
  /** Request headers they may send. @default none beyond the simple ones */
  headers: listOf(header(), "headers").exactOptional(),
  /** Response headers they may read. @default none beyond the simple ones */
  expose: listOf(header(), "headers").exactOptional(),
  /** @default false */
  credentials: boolean().exactOptional(),
  /** How long a browser may remember the answer, such as `10m`. @default 10m */
  maxAge: duration("s").exactOptional(),
}).superRefine(({ origins, credentials }, ctx) => {
  if (credentials && origins.includes("*"))
    addIssue(ctx, ["credentials"], "false with origin *: a browser refuses both together");
  if (origins.length > 1 && origins.includes("*"))
    addIssue(ctx, ["origins"], "* alone, which is every origin, or origins without it");
});

export type Cors = z.output<typeof cors>;

/** What pages may call with, and how long a browser may remember that, unless an option says otherwise. */
export const defaultCors = { methods: ["GET", "HEAD"], maxAge: "10m" } as const;

/** Addresses of callers, in CIDR notation. */
const addresses = strictObject({
  /** Only these. @default all */
  allow: listOf(cidr(), "addresses in CIDR notation", { least: 1 }).exactOptional(),
  /** Never these. @default none */
  deny: listOf(cidr(), "addresses in CIDR notation", { least: 1 }).exactOptional(),
}).refine(({ allow, deny }) => allow || deny, message("allow, deny or both"));

export type Addresses = z.output<typeof addresses>;

/**
 * A regular expression that Kong (PCRE) reads as it is meant here, and takes: without what only one of both knows, such as names of
 * groups, `\\u`, `[]`, references back, and counts beyond 65535.
 */
const regularExpression = () => {
  const allowed = message(
    "a regular expression of literals, . ^ $ | * + ? {n} [a-z] ( ) (?: ) (?= ) (?! ) and \\d \\w \\s \\b, other signs behind a backslash, at most 500 long",
  );
  return z
    .string(allowed)
    .min(1, allowed)
    .max(500, allowed)
    .refine(
      (given) => !/\\[^dDwWsSbB\W_]|\\$|\(\?[^:=!]|\[\^?\]|\[[:.=]|\{\d*,?\d{5}|[^\x20-\x7e]/.test(given) && isRegExp(given),
      allowed,
    );
};

const apiKeys = strictObject({
  /** Names of those who get a key; each key is generated and an output of the stack. */
  consumers: listOf(label(40), "names of those who get a key", { least: 1 }),
  /** @default apikey */
  header: ownHeader().exactOptional(),
});
export type ApiKeys = z.output<typeof apiKeys>;

const bots = strictObject({
  /** Regular expressions of user agents that are let in although they are known robots. */
  allow: listOf(regularExpression(), "regular expressions").exactOptional(),
  /** Regular expressions of user agents that are refused besides the known ones. */
  deny: listOf(regularExpression(), "regular expressions").exactOptional(),
});
export type Bots = z.output<typeof bots>;

export const policies = strictObject({
  rateLimit: rateLimit.exactOptional(),
  jwt: jwt.exactOptional(),
  cors: cors.exactOptional(),
  /** The largest body, in bytes; more is answered with 413. */
  maxBodyBytes: integer(1, 1_000_000_000).exactOptional(),
  addresses: addresses.exactOptional(),
  /** Kong alone: callers must send a key. */
  apiKeys: apiKeys.exactOptional(),
  /** Kong alone: well-known robots are refused, by their `user-agent`. */
  bots: bots.exactOptional(),
}).superRefine(({ rateLimit, apiKeys }, ctx) => {
  if (rateLimit?.by === "consumer" && !apiKeys)
    addIssue(ctx, ["rateLimit", "by"], "consumer only with apiKeys, which tell consumers apart");
});
export type RoutePolicies = z.output<typeof policies>;
