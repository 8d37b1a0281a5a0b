import { z } from "zod";
import { durationProblem, retryOnProblem } from "./resilience.ts";

/*
 * The rules that single settings are made of. Each says what it allows, in words that end a sentence which names the key
 * and what was given.
 */

/** Where a rule says what it allows. */
export const allowing = (text: string) => ({ error: text });

/** Refuses a value that its own rule allows and another setting does not. `given` tells a default, which no file says. */
export function refuse(ctx: z.core.$RefinementCtx, path: PropertyKey[], allowed: string, given?: unknown): void {
  ctx.addIssue({ code: "custom", path, message: allowed, params: { given } });
}

/** A mapping that takes these keys and no others. */
export const mapping = <T extends z.ZodRawShape>(shape: T) =>
  z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys" ? Object.keys(shape).join(", ") : `a mapping with ${Object.keys(shape).join(", ")}`,
  });

/** A list in which nothing is twice. */
export const listOf = <T extends z.ZodType>(item: T, what: string, least = 0) =>
  z
    .array(item, allowing(`a list of ${what}`))
    .min(least, allowing(`a list of ${what}, at least ${least}`))
    .superRefine((items, ctx) => {
      const seen = new Set<string>();
      for (const [index, given] of items.entries()) {
        if (seen.has(JSON.stringify(given))) refuse(ctx, [index], "what the list does not have already", given);
        seen.add(JSON.stringify(given));
      }
    });

export const boolean = () => z.boolean(allowing("true or false"));

export const whole = (least: number, most: number) => {
  const allowed = allowing(`a whole number from ${least} to ${most}`);
  return z.int(allowed).min(least, allowed).max(most, allowed);
};

export const oneOf = <const T extends readonly [string, ...string[]]>(...values: T) =>
  z.enum(values, allowing(`one of ${values.join(", ")}`));

export const text = (pattern: RegExp, meaning: string) => z.string(allowing(meaning)).regex(pattern, allowing(meaning));

/** A name in Kubernetes and DNS: `most` leaves room for what is appended to it. */
export const label = (most: number) => {
  const allowed = allowing(
    `lower-case letters, digits and hyphens, beginning with a letter, ending with a letter or digit, at most ${most} long`,
  );
  return z
    .string(allowed)
    .regex(/^[a-z]([a-z0-9-]*[a-z0-9])?$/, allowed)
    .max(most, allowed);
};

/** A text for which a rule of the applications has no answer, which says what is allowed. */
const judged = (problem: (text: string) => string | undefined) =>
  z.string(allowing(problem("") ?? "text")).superRefine((text, ctx) => {
    const allowed = problem(text);
    if (allowed !== undefined) refuse(ctx, [], allowed, text);
  });

/** A name of an object in Kubernetes that may have dots in it. */
export const subdomain = () => {
  const allowed = allowing(
    "lower-case letters, digits, hyphens and dots, beginning and ending with a letter or digit, at most 253 long",
  );
  return z
    .string(allowed)
    .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/, allowed)
    .max(253, allowed);
};

/** A key of annotations or a class: a name, with the domain of whoever reads it in front. */
export const qualifiedName = (what: string) => {
  const allowed = allowing(
    `${what}: at most 63 letters, digits, hyphens, underscores and dots, after a domain and a slash or without`,
  );
  const domain = subdomain();
  return z.string(allowed).refine((given) => {
    const [name = "", prefix, ...rest] = given.split("/").reverse();
    const isName = /^[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?$/.test(name);
    return isName && rest.length === 0 && (prefix === undefined || domain.safeParse(prefix).success);
  }, allowed);
};

/** A duration that everybody who may read it takes: in whole milliseconds, or in whole seconds. */
export const duration = (unit?: "ms" | "s") => judged((text) => durationProblem(text, unit));

/** Envoy's conditions of a retry. */
export const retryOn = () => judged(retryOnProblem);

export const port = () => whole(1, 65_535);

/** The name of an HTTP header. */
export const header = () => {
  const allowed = allowing("the name of a header, in lower case, at most 100 long");
  return z
    .string(allowed)
    .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, allowed)
    .max(100, allowed);
};

/** What a connection itself needs: who wrote something else into one of these, or took it away, would break it. */
export const ofConnections = [
  ...["host", "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"],
  ...["content-length", "content-type", "content-encoding", "expect"],
  ...["sec-websocket-key", "sec-websocket-version", "sec-websocket-protocol", "sec-websocket-extensions"],
];

/** A header that is given a meaning of its own. */
export const ownHeader = () =>
  header().refine((name) => !ofConnections.includes(name), allowing(`a header of its own, none of ${ofConnections.join(", ")}`));

/** The name of a host in the internet. */
export const host = () => {
  const allowed = allowing("the full name of a host in lower case, such as shop.example.com");
  return z
    .string(allowed)
    .regex(/^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/, allowed)
    .max(253, allowed);
};

/** A URL with these schemes, without a password, which a configuration is no place for. */
export const url = (schemes: readonly string[], example: string) => {
  const allowed = allowing(`a URL such as ${example}, without a password`);
  return z.string(allowed).refine((given) => {
    if (!URL.canParse(given)) return false;
    const { protocol, username, password, port } = new URL(given);
    return schemes.includes(protocol.slice(0, -1)) && username === "" && password === "" && port !== "0";
  }, allowed);
};
