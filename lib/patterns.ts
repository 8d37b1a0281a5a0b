/** The text itself as a regular expression, for JavaScript, RE2 and PCRE. */
export function literally(text: string): string {
  return text.replace(/[.+*?()[\]{}|^$\\]/g, "\\$&");
}
