/*
 * Values of the program as Lua has them, for what Kong's plugins pre-function and post-function run.
 */

/** A string. */
export function luaString(text: string): string {
  const escaped = text.replace(/[\\"]/g, "\\$&");
  return `"${escaped.replace(/\p{Cc}/gu, (letter) => `\\${`${letter.codePointAt(0)}`.padStart(3, "0")}`)}"`;
}

/** A table that says of each word that it is one of these. */
export function luaSet(words: readonly string[]): string {
  return `{ ${words.map((word) => `[${luaString(word)}] = true`).join(", ")} }`;
}

/** The modules that these functions load; Kong's sandbox allows no others. */
export const luaModules = ["ngx.ssl", "cjson.safe"] as const;
