import { Html, html } from "./html.ts";

/** Line drawings, in a box of 96 by 96. Whatever has no drawing gets a parcel. */
const drawings: Readonly<Record<string, string>> = {
  cup: '<path d="M22 40h42v18a18 18 0 0 1-18 18h-6a18 18 0 0 1-18-18z" class="fill"/><path d="M64 45h5a9 9 0 0 1 0 18h-6"/><path d="M16 82h54"/><path d="M35 30c-4-5 4-8 0-14M49 30c-4-5 4-8 0-14" class="faint"/>',
  teapot:
    '<path d="M28 44h36c6 6 8 12 8 18 0 9-6 16-14 16H34c-8 0-14-7-14-16 0-6 2-12 8-18z" class="fill"/><path d="M30 44c2-7 9-10 16-10s14 3 16 10"/><circle cx="46" cy="29" r="4"/><path d="M71 56c8 0 8-12 17-13"/><path d="M21 54c-9-4-13 2-12 8s8 8 14 6"/>',
  kettle:
    '<path d="M30 50h32l8 26a4 4 0 0 1-4 5H26a4 4 0 0 1-4-5z" class="fill"/><path d="M32 50c2-5 7-8 14-8s12 3 14 8"/><path d="M46 42v-5"/><path d="M66 64c10-2 6-26 18-28"/><path d="M26 62c-14-2-16-26 2-34 8-3 16-3 22 0"/>',
  grinder:
    '<rect x="26" y="48" width="40" height="32" rx="3" class="fill"/><path d="M34 48c0-8 4-14 12-14s12 6 12 14"/><path d="M46 34V22h22"/><circle cx="71" cy="22" r="4"/><rect x="36" y="60" width="20" height="12" rx="2"/><path d="M44 66h4"/>',
  filter:
    '<path d="M20 30h54L54 60v8H40v-8z" class="fill"/><path d="M74 34c10-2 12 12 0 16"/><path d="M26 68h42"/><path d="M47 74v3M47 82v3" class="faint"/><path d="M32 36l10 18M62 36L52 54" class="faint"/>',
  jug: '<path d="M30 30h34l-4 46a5 5 0 0 1-5 5H37a5 5 0 0 1-5-5l-2-30-8-10z" class="fill"/><path d="M63 40c16-4 18 26-2 26"/><path d="M33 50c8 5 18-4 28 1" class="faint"/>',
};

const parcel =
  '<path d="M20 36l28-14 28 14v30L48 80 20 66z" class="fill"/><path d="M20 36l28 14 28-14M48 50v30"/><path d="M34 29l28 14" class="faint"/>';

/** A drawing by its name. It says nothing that the text beside it does not. */
export function picture(name: string): Html {
  const drawing = Object.hasOwn(drawings, name) ? drawings[name] : undefined;
  return html`<svg viewBox="0 0 96 96" aria-hidden="true" focusable="false">${new Html(drawing ?? parcel)}</svg>`;
}
