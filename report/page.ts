import { readFile } from "node:fs/promises";
import { sum } from "../tests/lib/statistics.ts";
import { moment } from "./format.ts";
import { type Headline, headlines, type LastRecords } from "./headlines.ts";
import { type Html, html, trusted } from "./html.ts";
import type { Recorded, Topic } from "./records.ts";
import { sections, topics } from "./sections/index.ts";
import type { Figure, Row, Section, Table } from "./sections/section.ts";

/** What makes each record, for those that nobody has made yet. */
export const makers: Readonly<Record<Topic, string>> = {
  platform: "make up report",
  matrix: "make wire T=3-matrix",
  revocation: "make wire T=3-revocation",
  canary: "make wire T=3-canary",
  shifting: "make wire T=3-shifting",
  ejection: "make wire T=3-ejection",
  faults: "make wire T=4-",
  baseline: "make bench T=baseline",
  growth: "make bench T=growth",
  program: "make bench T=program",
  start: "make bench T=start",
  timeline: "make up report",
};

/** Nothing is loaded from anywhere, and nothing runs: what the page shows is in it. */
const policy = "default-src 'none'; style-src 'unsafe-inline'";

/** The whole report, in one file that needs no other. */
export async function page(records: LastRecords): Promise<string> {
  const style = await readFile(new URL("style.css", import.meta.url), "utf8");
  const dates = topics.flatMap((topic) => records[topic]?.date ?? []).sort();
  return String(html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>mesh: what was promised, and what was measured</title>
<style>${trusted(style)}</style>
</head>
<body>
<header>
<h1>What the mesh promised, and what was measured</h1>
<p>A service mesh and an API gateway, made by one Pulumi program: this is what real requests through its real proxies saw, and what it costs.
Each picture names the command that makes it again; on a screen, the numbers behind it unfold below.</p>
<p class="dates">${datesOf(records, dates)}</p>
${tiles(headlines(records))}
</header>
<nav aria-label="Contents"><ul>${topics.map((topic) => html`<li><a href="#${topic}">${sections[topic].title}</a></li>`)}</ul></nav>
<main>
${topics.map((topic) => sectionOf(topic, records))}
</main>
<footer><p>Made by <code>make report</code> from the last records of <code>make wire</code> and <code>make bench</code>. Nothing in it is loaded from elsewhere, and nothing runs.</p></footer>
</body>
</html>
`);
}

function datesOf({ platform }: LastRecords, dates: readonly string[]): Html {
  const [first = "", last = ""] = [dates[0], dates.at(-1)];
  const stack = platform && html`Stack <strong>${platform.data.stack}</strong>. `;
  const missing = topics.length - dates.length;
  return html`${stack}Recorded from ${moment(first)} to ${moment(last)}; ${missing === 0 ? "every part is there" : `${missing} of ${topics.length} parts ${missing === 1 ? "is" : "are"} missing`}.`;
}

function tiles(figures: readonly Headline[]): Html {
  return html`<ul class="headlines">${figures.map(({ value, label, kept }) => {
    const verdict =
      kept !== undefined &&
      html` <span class="${kept ? "kept" : "broken"}">${kept ? "✓ as promised" : "✕ not as promised"}</span>`;
    return html`<li><strong>${value}</strong> <span>${label}</span>${verdict}</li>`;
  })}</ul>`;
}

function sectionOf<T extends Topic>(topic: T, records: LastRecords): Html {
  const { title, about, show }: Section<T> = sections[topic];
  // A mapped type over T is not narrowed by T.
  const recorded = records[topic] as Recorded<T> | undefined;
  return html`<section id="${topic}" aria-labelledby="${topic}-title">
<h2 id="${topic}-title">${title}</h2>
<p class="about">${inline(about)}</p>
${recorded ? [show(recorded.data).map((one, index) => figure(one, `${topic}-${index}`)), origin(recorded)] : missing(topic)}
</section>`;
}

function figure({ title, caption, picture, legend, tables }: Figure, id: string): Html {
  return html`<figure aria-labelledby="${id}">
<h3 id="${id}">${title}</h3>
${legend}
${picture}
<figcaption>${inline(caption)}</figcaption>
</figure>
${tables.map(details)}`;
}

function details({ title, columns, rows, groups = [] }: Table): Html {
  const classOf = (index: number) => (columns[index]?.numeric ? "numeric" : "text");
  const lineOf = (cells: Row) => html`<tr>${cells.map((cell, index) => html`<td class="${classOf(index)}">${cell}</td>`)}</tr>\n`;
  const isLong = sum([rows.length, ...groups.map((group) => group.rows.length)]) > 40;
  return html`<details class="${isLong ? "long" : "short"}">
<summary>${title}</summary>
<div class="scroll" tabindex="0" role="group" aria-label="${title}">
<table>
<thead><tr>${columns.map(({ title }, index) => html`<th scope="col" class="${classOf(index)}">${title}</th>`)}</tr></thead>
${rows.length > 0 && html`<tbody>${rows.map(lineOf)}</tbody>`}
${groups.map(
  (group) =>
    html`<tbody><tr><th scope="rowgroup" colspan="${columns.length}">${group.title}</th></tr>${group.rows.map(lineOf)}</tbody>\n`,
)}
</table>
</div>
</details>`;
}

function origin({ date, command }: Recorded<Topic>): Html {
  return html`<p class="origin">Recorded on ${moment(date)}. Again: <code>${command}</code></p>`;
}

function missing(topic: Topic): Html {
  return html`<p class="missing">Nobody has recorded this yet: <code>${makers[topic]}</code> does, and then <code>make report</code>.</p>`;
}

/** Text in which commands stand between backquotes. A number stays beside its unit. */
function inline(text: string): Html {
  const kept = text.replace(/(\d) (ms|s|MB|GB|%)(?!\w)/g, "$1\u00a0$2");
  return html`${kept.split("`").map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part))}`;
}
