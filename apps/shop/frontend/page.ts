import { createHash } from "node:crypto";
import type { Catalogue, Product } from "../../support/catalogue.ts";
import type { Failure, Outcome } from "./backend.ts";
import { Html, html } from "./html.ts";
import { live } from "./live.ts";
import { picture } from "./pictures.ts";
import type { Advice } from "./recommendations.ts";
import { style } from "./style.ts";

/** What a page is made of. */
export interface Shop {
  /** Of the frontend that answers. */
  readonly version: string;
  readonly pod: string;
  readonly outcome: Outcome;
  /** The number of the product that advice is about. */
  readonly shown: number;
  readonly advice: Advice;
}

const hash = (text: string) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/** Nothing but what is in the page itself, word for word, and requests to where it came from. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  `style-src ${hash(style)}`,
  `script-src ${hash(live)}`,
  "img-src data:",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** Where the product service answers, through whichever gateway the page came. */
const productPath = "/api/products";
/** Where the backend tells who has the page open. */
const eventsPath = "/api/events";

/** The page: products, or why there are none; who answered; and the experiment. */
export function shopPage(shop: Shop): string {
  const { outcome } = shop;
  const catalogue = "catalogue" in outcome ? outcome.catalogue : undefined;
  const failure = "failure" in outcome ? outcome.failure : undefined;
  return document(
    "Meshwork, a shop",
    html`<section class="intro" aria-labelledby="title">
<h1 id="title">Things for coffee and tea</h1>
<p>A small shop on a service mesh. This page comes from the frontend, its products from the backend, and theirs from a database; what goes
well with them comes over gRPC. Below it says who exactly answered.</p>
</section>
${failure ? failed(failure) : products(catalogue?.products ?? [])}
${catalogue ? recommended(catalogue.products, shop) : undefined}
${answered(shop)}
<p id="watching" class="note" data-path="${eventsPath}" role="status" hidden></p>
${experiment}`,
    live,
  );
}

/** The page for every path that is not there. */
export function notFoundPage(path: string): string {
  return document(
    "Not found",
    html`<section class="intro" aria-labelledby="title">
<h1 id="title">Nothing here</h1>
<p>There is no page at <code>${path}</code>. <a href="/">Back to the shop</a></p>
</section>`,
  );
}

function products(list: readonly Product[]): Html {
  return html`<section id="products" aria-labelledby="products-title">
<div class="head"><h2 id="products-title">Products</h2><p>${list.length === 0 ? "The shelves are empty." : `${list.length} on the shelf`}</p></div>
<ul class="products">
${list.map(
  ({ name, description, price, picture: drawing }) => html`<li class="product"><div class="picture">${picture(drawing)}</div>
<div><h3>${name}</h3><span class="price">${money.format(price)}</span><p>${description}</p></div></li>
`,
)}</ul>
</section>`;
}

const money = new Intl.NumberFormat("en-IE", { style: "currency", currency: "EUR" });

function failed({ status, reason }: Failure): Html {
  const what = status === undefined ? "The backend does not answer" : `The backend answered ${status}`;
  return html`<section id="products" aria-labelledby="products-title">
<div class="head"><h2 id="products-title">Products</h2></div>
<div class="alert" role="alert"><h3>${what}</h3>
<p>It said: <code>${reason}</code></p>
<p>The shop itself is fine and comes back with its products as soon as the backend does. <a href="/">Try again</a></p></div>
</section>`;
}

/** What goes well with one of the products; the page is whole without it. */
function recommended(list: readonly Product[], { shown, advice }: Shop): Html {
  const nameOf = (number: number) => list.find(({ id }) => id === number)?.name;
  const names = "recommended" in advice ? advice.recommended.products.flatMap((number) => nameOf(number) ?? []) : [];
  return html`<section id="recommended" aria-labelledby="recommended-title">
<div class="head"><h2 id="recommended-title">Goes well with the ${nameOf(shown) ?? "rest"}</h2></div>
<p>${"missing" in advice ? html`Nobody says so at the moment: <code>${advice.missing}</code>` : names.join(", ")}</p>
</section>`;
}

function answered({ version, pod, outcome, advice }: Shop): Html {
  const hops =
    "catalogue" in outcome
      ? behind(outcome.catalogue)
      : html`<li class="hop gone"><h3>Backend <span class="badge">${outcome.failure.status ?? "no answer"}</span></h3>
<code>${outcome.failure.reason}</code></li>`;
  return html`<section id="answered" aria-labelledby="answered-title">
<div class="head"><h2 id="answered-title">Who answered</h2><p>the backend, within ${outcome.ms} ms</p></div>
<ol class="hops">
<li class="hop"><h3>Frontend <span class="badge">${version}</span></h3><code>${pod}</code></li>
${hops}
${adviser(advice)}
</ol>
</section>`;
}

function behind({ version, pod, database }: Catalogue): Html {
  return html`<li class="hop"><h3>Backend <span class="badge">${version}</span></h3><code>${pod}</code></li>
<li class="hop"><h3>PostgreSQL <span class="badge">${database.version}</span></h3><code>${database.name}</code></li>`;
}

function adviser(advice: Advice): Html {
  if ("missing" in advice)
    return html`<li class="hop apart gone"><h3>Recommendations <span class="badge">no answer</span></h3></li>`;
  const { version, pod } = advice.recommended;
  return html`<li class="hop apart"><h3>Recommendations <span class="badge">${version}</span></h3><code>${pod}</code></li>`;
}

const experiment = html`<section id="canary-section" aria-labelledby="canary-title">
<div class="head"><h2 id="canary-title">Watch the canary</h2><p>Which version of the product service answers?</p></div>
<div class="experiment">
<form id="experiment" data-path="${productPath}" hidden>
<label>Requests of each kind
<select name="count"><option>20</option><option selected>50</option><option>100</option><option>200</option></select></label>
<button>Ask ${productPath}</button>
</form>
<noscript><p>Without JavaScript, ask in a terminal, from where this page came:
<code>curl …${productPath}</code>, as often as you like, and then with <code>-H 'x-canary: true'</code>.</p></noscript>
<div class="results" id="results" hidden>
<div><h3>As everybody asks</h3><ul class="bars" id="without"><li>Not asked yet</li></ul></div>
<div><h3>With <code>x-canary: true</code></h3><ul class="bars" id="canary"><li>Not asked yet</li></ul></div>
</div>
<p id="state" class="note" role="status"></p>
<p class="note">Requests are split between the versions by weight. The header goes before the weights: whoever sends it always
gets the new version, so that it can be tried before anybody else sees it.</p>
</div>
</section>`;

/** Four nodes of a mesh and what connects them. */
const mark = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" aria-hidden="true"><path d="M7 7h18v18H7zM7 25L25 7" fill="none" stroke="#4aa58d" stroke-width="2.2"/><g fill="#0d8066"><circle cx="7" cy="7" r="5"/><circle cx="25" cy="7" r="5"/><circle cx="7" cy="25" r="5"/><circle cx="25" cy="25" r="5" fill="#d0692f"/></g></svg>`;
const icon = `data:image/svg+xml,${encodeURIComponent(mark)}`;

function document(title: string, content: Html, script?: string): string {
  return html`${new Html("<!doctype html>")}
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="${icon}">
<style>${new Html(style)}</style>
</head>
<body>
<a class="skip" href="#content">To the content</a>
<header class="top"><div class="wide"><div class="brand">${new Html(mark)}<span>Meshwork</span></div>
<nav aria-label="Page"><a href="/#products">Products</a><a href="/#answered">Who answered</a><a href="/#canary-section">Canary</a></nav></div></header>
<main id="content" class="wide">
${content}
</main>
<footer><div class="wide"><span>See what happens when</span> <a href="/?backend-status=503">the backend fails</a>
<a href="/?backend-delay=3000">the backend is slow</a> <a href="/">all is well</a></div></footer>
${script === undefined ? undefined : html`<script>${new Html(script)}</script>`}
</body>
</html>
`.text;
}
