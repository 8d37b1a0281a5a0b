/*
 * HTML as values: whatever is put into a piece of it is text and is escaped, unless it is a piece itself.
 */

/** A piece of HTML. */
export class Html {
  constructor(readonly text: string) {}

  toString(): string {
    return this.text;
  }
}

/** What may stand in a template: nothing, text, numbers, pieces, and lists of these. */
export type Content = Html | string | number | undefined | false | readonly Content[];

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Text as HTML writes it, in elements and in quoted attributes alike. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

/** Makes a piece of HTML of a template. */
export function html(strings: TemplateStringsArray, ...contents: Content[]): Html {
  return new Html(String.raw({ raw: strings }, ...contents.map(write)));
}

/** HTML that another program wrote. */
export function trusted(text: string): Html {
  return new Html(text);
}

function write(content: Content): string {
  if (content === undefined || content === false) return "";
  if (content instanceof Html) return content.text;
  return isList(content) ? content.map(write).join("") : escaped(String(content));
}

function isList(content: Content): content is readonly Content[] {
  return Array.isArray(content);
}
