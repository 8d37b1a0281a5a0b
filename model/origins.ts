import { literally } from "../lib/patterns.ts";

/**
 * Whether this is an origin that pages of a browser can have, written as the browser writes it: `https://example.com`, with the port
 * where it is not the scheme's own. `*` in place of the first labels of a host stands for any one or more of them.
 */
export function isOrigin(text: string): boolean {
  const [, scheme = "", host = ""] = /^(https?:\/\/)\*\.([^*]+\.[^*]+)$/.exec(text) ?? [];
  const one = host === "" ? text : `${scheme}any.${host}`;
  return !one.includes("*") && /^https?:/.test(one) && URL.canParse(one) && new URL(one).origin === one;
}

/** Whether it stands for more than one origin. */
export const isPattern = (origin: string) => origin.includes("*.");

/** A regular expression, for RE2 as for PCRE, of the origins that one of a configuration stands for; anchored at both ends. */
export function originPattern(origin: string): string {
  return `^${literally(origin).replace("\\*\\.", "([a-z0-9_-]+\\.)+")}$`;
}
