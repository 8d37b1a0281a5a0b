import { z } from "zod";
import { durationProblem } from "./durations.ts";

/*
 * The rules that declarations and settings are made of. Each says what it allows, in words that end a sentence which names the key
 * and what was given.
 */

/** Where a rule says what it allows. */
export const message = (text: string) => ({ error: text });

/** Refuses a value that its own rule allows and another key does not. `given` is a default, which no file says. */
export function addIssue(ctx: z.core.$RefinementCtx, path: PropertyKey[], allowed: string, given?: unknown): void {
  ctx.addIssue({ code: "custom", path, message: allowed, params: { given } });
}

/** A mapping that takes these keys and no others. */
export const strictObject = <T extends z.ZodRawShape>(shape: T) =>
  z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys" ? Object.keys(shape).join(", ") : `a mapping with ${Object.keys(shape).join(", ")}`,
  });

interface ListOptions {
  /** @default 0 */
  readonly least?: number;
  /** What an absent list means, where an empty one is refused as it would mean something else. */
  readonly absent?: string;
  /** The most entries there may be, and what is allowed then. */
  readonly most?: readonly [count: number, allowed: string];
}

/** A list in which nothing is twice. */
export const listOf = <T extends z.ZodType>(item: T, what: string, { least = 0, absent, most }: ListOptions = {}) => {
  const tooFew =
    absent === undefined ? `a list of ${what}, at least ${least}` : `at least one, or none at all, which means ${absent}`;
  const list = z.array(item, message(`a list of ${what}`)).min(absent === undefined ? least : 1, message(tooFew));
  const bounded = most ? list.max(most[0], message(most[1])) : list;
  return bounded
    .superRefine((items, ctx) => {
      const seen = new Set<string>();
      for (const [index, given] of items.entries()) {
        if (seen.has(JSON.stringify(given))) addIssue(ctx, [index], "what the list does not have already", given);
        seen.add(JSON.stringify(given));
      }
    })
    .readonly();
};

/** A mapping of names to values of one kind. */
export const byName = <T extends z.ZodType>(value: T, what: string, name: z.ZodString = z.string()) =>
  z.record(name, value, message(`a mapping of names to ${what}`));

export const boolean = () => z.boolean(message("true or false"));

export const integer = (least: number, most: number) => {
  const allowed = message(`a whole number from ${least} to ${most}`);
  return z.int(allowed).min(least, allowed).max(most, allowed);
};

export const oneOf = <const T extends readonly [string, ...string[]]>(...values: T) =>
  z.enum(values, message(`one of ${values.join(", ")}`));

export const text = (pattern: RegExp, meaning: string) => z.string(message(meaning)).regex(pattern, message(meaning));

/** Whether JavaScript takes a text for a regular expression. */
export function isRegExp(given: string): boolean {
  try {
    return Boolean(new RegExp(given));
  } catch {
    return false;
  }
}

/** A name in Kubernetes and DNS: `most` leaves room for what is appended to it. */
export const label = (most: number) => {
  const allowed = message(
    `lower-case letters, digits and hyphens, beginning with a letter, ending with a letter or digit, at most ${most} long`,
  );
  return z
    .string(allowed)
    .regex(/^[a-z]([a-z0-9-]*[a-z0-9])?$/, allowed)
    .max(most, allowed);
};

/** A text for which a function has no answer; its answer says what is allowed. */
export const judged = (problem: (text: string) => string | undefined) =>
  z.string(message(problem("") ?? "text")).superRefine((text, ctx) => {
    const allowed = problem(text);
    if (allowed !== undefined) addIssue(ctx, [], allowed, text);
  });

/** A name of an object in Kubernetes that may have dots in it. */
export const subdomain = () => {
  const allowed = message(
    "lower-case letters, digits, hyphens and dots, beginning and ending with a letter or digit, at most 253 long",
  );
  return z
    .string(allowed)
    .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/, allowed)
    .max(253, allowed);
};

/** A key of annotations or a class: a name, with the domain of whoever reads it in front. */
export const qualifiedName = (what: string) => {
  const allowed = message(
    `${what}: at most 63 letters, digits, hyphens, underscores and dots, after a domain and a slash or without`,
  );
  const domain = subdomain();
  return z.string(allowed).refine((given) => {
    const [name = "", prefix, ...rest] = given.split("/").reverse();
    const isName = /^[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?$/.test(name);
    return isName && rest.length === 0 && (prefix === undefined || domain.safeParse(prefix).success);
  }, allowed);
};

/** A duration that everybody who may read it accepts: in whole milliseconds, or in whole seconds. */
export const duration = (unit?: "ms" | "s") => judged((text) => durationProblem(text, unit));

/** The same, or `none`. */
export const durationOrNone = () =>
  judged((text) => {
    const problem = durationProblem(text);
    return text === "none" || problem === undefined ? undefined : `none, or ${problem}`;
  });

/** What a process is started with, word by word. */
export const argumentList = () => {
  const allowed = message("a list of texts, at least one");
  return z.array(z.string(allowed), allowed).min(1, allowed).readonly();
};

export const port = () => integer(1, 65_535);

/** A method of HTTP. */
export const method = (): z.ZodType<string, string> => oneOf("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS");

const isPath = (given: string) => {
  const segments = given.split("/").slice(1);
  const plain = segments.every((segment) => /^[A-Za-z0-9._-]+$/.test(segment) && !/^\.{1,2}$/.test(segment));
  return given === "/" || (given.startsWith("/") && plain);
};

/**
 * A path that means the same to everybody who reads it: gateways, proxies and policies each have characters that stand for
 * something else, and encoded ones are decoded on the way.
 */
export const path = () => {
  const allowed = message(
    "/ or a path such as /api/products: a slash before each part, none at the end, parts of letters, digits and . _ - alone",
  );
  return z.string(allowed).refine(isPath, allowed);
};

/** A path with `{version}` in it once. */
export const versionedPath = () => {
  const allowed = message("a path such as /api/{version}/products, with {version} in it once");
  const isVersioned = (given: string) => given.split("{version}").length === 2 && isPath(given.replace("{version}", "v"));
  return z.string(allowed).refine(isVersioned, allowed);
};

/** The name of an HTTP header. */
export const header = () => {
  const allowed = message("the name of a header, in lower case, at most 100 long");
  return z
    .string(allowed)
    .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, allowed)
    .max(100, allowed);
};

/** What a connection itself needs: a client that sets one of these, or a gateway that removes it, would break it. */
export const connectionHeaders = [
  ...["host", "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"],
  ...["content-length", "content-type", "content-encoding", "expect"],
  ...["sec-websocket-key", "sec-websocket-version", "sec-websocket-protocol", "sec-websocket-extensions"],
];

/** A header that is given a meaning of its own. */
export const ownHeader = () =>
  header().refine(
    (name) => !connectionHeaders.includes(name),
    message(`a header of its own, none of ${connectionHeaders.join(", ")}`),
  );

/** The name of a host in the internet. */
export const host = () => {
  const allowed = message("the full name of a host in lower case, such as shop.example.com");
  return z
    .string(allowed)
    .regex(/^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/, allowed)
    .max(253, allowed);
};

/** The name of a host, or `*.` and a name for all hosts right below that. */
export const hostOrBelow = () => {
  const allowed = message(
    "the full name of a host in lower case, such as shop.example.com, or *.example.com for all right below it",
  );
  const name = host();
  return z.string(allowed).refine((given) => name.safeParse(given.replace(/^\*\./, "")).success, allowed);
};

/** A URL with these schemes, without a password, which a configuration is no place for. */
export const url = (schemes: readonly string[], example: string) => {
  const allowed = message(`a URL such as ${example}, without a password`);
  return z.string(allowed).refine((given) => {
    if (!URL.canParse(given)) return false;
    const { protocol, username, password, port } = new URL(given);
    return schemes.includes(protocol.slice(0, -1)) && username === "" && password === "" && port !== "0";
  }, allowed);
};
