import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { type Html, html, trusted } from "../html.ts";

/*
 * How every chart of the report is drawn: Observable Plot on a document that no browser has, its colours left to the
 * page's style sheet, so that one drawing serves light, dark and paper.
 */

const { document } = parseHTML("<!doctype html><html><body></body></html>");

/** Widths in pixels at which charts are drawn: for a page, for a telephone, and for two or three beside each other. */
const widths = { wide: 840, narrow: 350, half: 408, third: 264 } as const;

/** Words in a picture, legible where a line crosses them. */
export const ink = { fill: "currentColor", stroke: "var(--page)", strokeWidth: 4 } as const;

/** What tells one kind of value from another, by three means of which colour is only one. */
export interface Series {
  readonly name: string;
  /** A variable of the style sheet. */
  readonly colour: string;
  /** Of lines, as SVG has it. */
  readonly dash: string;
  readonly symbol: "circle" | "square" | "triangle" | "diamond";
}

const looks = [
  { colour: "var(--blue)", dash: "none", symbol: "circle" },
  { colour: "var(--orange)", dash: "7 3", symbol: "square" },
  { colour: "var(--green)", dash: "2 3", symbol: "triangle" },
  { colour: "var(--purple)", dash: "9 3 2 3", symbol: "diamond" },
] as const satisfies readonly Omit<Series, "name">[];

/** The looks of some kinds of values, in their order; a fifth looks as the first does. */
export function seriesOf(names: readonly string[]): Series[] {
  return names.map((name, index) => ({ name, ...(looks[index % looks.length] ?? looks[0]) }));
}

/** What an SVG element can do, as far as it is needed here. */
interface Drawing {
  readonly outerHTML: string;
  readonly tagName: string;
  setAttribute(name: string, value: string): void;
  removeAttribute(name: string): void;
  querySelectorAll(selector: string): Iterable<Drawing>;
  remove(): void;
}

/**
 * Draws a chart.
 *
 * @param label - what somebody hears who does not see it: one sentence.
 */
export function chart(label: string, options: Plot.PlotOptions): Html {
  const defaults = { document, style: { fontSize: "12px" }, marginTop: 26 };
  return asPicture(Plot.plot({ ...defaults, ...options }) as unknown as Drawing, label);
}

/** Takes a picture out of an SVG file. */
export function pictureOf(svg: string, label: string): Html {
  const { document: file } = parseHTML(`<html><body>${svg.slice(svg.indexOf("<svg"))}</body></html>`);
  const drawing = file.querySelector("svg") as unknown as Drawing;
  for (const title of drawing.querySelectorAll("title")) title.remove();
  return asPicture(drawing, label);
}

/** One picture with one name: of its parts nobody hears, and its style is the page's. */
function asPicture(drawing: Drawing, label: string): Html {
  for (const style of drawing.querySelectorAll("style")) style.remove();
  for (const part of drawing.querySelectorAll("*")) {
    for (const name of ["aria-label", "aria-hidden", "aria-description", "id", "xlink:title"]) part.removeAttribute(name);
  }
  for (const name of ["xmlns", "xmlns:xlink", "class"]) drawing.removeAttribute(name);
  drawing.setAttribute("role", "img");
  drawing.setAttribute("aria-label", label);
  return trusted(drawing.outerHTML);
}

/** Pixels that the longest of some names takes, and the gap beside it. */
export function roomFor(names: readonly string[]): number {
  return 16 + 6.8 * Math.max(...names.flatMap((name) => name.split("\n")).map(({ length }) => length));
}

/** A chart drawn twice, for a page and for a telephone; the style sheet shows the one that fits. */
export function forBoth(draw: (width: number) => Html): Html {
  return html`<div class="wide">${draw(widths.wide)}</div><div class="narrow">${draw(widths.narrow)}</div>`;
}

/** Charts with their headings beside each other, two or three in a row; below each other where there is no room. */
export function sideBySide(charts: readonly { readonly title: string; readonly draw: (width: number) => Html }[]): Html {
  const width = charts.length % 3 === 0 ? widths.third : widths.half;
  return html`<div class="beside">${charts.map(({ title, draw }) => html`<div><h4>${title}</h4>${draw(width)}</div>`)}</div>`;
}

/** A line with its marks for each kind of value, and its name. */
export function legend(series: readonly Series[]): Html {
  return html`<ul class="legend">${series.map((one) => html`<li>${sample(one)} ${one.name}</li>`)}</ul>`;
}

/** A patch for each kind of value that fills an area, and its name. */
export function swatches(kinds: readonly { readonly name: string; readonly colour: string }[]): Html {
  return html`<ul class="legend">${kinds.map(({ name, colour }) => html`<li><span class="swatch" style="--colour:${colour}"></span> ${name}</li>`)}</ul>`;
}

function sample({ colour, dash, symbol }: Series): Html {
  const shapes = {
    circle: html`<circle cx="16" cy="6" r="4"/>`,
    square: html`<rect x="12.5" y="2.5" width="7" height="7"/>`,
    triangle: html`<path d="M16,1.5l4.5,8h-9z"/>`,
    diamond: html`<path d="M16,1l4,5l-4,5l-4,-5z"/>`,
  };
  const line = html`<line x1="0" x2="32" y1="6" y2="6" style="stroke:${colour};stroke-width:2;stroke-dasharray:${dash}"/>`;
  return html`<svg width="32" height="12" viewBox="0 0 32 12" aria-hidden="true" style="fill:${colour}">${line}${shapes[symbol]}</svg>`;
}

/** A line over some points, with a mark at each where there are few. */
export function line(points: readonly (readonly [x: number, y: number])[], { colour, dash, symbol }: Series): Plot.Markish {
  const data = points.map(([x, y]) => ({ x, y }));
  const drawn = Plot.line(data, { x: "x", y: "y", stroke: colour, strokeWidth: 2, strokeDasharray: dash });
  return points.length > 12 ? drawn : [drawn, Plot.dot(data, { x: "x", y: "y", symbol, fill: colour, r: 4 })];
}
