import { X509Certificate } from "node:crypto";
import { z } from "zod";
import { cidr } from "../config/addresses.ts";
import { verificationKey } from "./jsonWebKey.ts";
import { isOrigin } from "./origins.ts";
import type { JsonWebKey } from "./route.ts";
import { allowing, boolean, duration, header, label, listOf, mapping, oneOf, ownHeader, refuse, text, whole } from "./rules.ts";

/*
 * What gateways demand of requests for a service: `policies` of mesh:product and of the shop's services, as RoutePolicies.
 */

const rateLimit = mapping({
  requests: whole(1, 1_000_000),
  per: oneOf("second", "minute", "hour"),
  by: oneOf("everyone", "address", "consumer").exactOptional(),
});

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
  if (privateMembers.some((member) => member in key)) return refuse(ctx, [], "the public half of a key of RSA or EC alone");
  const [wrong] = described.safeParse(key).error?.issues ?? [];
  if (wrong) return refuse(ctx, wrong.path, `what RFC 7517 has as ${String(wrong.path[0])} of a public key, or nothing`);
  try {
    verificationKey(key);
  } catch (error) {
    refuse(ctx, [], (error as Error).message);
  }
});

/** A text of a token that is compared as it is: policies of Istio take a star for anything. */
const claim = (name: string) =>
  text(/^[^\s*\p{C}]{1,1024}$/u, `what tokens have as \`${name}\`: text without spaces and stars, at most 1024 long`);

const jwt = mapping({
  issuer: claim("iss"),
  keys: listOf(jsonWebKey, "public keys as JSON Web Keys", 1),
  audiences: listOf(claim("aud"), "what tokens may have as `aud`", 1).exactOptional(),
});

const origin = () => {
  const allowed = allowing("an origin such as https://example.com, without a path; https://*.example.com for all below it; or *");
  return z.string(allowed).refine((given) => given === "*" || isOrigin(given), allowed);
};

/** A method of HTTP that a service may be asked with. */
export const method = oneOf("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS");

const cors = mapping({
  origins: listOf(origin(), "origins", 1),
  methods: listOf(method, "methods", 1).exactOptional(),
  headers: listOf(header(), "headers").exactOptional(),
  expose: listOf(header(), "headers").exactOptional(),
  credentials: boolean().exactOptional(),
  maxAge: duration("s").exactOptional(),
}).superRefine(({ origins, credentials }, ctx) => {
  if (credentials && origins.includes("*")) refuse(ctx, ["credentials"], "false with origin *: a browser refuses both together");
  if (origins.length > 1 && origins.includes("*"))
    refuse(ctx, ["origins"], "* alone, which is every origin, or origins without it");
});

const addresses = mapping({
  allow: listOf(cidr(), "addresses in CIDR notation", 1).exactOptional(),
  deny: listOf(cidr(), "addresses in CIDR notation", 1).exactOptional(),
}).refine(({ allow, deny }) => allow || deny, allowing("allow, deny or both"));

/**
 * A regular expression that Kong (PCRE) reads as it is meant here, and takes: without what only one of both knows, such as names of
 * groups, `\\u`, `[]`, references back, and counts beyond 65535.
 */
const regularExpression = () => {
  const allowed = allowing(
    "a regular expression of literals, . ^ $ | * + ? {n} [a-z] ( ) (?: ) (?= ) (?! ) and \\d \\w \\s \\b, other signs behind a backslash, at most 500 long",
  );
  return z
    .string(allowed)
    .min(1, allowed)
    .max(500, allowed)
    .refine(
      (given) => !/\\[^dDwWsSbB\W_]|\\$|\(\?[^:=!]|\[\^?\]|\[[:.=]|\{\d*,?\d{5}|[^\x20-\x7e]/.test(given) && isExpression(given),
      allowed,
    );
};

function isExpression(given: string): boolean {
  try {
    return Boolean(new RegExp(given));
  } catch {
    return false;
  }
}

const apiKeys = mapping({
  consumers: listOf(label(40), "names of those who get a key", 1),
  header: ownHeader().exactOptional(),
});

const bots = mapping({
  allow: listOf(regularExpression(), "regular expressions").exactOptional(),
  deny: listOf(regularExpression(), "regular expressions").exactOptional(),
});

export const policies = mapping({
  rateLimit: rateLimit.exactOptional(),
  jwt: jwt.exactOptional(),
  cors: cors.exactOptional(),
  maxBodyBytes: whole(1, 1_000_000_000).exactOptional(),
  addresses: addresses.exactOptional(),
  apiKeys: apiKeys.exactOptional(),
  bots: bots.exactOptional(),
}).superRefine(({ rateLimit, apiKeys }, ctx) => {
  if (rateLimit?.by === "consumer" && !apiKeys)
    refuse(ctx, ["rateLimit", "by"], "consumer only with apiKeys, which tell consumers apart");
});
